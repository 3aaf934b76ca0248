# Sourced by the other scripts, which in-lab.ts calls with these in the environment:
: "${LAB_NAME:?the network namespace that everything runs in}"
: "${LAB_RUN:?the folder for data, certificates, logs and pids}"
: "${LAB_IMAGES:?the folders with the images, as .tar, with colons between them}"
# etcd, kube-apiserver, …, kubelet, kubectl and coredns are taken from PATH.

LAB_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LABS=$(dirname "$(dirname "$LAB_RUN")")
LAB_SYSCTL=$LABS/sysctl
# Addresses live in the lab's own network namespace, so that they may be the same in every lab.
API_IP=10.244.0.1
API_PORT=6443
ETCD_PORT=2379
POD_CIDR=10.244.0.0/16 # pods of node K: 10.244.K.2-.250
SVC_CIDR=10.96.0.0/16
node_ip() { echo "10.244.0.$1"; } # node 1 is the bridge's own address

# Not `ip netns exec`: that remounts /sys and so hides /sys/fs/cgroup.
in_lab() { nsenter --net="/run/netns/$LAB_NAME" "$@"; }
kc() { in_lab kubectl --kubeconfig="$LAB_RUN/admin.kubeconfig" "$@"; }

# A process is its pid and the time it started: pids come back. A zombie, which a slow PID 1 reaps late, has ended.
started_at() { sed -n 's/.*) [^ZX] //p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f19; }
same_process() { [ -n "${2:-}" ] && [ "$(started_at "$1")" = "$2" ]; } # same_process PID STARTED_AT

start() { # start NAME COMMAND...: inside the lab, in the background, in its own session
  local name=$1 pid
  shift
  # Without 9 and 8: those are locks, which a daemon must not hold.
  setsid nsenter --net="/run/netns/$LAB_NAME" "$@" >"$LAB_RUN/log/$name.log" 2>&1 </dev/null 9>&- 8>&- &
  pid=$!
  echo "$pid $(started_at $pid)" >"$LAB_RUN/pid/$name"
}
running() { # running NAME
  local pid started
  [ -s "$LAB_RUN/pid/$1" ] || return 1
  read -r pid started <"$LAB_RUN/pid/$1"
  same_process "$pid" "$started"
}
stop() { # stop NAME [SECONDS]: it has 10 s to end by itself, or so many
  local pid started i
  [ -s "$LAB_RUN/pid/$1" ] || return 0
  read -r pid started <"$LAB_RUN/pid/$1"
  end "$pid" "$started" "${2:-10}"
  rm -f "$LAB_RUN/pid/$1"
}
end() { # end PID STARTED_AT SECONDS
  same_process "$1" "$2" || return 0
  kill "$1" 2>/dev/null || true
  for _ in $(seq $(($3 * 20))); do
    same_process "$1" "$2" || return 0
    sleep 0.05
  done
  kill -9 "$1" 2>/dev/null || true
}
waitfor() { # waitfor SECONDS COMMAND...
  local end=$(($(date +%s) + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$end" ] || {
      echo "timed out waiting for: $*" >&2
      return 1
    }
    sleep 0.1
  done
}
