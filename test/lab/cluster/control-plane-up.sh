#!/bin/bash
# etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kube-proxy and CoreDNS.
set -euo pipefail
. "$(dirname "$0")/env.sh"
mkdir -p "$LAB_RUN"/{log,pid,etcd}
"$LAB_SCRIPTS/network-up.sh"
"$LAB_SCRIPTS/certs.sh"
pki=$LAB_RUN/pki
client=http://127.0.0.1:$ETCD_PORT peer=http://127.0.0.1:$((ETCD_PORT + 1))

start etcd etcd --name=lab --data-dir="$LAB_RUN/etcd" --unsafe-no-fsync --log-level=error \
  --listen-client-urls=$client --advertise-client-urls=$client \
  --listen-peer-urls=$peer --initial-advertise-peer-urls=$peer --initial-cluster=lab=$peer
start kube-apiserver kube-apiserver --etcd-servers=$client \
  --bind-address=0.0.0.0 --secure-port=$API_PORT --advertise-address=$API_IP \
  --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
  --service-cluster-ip-range=$SVC_CIDR --service-account-issuer=https://kubernetes.default.svc.cluster.local \
  --service-account-key-file="$pki/sa.pub" --service-account-signing-key-file="$pki/sa.key" \
  --kubelet-preferred-address-types=InternalIP --kubelet-certificate-authority="$pki/ca.crt" \
  --kubelet-client-certificate="$pki/admin.crt" --kubelet-client-key="$pki/admin.key"
waitfor 90 kc get --raw /readyz

manager=$LAB_RUN/controller-manager.kubeconfig
start kube-controller-manager kube-controller-manager --kubeconfig="$manager" --authentication-kubeconfig="$manager" \
  --service-account-private-key-file="$pki/sa.key" --root-ca-file="$pki/ca.crt" --use-service-account-credentials=true \
  --cluster-signing-cert-file="$pki/ca.crt" --cluster-signing-key-file="$pki/ca.key" \
  --flex-volume-plugin-dir="$LAB_RUN/flex" --node-monitor-period=1s --node-monitor-grace-period=10s \
  --leader-elect=false --bind-address=127.0.0.1 --kube-api-qps=500 --kube-api-burst=1000
scheduler=$LAB_RUN/scheduler.kubeconfig
start kube-scheduler kube-scheduler --kubeconfig="$scheduler" --authentication-kubeconfig="$scheduler" \
  --leader-elect=false --bind-address=127.0.0.1 --kube-api-qps=500 --kube-api-burst=1000
# One kube-proxy: all nodes share this network namespace.
start kube-proxy kube-proxy --kubeconfig="$LAB_RUN/proxy.kubeconfig" --hostname-override=node1 \
  --proxy-mode=nftables --cluster-cidr=$POD_CIDR --bind-address=$API_IP --nodeport-addresses=primary \
  --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0 \
  --healthz-bind-address=127.0.0.1:10256 --metrics-bind-address=127.0.0.1:10249
cat >"$LAB_RUN/Corefile" <<EOF
.:53 {
  bind $API_IP
  errors
  ready 127.0.0.1:8181
  kubernetes cluster.local 10.in-addr.arpa {
    kubeconfig $LAB_RUN/admin.kubeconfig
    pods insecure
    ttl 1
  }
}
EOF
start coredns coredns -conf "$LAB_RUN/Corefile"
waitfor 60 kc -n default get serviceaccount default
