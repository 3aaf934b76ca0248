#!/bin/bash
# node-up.sh K: containerd and kubelet as node "nodeK" (1-9), or only the images when they run.
set -euo pipefail
. "$(dirname "$0")/env.sh"
K=$1 ip=$(node_ip "$1") node=$LAB_RUN/node$1 pki=$LAB_RUN/pki cgroup=/$LAB_NAME-node$1
ctr=(ctr -a "$node/containerd.sock" -n k8s.io)

import_images() { # those that this node does not have yet, by content
  local dir image sum
  mkdir -p "$node/imported"
  for dir in ${LAB_IMAGES//:/ }; do
    for image in "$dir"/*.tar; do
      sum=$(sha256sum "$image" | cut -d' ' -f1)
      [ ! -e "$node/imported/$sum" ] || continue
      "${ctr[@]}" images import "$image" >/dev/null
      touch "$node/imported/$sum"
    done
  done
}

prefer_pods() { # over whatever of the lab would run on other machines: the control plane, images being unpacked, the tests
  local shares
  for shares in /sys/fs/cgroup/cpu"$cgroup"/cpu.shares /sys/fs/cgroup/cpu,cpuacct"$cgroup"/cpu.shares; do
    [ ! -e "$shares" ] || echo 8192 >"$shares"
  done
}

if running "containerd$K" && running "kubelet$K"; then
  prefer_pods
  import_images
  exit 0
fi

mkdir -p "$node"/{cni,kubelet,pod-logs}
if ! ip -n "$LAB_NAME" -o addr show dev cni0 | grep -q "inet $ip/"; then
  ip -n "$LAB_NAME" addr add "$ip/32" dev cni0
fi
# Every kubelet needs a cgroup of its own, there beforehand in every hierarchy of cgroup v1.
[ ! -e /sys/fs/cgroup/cgroup.controllers ] || {
  echo "the local cluster needs cgroup v1; on this machine name a cluster with KUBECONFIG" >&2
  exit 1
}
for hierarchy in /sys/fs/cgroup/*/; do
  mkdir -p "$hierarchy$cgroup"
  if [ -e "$hierarchy/cpuset.cpus" ]; then
    cat "$hierarchy/cpuset.cpus" >"$hierarchy$cgroup/cpuset.cpus"
    cat "$hierarchy/cpuset.mems" >"$hierarchy$cgroup/cpuset.mems"
  fi
done
prefer_pods

cat >"$node/containerd.toml" <<EOF
version = 2
root = "$node/containerd"
state = "$node/containerd-state"
disabled_plugins = [
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp",
]
[grpc]
  address = "$node/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$node/containerd-opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "lab.test/pause:1"
  stream_server_address = "127.0.0.1"
  disable_apparmor = true
  # root in a container may lack CAP_SYS_RESOURCE; runc then fails: "can't get final child's PID from pipe: EOF"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$node/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
EOF
cat >"$node/cni/10-lab.conflist" <<EOF
{"cniVersion": "1.0.0", "name": "lab$K", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": false, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$node/cni-ipam", "routes": [{"dst": "0.0.0.0/0"}],
    "ranges": [[{"subnet": "$POD_CIDR", "rangeStart": "10.244.$K.2", "rangeEnd": "10.244.$K.250", "gateway": "$API_IP"}]]}}]}
EOF
cat >"$node/kubelet.yaml" <<EOF
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $ip
healthzPort: 0
readOnlyPort: 0
authentication: {anonymous: {enabled: false}, x509: {clientCAFile: $pki/ca.crt}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
tlsCertFile: $pki/kubelet$K.crt
tlsPrivateKeyFile: $pki/kubelet$K.key
containerRuntimeEndpoint: unix://$node/containerd.sock
podLogsDir: $node/pod-logs
volumePluginDir: $node/volume-plugins
cgroupDriver: cgroupfs
cgroupRoot: $cgroup
failSwapOn: false
resolvConf: ""
clusterDomain: cluster.local
clusterDNS: [$API_IP]
makeIPTablesUtilChains: false
kubeAPIQPS: 200
kubeAPIBurst: 400
nodeStatusUpdateFrequency: 2s
nodeLeaseDurationSeconds: 10
maxPods: 200
evictionHard: {memory.available: 100Mi, nodefs.available: "2%", imagefs.available: "2%", nodefs.inodesFree: "1%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
EOF
# kubelet sets these for the whole machine; down.sh puts them back.
(
  flock 8
  [ -e "$LAB_SYSCTL" ] || sysctl vm.overcommit_memory kernel.panic kernel.panic_on_oops >"$LAB_SYSCTL"
) 8>"$LAB_SYSCTL.lock"

running "containerd$K" || start "containerd$K" containerd -c "$node/containerd.toml" -l warn
waitfor 30 "${ctr[@]}" version
import_images
"$LAB_SCRIPTS/kubelet-up.sh" "$K"
