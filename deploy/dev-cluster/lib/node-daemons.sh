#!/usr/bin/env bash
# node-daemons.sh NODE [containerd|kubelet|kube-proxy]...: starts them if they do not run; inside the worker's namespaces
set -eu
. "$(dirname "$0")/common.sh"
node=$1
shift
ip=$(node_ip "$node") number=$(node_number "$node")
state=/run/dev-cluster logs=$RUN/nodes/$node/log
mkdir -p "$logs"

daemon() {
  local name=$1
  shift
  [ -e "$state/$name.pid" ] && running "$state/$name.pid" && return 0
  background "$logs/$name.log" "$@"
  record "$state/$name.pid" $!
}
start_containerd() {
  cat >/etc/cni/net.d/10-dev.conflist <<Y
{"cniVersion": "1.0.0", "name": "dev", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$POD_NET.$number.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}], "dataDir": "/run/cni-ipam"}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
Y
  cat >$state/containerd.toml <<Y
version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs", "io.containerd.nri.v1.nri",
  "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing",
]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "localhost/pause:1"
[plugins."io.containerd.cri.v1.runtime"]
  enable_selinux = false
  # without CAP_SYS_RESOURCE a negative oom_score_adj fails, and every sandbox with it
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        SystemdCgroup = false
Y
  daemon containerd "$BIN/containerd" --config $state/containerd.toml
  for _ in $(seq 300); do "$BIN/ctr" version >/dev/null 2>&1 && break; sleep 0.1; done
  bash "$DC/lib/images.sh" import >>"$logs/import.log" 2>&1
}
start_kubelet() {
  : >$state/resolv.conf   # pods resolve names of the cluster only
  cat >$state/kubelet.yaml <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $ip
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $RUN/pki/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $RUN/pki/kubelet-$node.crt
tlsPrivateKeyFile: $RUN/pki/kubelet-$node.key
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$CGROUP/$node
failCgroupV1: false
failSwapOn: false
clusterDNS: ["$SVC_NET.0.10"]
clusterDomain: cluster.local
resolvConf: $state/resolv.conf
nodeStatusUpdateFrequency: $NODE_STATUS_FREQ
nodeLeaseDurationSeconds: $NODE_LEASE_SECONDS
evictionHard: {memory.available: 100Mi, nodefs.available: 1%, nodefs.inodesFree: 1%, imagefs.available: 1%, imagefs.inodesFree: 1%}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
volumePluginDir: /var/lib/kubelet/volume-plugins
serializeImagePulls: false
maxPods: 100
Y
  daemon kubelet "$BIN/kubelet" --config=$state/kubelet.yaml --kubeconfig="$RUN/pki/kubelet-$node.conf" --hostname-override="$node" \
    --node-ip="$ip" --node-labels="topology.kubernetes.io/zone=z$number" --v=1
}
start_kube-proxy() {
  bash "$DC/lib/kube-proxy.sh" $state/kube-proxy.yaml "$node"
  daemon kube-proxy "$BIN/kube-proxy" --config $state/kube-proxy.yaml
}
for d in "$@"; do "start_$d"; done
