#!/bin/bash
# leave.sh PID: the process PID uses the lab no longer; the last one to leave stops it, unless it is to be kept.
# leave.sh stop: stops a lab that was kept; refuses while somebody uses it.
set -euo pipefail
. "$(dirname "$0")/env.sh"
lab=$(dirname "$LAB_RUN")
[ -d "$lab" ] || exit 0
exec 9>"$lab/lock"
flock 9
[ "$1" = stop ] || rm -f "$lab/users/$1"
for f in "$lab"/users/*; do
  [ -e "$f" ] || continue
  if same_process "$(basename "$f")" "$(cat "$f")"; then
    [ "$1" != stop ] || {
      echo "lab $LAB_NAME: process $(basename "$f") uses it" >&2
      exit 1
    }
    exit 0
  fi
  rm -f "$f"
done
if [ "$1" != stop ] && [ -e "$lab/keep" ]; then
  exit 0
fi
"$LAB_SCRIPTS/down.sh"
rm -rf "$LAB_RUN" "$lab/keep"
