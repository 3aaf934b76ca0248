#!/bin/bash
# make-image.sh NAME:TAG ROOTFS OUT.tar ENTRYPOINT-JSON [USER]: a one-layer OCI image, by hand.
set -euo pipefail
name=$1 root=$2 out=$3 entrypoint=$4 user=${5:-}
w=$(mktemp -d)
trap 'rm -rf "$w"' EXIT
mkdir -p "$w/blobs/sha256"
put() { # put FILE: moves it into blobs, prints "digest size"
  local digest size
  digest=$(sha256sum "$1" | cut -d' ' -f1)
  size=$(stat -c %s "$1")
  mv "$1" "$w/blobs/sha256/$digest"
  echo "$digest $size"
}
arch=$(dpkg --print-architecture)
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$root" -cf "$w/layer" .
read -r layer layer_size <<<"$(put "$w/layer")"
cat >"$w/config" <<J
{"architecture": "$arch", "os": "linux",
 "config": {"Entrypoint": $entrypoint, "User": "$user", "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "WorkingDir": "/"},
 "rootfs": {"type": "layers", "diff_ids": ["sha256:$layer"]}, "history": [{"created_by": "make-image.sh"}]}
J
read -r config config_size <<<"$(put "$w/config")"
oci=application/vnd.oci.image
cat >"$w/manifest" <<J
{"schemaVersion": 2, "mediaType": "$oci.manifest.v1+json",
 "config": {"mediaType": "$oci.config.v1+json", "digest": "sha256:$config", "size": $config_size},
 "layers": [{"mediaType": "$oci.layer.v1.tar", "digest": "sha256:$layer", "size": $layer_size}]}
J
read -r manifest manifest_size <<<"$(put "$w/manifest")"
cat >"$w/index.json" <<J
{"schemaVersion": 2, "manifests": [
  {"mediaType": "$oci.manifest.v1+json", "digest": "sha256:$manifest", "size": $manifest_size,
   "annotations": {"io.containerd.image.name": "$name", "org.opencontainers.image.ref.name": "$name"}}]}
J
printf '{"imageLayoutVersion":"1.0.0"}' >"$w/oci-layout"
tar -C "$w" -cf "$out" oci-layout index.json blobs
