#!/bin/bash
# other-server-images.sh OUT PACKAGES: makes OUT/redis.tar (lab.test/redis:8) and OUT/valkey.tar (lab.test/valkey:8) from the
# unpacked Debian packages in PACKAGES, with their libraries, and this machine's busybox-static and flock. As in the official
# images, the programs of Valkey have the names of Redis as well, and the user is 999.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1 packages=$2
w=$(mktemp -d)
trap 'rm -rf "$w"' EXIT
chmod 755 "$w"

begin_root() { # begin_root ROOTFS: everything but the server
  local root=$1 folder
  mkdir -p "$root"/{bin,usr/bin,etc,tmp,data,proc,sys,dev}
  chmod 1777 "$root/tmp" "$root/data"
  "$here/copy-program.sh" "$(command -v busybox)" "$root" /bin/busybox
  for applet in $("$root/bin/busybox" --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
  cp -L "$(command -v flock)" "$root/usr/bin/" # runs with a newer libc too
  # The loader is where the programs look for it: /lib64, or /lib on other processors.
  for folder in "$packages"/usr/lib*; do
    cp -a "$folder" "$root/usr/"
    ln -s "usr/$(basename "$folder")" "$root/$(basename "$folder")"
  done
  rm -r "$root"/usr/lib/*/gconv # the larger half, and no server converts text
  printf 'root:x:0:0:root:/:/bin/sh\nredis:x:999:999::/data:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\nredis:x:999:\n' >"$root/etc/group"
}

begin_root "$w/redis"
for program in server cli; do cp -L "$packages/usr/bin/redis-$program" "$w/redis/usr/bin/"; done
"$here/make-image.sh" lab.test/redis:8 "$w/redis" "$out/redis.tar" '["redis-server"]' 999:999

begin_root "$w/valkey"
for program in server cli; do
  cp -L "$packages/usr/bin/valkey-$program" "$w/valkey/usr/bin/"
  ln -s "valkey-$program" "$w/valkey/usr/bin/redis-$program"
done
"$here/make-image.sh" lab.test/valkey:8 "$w/valkey" "$out/valkey.tar" '["valkey-server"]' 999:999
