#!/bin/bash
# certs.sh [K...]: one CA signs everything; users are client certificates (CN = user, O = group). K: nodes.
set -euo pipefail
. "$(dirname "$0")/env.sh"
pki=$LAB_RUN/pki
mkdir -p "$pki"
cd "$pki"
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
cert() { # cert FILE SUBJECT EXTENSIONS
  key "$1"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -sha256 \
    -extfile <(printf '%b' "$3") -out "$1.crt" 2>/dev/null
  rm "$1.csr"
}
kubeconfig() { # kubeconfig NAME: user and certificate of that name
  cat >"$LAB_RUN/$1.kubeconfig" <<K
apiVersion: v1
kind: Config
clusters: [{name: lab, cluster: {server: "https://$API_IP:$API_PORT", certificate-authority: $pki/ca.crt}}]
users: [{name: me, user: {client-certificate: $pki/$1.crt, client-key: $pki/$1.key}}]
contexts: [{name: lab, context: {cluster: lab, user: me}}]
current-context: lab
K
}
client='extendedKeyUsage=clientAuth\n'
if [ ! -e ca.crt ]; then
  key ca
  openssl req -x509 -new -key ca.key -subj /CN=lab-ca -days 3650 -sha256 -out ca.crt \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
  names="DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
  names="$names,DNS:kubernetes.default.svc.cluster.local,IP:127.0.0.1,IP:$API_IP,IP:${SVC_CIDR%.*}.1"
  cert apiserver /CN=kube-apiserver "subjectAltName=$names\nextendedKeyUsage=serverAuth\n"
  cert admin "/O=system:masters/CN=admin" "$client"
  cert controller-manager "/CN=system:kube-controller-manager" "$client"
  cert scheduler "/CN=system:kube-scheduler" "$client"
  cert proxy "/CN=system:kube-proxy" "$client"
  for name in admin controller-manager scheduler proxy; do kubeconfig "$name"; done
  key sa
  openssl ec -in sa.key -pubout -out sa.pub 2>/dev/null
fi
for k in "$@"; do
  [ ! -e "node$k.crt" ] || continue
  cert "node$k" "/O=system:nodes/CN=system:node:node$k" "$client"
  kubeconfig "node$k"
  cert "kubelet$k" "/CN=node$k" "subjectAltName=IP:$(node_ip "$k"),DNS:node$k\nextendedKeyUsage=serverAuth\n"
done
