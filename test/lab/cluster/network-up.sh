#!/bin/bash
# A network namespace with a bridge and no way out: the machine's own interfaces are not in it.
set -euo pipefail
. "$(dirname "$0")/env.sh"
[ -e "/run/netns/$LAB_NAME" ] || ip netns add "$LAB_NAME"
ip -n "$LAB_NAME" link set lo up
if ! ip -n "$LAB_NAME" link show cni0 >/dev/null 2>&1; then
  ip -n "$LAB_NAME" link add cni0 type bridge
  ip -n "$LAB_NAME" addr add "$API_IP/${POD_CIDR#*/}" dev cni0
  ip -n "$LAB_NAME" link set cni0 up
  ip -n "$LAB_NAME" route add "$SVC_CIDR" dev cni0 # so that processes outside of pods can reach Service addresses
fi
in_lab sysctl -qw net.ipv4.ip_forward=1
# Absent where the kernel does not filter bridged packets, and then not needed.
in_lab sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true
# in-lab.ts puts this in the place of /etc/resolv.conf for what runs inside: Services have names there as in pods.
cat >"$LAB_RUN/resolv.conf" <<EOF
nameserver $API_IP
search svc.cluster.local cluster.local
options ndots:5
EOF
