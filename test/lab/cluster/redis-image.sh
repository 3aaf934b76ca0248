#!/bin/bash
# redis-image.sh OUT: makes OUT/pause.tar (lab.test/pause:1), OUT/redis.tar (lab.test/redis:7) and OUT/exporter.tar
# (lab.test/redis_exporter:1) from the machine's own redis-server, redis-tools, busybox-static, util-linux (flock) and
# prometheus-redis-exporter packages. `pause` is taken from PATH.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
w=$(mktemp -d)
trap 'rm -rf "$w"' EXIT
chmod 755 "$w"

mkdir "$w/pause"
cp "$(command -v pause)" "$w/pause/pause"
"$here/make-image.sh" lab.test/pause:1 "$w/pause" "$1/pause.tar" '["/pause"]' 65535:65535

root=$w/redis
mkdir -p "$root"/{bin,usr/bin,etc,tmp,data,proc,sys,dev}
chmod 1777 "$root/tmp" "$root/data"
"$here/copy-program.sh" "$(command -v busybox)" "$root" /bin/busybox
for applet in $("$root/bin/busybox" --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
for program in redis-server redis-cli redis-benchmark flock; do
  "$here/copy-program.sh" "$(command -v $program)" "$root" "/usr/bin/$program"
done
printf 'root:x:0:0:root:/:/bin/sh\nredis:x:999:999::/data:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nredis:x:999:\n' >"$root/etc/group"
"$here/make-image.sh" lab.test/redis:7 "$root" "$1/redis.tar" '["redis-server"]' 999:999

mkdir "$w/exporter"
"$here/copy-program.sh" "$(command -v prometheus-redis-exporter)" "$w/exporter" /redis_exporter
"$here/make-image.sh" lab.test/redis_exporter:1 "$w/exporter" "$1/exporter.tar" '["/redis_exporter"]' 59000:59000
