#!/bin/bash
# volumes-up.sh NODES: the default StorageClass "local", twelve volumes on each node, and what makes them usable again.
set -euo pipefail
. "$(dirname "$0")/env.sh"
per_node=12
{
  cat <<Y
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
Y
  for k in $(seq "$1"); do
    for i in $(seq "$per_node"); do
      dir=$LAB_RUN/pv/node$k-$i
      [ ! -d "$dir" ] || continue
      mkdir -p "$dir"
      chmod 0777 "$dir" # containers do not run as root
      cat <<Y
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: node$k-$i}
spec:
  capacity: {storage: 100Gi} # of what the folder's disk has; nothing enforces it
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: local
  local: {path: $dir}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node$k]}]}]}}
Y
    done
  done
} | kc apply -f - >/dev/null
running recycle-volumes || start recycle-volumes "$LAB_SCRIPTS/recycle-volumes.sh"
