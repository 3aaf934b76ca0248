#!/bin/bash
# node-down.sh K: stops nodeK's kubelet, containers and containerd, and unmounts what they mounted.
set -uo pipefail # no -e: see down.sh
. "$(dirname "$0")/env.sh"
K=$1 node=$LAB_RUN/node$1
ctr=(ctr -a "$node/containerd.sock" -n k8s.io --timeout 10s)
stop "kubelet$K"
if running "containerd$K"; then
  for c in $("${ctr[@]}" tasks ls -q); do "${ctr[@]}" tasks delete -f "$c" >/dev/null 2>&1; done
  for c in $("${ctr[@]}" containers ls -q); do "${ctr[@]}" containers delete "$c" >/dev/null 2>&1; done
fi
stop "containerd$K"

# Containers that outlived a killed containerd: all that is in the node's own cgroups.
for procs in $(find /sys/fs/cgroup/*/"$LAB_NAME-node$K" -name cgroup.procs 2>/dev/null); do
  while read -r pid; do kill -9 "$pid" 2>/dev/null; done <"$procs"
done
awk -v root="$node/" 'index($5, root) == 1 {print $5}' /proc/self/mountinfo | sort -r | while read -r mount; do
  umount -l "$mount"
done
find /sys/fs/cgroup/*/"$LAB_NAME-node$K" -depth -type d -exec rmdir {} \; 2>/dev/null
find /var/log/containers -type l -lname "$node/*" -delete 2>/dev/null
rm -rf "$node"/{kubelet,containerd-state,cni-ipam,pod-logs}
true
