#!/bin/bash
# enter.sh PID NODES KEEP: starts the cluster, or joins the one that runs, and notes the process PID as its user.
# KEEP=1 leaves it running when its last user has left. Starts and stops of one lab happen one after the other.
set -euo pipefail
. "$(dirname "$0")/env.sh"
user=$1 nodes=$2 keep=$3
lab=$(dirname "$LAB_RUN")
mkdir -p "$lab/users"
exec 9>"$lab/lock"
flock -n 9 || {
  echo "lab $LAB_NAME: another process is starting or stopping it; waiting"
  flock 9
}

healthy() {
  [ -e "/run/netns/$LAB_NAME" ] && running kube-apiserver && running etcd && running kubelet1 &&
    kc get --raw /readyz --request-timeout=2s
}
other_users() {
  local f
  for f in "$lab"/users/*; do
    [ -e "$f" ] || continue
    if same_process "$(basename "$f")" "$(cat "$f")"; then return 0; fi
    rm -f "$f"
  done
  return 1
}

if healthy >/dev/null 2>&1; then
  echo "lab $LAB_NAME: using the cluster that runs"
elif other_users; then
  # Its user may be killing parts of it on purpose.
  waitfor 60 healthy || {
    echo "lab $LAB_NAME: its cluster is not healthy and another process uses it; give this run a LAB_NAME of its own" >&2
    exit 1
  }
else
  "$LAB_SCRIPTS/down.sh"
  rm -rf "$LAB_RUN" "$lab/keep"
  "$LAB_SCRIPTS/control-plane-up.sh"
fi

# One after the other: they share the serial number file of the CA.
"$LAB_SCRIPTS/certs.sh" $(seq "$nodes")
pids=()
for k in $(seq "$nodes"); do
  "$LAB_SCRIPTS/node-up.sh" "$k" &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid"; done
"$LAB_SCRIPTS/volumes-up.sh" "$nodes"

started_at "$user" >"$lab/users/$user"
[ "$keep" != 1 ] || touch "$lab/keep"
