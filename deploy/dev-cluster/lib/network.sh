#!/usr/bin/env bash
# network.sh [NAME...]: joins the control plane and the workers, or only those named, to the switch.
# us-sw holds the switch (bridge br0, one port p-WORKER each), us-cp the control plane, us-WORKER a worker. None of them has a
# default route or a link to the machine's own namespace: nothing that runs in the cluster reaches anything outside.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# Where /run is on a disk, a name may outlive its namespace.
exists() { in_ns "$1" true 2>/dev/null || { rm -f "/run/netns/$NAME-$1"; return 1; }; }
address() { if [ "$1" = cp ]; then echo "$CP_IP"; else node_ip "$1"; fi; }

# what `down` takes away
add() { ip netns add "$NAME-$1" && echo "$NAME-$1" >>"$RUN/namespaces"; }

join() {
  local ns=$NAME-$1 ip mac
  exists "$1" && return 0
  ip=$(address "$1")
  # A machine keeps its MAC address when it starts again; a new one would wait for the others' ARP caches.
  mac=$(printf '02:00:0a:4d:00:%02x' "${ip##*.}")
  add "$1"
  ip -n "$ns" link add eth0 address "$mac" type veth peer name "p-$1" netns "$NAME-sw"
  ip -n "$NAME-sw" link set "p-$1" master br0 up
  ip -n "$ns" link set lo up
  ip -n "$ns" addr add "$ip/24" dev eth0
  ip -n "$ns" link set eth0 up
  in_ns "$1" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
    for f in /proc/sys/net/bridge/bridge-nf-call-iptables /proc/sys/net/bridge/bridge-nf-call-ip6tables; do [ ! -e $f ] || echo 1 >$f; done'
  # Without a default route, ClusterIPs need some route before kube-proxy's rules rewrite them.
  ip -n "$ns" route add "$SVC_NET.0.0/16" dev eth0
  local n
  for n in $NODES; do
    [ "$n" = "$1" ] || ip -n "$ns" route add "$POD_NET.$(node_number "$n").0/24" via "$(node_ip "$n")"
  done
}

if ! exists sw; then
  add sw
  ip -n "$NAME-sw" link set lo up
  ip -n "$NAME-sw" link add br0 type bridge
  ip -n "$NAME-sw" link set br0 up
fi
# shellcheck disable=SC2086
for n in ${*:-cp $NODES}; do join "$n"; done
