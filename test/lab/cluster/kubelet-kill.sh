#!/bin/bash
# kubelet-kill.sh K: SIGKILL to nodeK's kubelet. Its containers go on; node-up.sh K starts it again.
set -euo pipefail
. "$(dirname "$0")/env.sh"
running "kubelet$1" || {
  echo "the kubelet of node$1 does not run" >&2
  exit 1
}
read -r pid _ <"$LAB_RUN/pid/kubelet$1"
kill -9 "$pid"
