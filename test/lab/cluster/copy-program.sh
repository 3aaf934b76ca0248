#!/bin/bash
# copy-program.sh PROGRAM ROOTFS PATH: copies a program to PATH in ROOTFS, with the libraries that ldd names.
set -euo pipefail
mkdir -p "$2$(dirname "$3")"
cp -L "$1" "$2$3"
# A static program has none, which ldd and grep call a failure.
{ ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true; } | while read -r library; do
  mkdir -p "$2$(dirname "$library")"
  cp -L "$library" "$2$library"
done
