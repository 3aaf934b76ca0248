#!/bin/bash
# Runs as long as the cluster: empties a volume whose claim is gone and offers it again, as a provisioner would.
set -uo pipefail # no -e: it must outlive an apiserver that is killed
. "$(dirname "$0")/env.sh"
while true; do
  kc get pv --watch --no-headers -o custom-columns=PHASE:.status.phase,NAME:.metadata.name |
    while read -r phase name; do
      [ "$phase" = Released ] || continue
      # The event may be old, and the volume in use again.
      [ "$(kc get pv "$name" -o 'jsonpath={.status.phase}')" = Released ] || continue
      find "$LAB_RUN/pv/$name" -mindepth 1 -delete
      kc patch pv "$name" --type=json -p '[{"op":"remove","path":"/spec/claimRef"}]'
    done
  sleep 1
done
