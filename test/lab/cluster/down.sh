#!/bin/bash
# Stops what the other scripts started: by its pid, and what is left by where it runs (the lab's own cgroups and network
# namespace), so that a lab that was killed half-way is cleared too. Safe to run when nothing runs.
set -uo pipefail # no -e: one thing that will not stop must not keep the rest alive
. "$(dirname "$0")/env.sh"

stop recycle-volumes
for k in 1 2 3 4 5 6 7 8 9; do
  [ ! -d "$LAB_RUN/node$k" ] || "$LAB_SCRIPTS/node-down.sh" "$k"
done
# What they know goes with them. (The API server would wait ten seconds for whoever watches.)
for name in coredns kube-proxy kube-scheduler kube-controller-manager kube-apiserver etcd; do stop "$name" 1; done

netns=/run/netns/$LAB_NAME
inside() { # pids of what is still in the namespace
  local p inode
  inode=$(stat -Lc %i "$netns")
  for p in /proc/[0-9]*; do
    [ "$(stat -Lc %i "$p/ns/net" 2>/dev/null)" = "$inode" ] && [ -n "$(started_at "${p#/proc/}")" ] && echo "${p#/proc/}"
  done
}
if [ -e "$netns" ]; then
  for signal in TERM KILL; do
    for pid in $(inside); do kill -$signal "$pid" 2>/dev/null; done
    for _ in $(seq 10); do
      [ -n "$(inside)" ] || break
      sleep 0.2
    done
  done
  ip netns del "$LAB_NAME"
fi
# The last lab of this machine gives back what it was before the first.
if [ -e "$LAB_SYSCTL" ] && [ "$(ls -d "$LABS"/*/run 2>/dev/null)" = "$LAB_RUN" ]; then
  sysctl -q -p "$LAB_SYSCTL"
  rm "$LAB_SYSCTL"
fi
true
