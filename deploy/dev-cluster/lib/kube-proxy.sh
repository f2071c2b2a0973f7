#!/usr/bin/env bash
# kube-proxy.sh FILE HOST: writes kube-proxy's configuration for a worker or `cp`
set -euo pipefail
. "$(dirname "$0")/common.sh"
if [ "$2" = cp ]; then
  # kube-proxy waits 30 s for a Node of its own name, and the control plane's host is none
  name=${NODES%% *} address=$CP_IP
else
  name=$2 address=$(node_ip "$2")
fi
cat >"$1" <<Y
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: $PROXY_MODE
clusterCIDR: $POD_NET.0.0/16
detectLocalMode: ClusterCIDR
hostnameOverride: $name
bindAddress: $address
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
clientConnection: {kubeconfig: $RUN/pki/kube-proxy.conf}
# only the machine's first network namespace may change the size of the conntrack table
conntrack: {maxPerCore: 0, min: 0}
nodePortAddresses: ["$NODE_NET.0/24"]
Y
