# shellcheck shell=bash
# Sourced by every script: settings, addresses, and how daemons are started and found again.
DC=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
H=${HOME:-/root}
export DEV_CLUSTER_NAME=${DEV_CLUSTER_NAME:-us}
NAME=$DEV_CLUSTER_NAME
export DEV_CLUSTER_RUN=${DEV_CLUSTER_RUN:-${XDG_STATE_HOME:-$H/.local/state}/understudy/dev-cluster/$NAME}
export DEV_CLUSTER_BIN=${DEV_CLUSTER_BIN:-${XDG_CACHE_HOME:-$H/.cache}/understudy/dev-cluster}
RUN=$DEV_CLUSTER_RUN
# Binaries are kept by what they are made of, so that clones of one version share them.
BIN=$DEV_CLUSTER_BIN/$(cd "$DC" && cat build src/go.mod src/go.sum src/*/main.go | sha256sum | cut -c1-12)
export PATH=$BIN:$PATH
[ ! -e "$RUN/settings" ] || . "$RUN/settings"

NODES=${DEV_CLUSTER_NODES:-n1 n2 n3}
NODE_NET=10.77.0      # control plane .10, worker N .1N
POD_NET=10.78         # pods of worker N: 10.78.N.0/24
SVC_NET=10.79         # Services 10.79.0.0/16: the API is .0.1, DNS .0.10
CP_IP=$NODE_NET.10
CGROUP=understudy-dev-$NAME

# How soon a silent node is noticed. Upstream's defaults: 50s, 40s, 10s, 5s, 300s.
NODE_MONITOR_GRACE=${DEV_CLUSTER_NODE_MONITOR_GRACE:-20s}
NODE_LEASE_SECONDS=${DEV_CLUSTER_NODE_LEASE_SECONDS:-20}     # a kubelet renews its own each quarter of it
NODE_STATUS_FREQ=${DEV_CLUSTER_NODE_STATUS_FREQ:-4s}
NODE_MONITOR_PERIOD=${DEV_CLUSTER_NODE_MONITOR_PERIOD:-2s}
EVICT_SECONDS=${DEV_CLUSTER_EVICT_SECONDS:-30}
PROXY_MODE=${DEV_CLUSTER_PROXY_MODE:-nftables}
ETCD_FSYNC=${DEV_CLUSTER_ETCD_FSYNC:-1}
VOLUMES=${DEV_CLUSTER_VOLUMES:-2}

die() { echo "$(basename "$0"): $*" >&2; exit 1; }
log() { printf '%s %s\n' "$(date +%T)" "$*"; }
need_root() { [ "$(id -u)" = 0 ] || die "must run as root: it makes network namespaces, mounts and cgroups"; }
need_cluster() { [ -e "$RUN/pki/admin.conf" ] || die "no cluster in $RUN: run deploy/dev-cluster/up first, or set DEV_CLUSTER_RUN"; }
node_number() { echo "${1//[^0-9]/}"; }
node_ip() { echo "$NODE_NET.1$(node_number "$1")"; }
need_node() {
  [[ " $NODES " == *" $1 "* ]] || die "no worker is called '$1': there are $NODES"
}
in_ns() { local ns=$NAME-$1; shift; nsenter --net="/run/netns/$ns" -- "$@"; }

# A pid file holds "PID STARTTIME", so that a pid that was given out again is never taken for ours.
start_time() {
  local s
  s=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  s=${s##*) }
  [ "${s:0:1}" != Z ] || return 1   # who reaps may take seconds: a zombie has ended
  # shellcheck disable=SC2086
  set -- $s
  echo "${20}"
}
record() { echo "$2 $(start_time "$2")" >"$1"; }
recorded() { local p=""; read -r p _ <"$1" && echo "$p"; }
running() {
  local p="" s=""
  read -r p s <"$1" 2>/dev/null && [ -n "$s" ] && [ "$(start_time "$p")" = "$s" ]
}
alive() { [ -e "$RUN/pids/$1" ] && running "$RUN/pids/$1"; }

# background LOG CMD...: nothing of the caller stays open in the daemon, neither a pipe nor a lock. It runs in the cgroup $ENTER, if any.
background() {
  local out=$1
  shift
  setsid bash -c '[ -z "${ENTER:-}" ] || echo $$ >"$ENTER/cgroup.procs"; unset ENTER; for fd in /proc/self/fd/*; do fd=${fd##*/}; [ "$fd" -le 2 ] || eval "exec $fd>&-"; done; exec "$@"' _ "$@" >>"$out" 2>&1 </dev/null &
}
# start NAME NAMESPACE CMD...: its pid is in $RUN/pids/NAME, its output in $RUN/log/NAME.log
start() {
  local name=$1 ns=$2
  shift 2
  alive "$name" && return 0
  ENTER=$(bash "$DC/lib/cgroups.sh" system "$ns") background "$RUN/log/$name.log" nsenter --net="/run/netns/$NAME-$ns" -- "$@"
  record "$RUN/pids/$name" $!
}
# stop NAME [SIGNAL]: waits for its end, up to 10 s, then SIGKILL
stop() {
  local f=$RUN/pids/$1
  if alive "$1"; then
    kill -"${2:-TERM}" "$(recorded "$f")" 2>/dev/null || true
    for _ in $(seq 200); do running "$f" || break; sleep 0.05; done
    running "$f" && kill -KILL "$(recorded "$f")" 2>/dev/null
  fi
  rm -f "$f"
}
# What the machine sees of a worker is unshare(1); its child is pid 1 of the worker.
node_pid1() {
  local p="" c=""
  alive "node-$1" || return 1
  p=$(recorded "$RUN/pids/node-$1")
  read -r c _ <"/proc/$p/task/$p/children" 2>/dev/null
  echo "$c"
}
node_exec() {
  local n=$1 p
  shift
  p=$(node_pid1 "$n") && [ -n "$p" ] || { echo "worker $n is not running: start it with deploy/dev-cluster/node up $n" >&2; return 1; }
  nsenter -t "$p" -m -u -i -n -p -- "$@"
}
kubectl() { in_ns cp "$BIN/kubectl" --kubeconfig "$RUN/pki/admin.conf" "$@"; }
helm() {
  in_ns cp env HELM_CACHE_HOME="$RUN/helm/cache" HELM_CONFIG_HOME="$RUN/helm/config" HELM_DATA_HOME="$RUN/helm/data" KUBECONFIG="$RUN/pki/admin.conf" "$BIN/helm" "$@"
}
