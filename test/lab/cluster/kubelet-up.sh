#!/bin/bash
# kubelet-up.sh K: starts nodeK's kubelet, which node-up.sh has set up, and waits until its node is Ready.
set -euo pipefail
. "$(dirname "$0")/env.sh"
K=$1 node=$LAB_RUN/node$1
# In the mounts of the node's containers, whoever calls: kubelet must be able to unmount what its predecessor mounted.
read -r containerd _ <"$LAB_RUN/pid/containerd$K"
start "kubelet$K" nsenter --mount="/proc/$containerd/ns/mnt" \
  kubelet --config="$node/kubelet.yaml" --kubeconfig="$LAB_RUN/node$K.kubeconfig" \
  --root-dir="$node/kubelet" --hostname-override="node$K" --node-ip="$(node_ip "$K")"
waitfor 60 kc get node "node$K"
kc wait --for=condition=Ready "node/node$K" --timeout=60s >/dev/null
