#!/usr/bin/env bash
# Certificates and kubeconfigs in $RUN/pki; keeps what is there.
set -euo pipefail
. "$(dirname "$0")/common.sh"
umask 077
mkdir -p "$RUN/pki"
cd "$RUN/pki"

key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
authority() { # authority NAME COMMON-NAME
  [ -s "$1.crt" ] || openssl req -x509 "${key[@]}" -days 3650 -subj "/CN=$2" -keyout "$1.key" -out "$1.crt" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature 2>/dev/null
}
certificate() { # certificate NAME AUTHORITY SUBJECT [ALTERNATIVE-NAMES]
  [ -s "$1.crt" ] && return
  openssl req "${key[@]}" -subj "$3" -keyout "$1.key" -out "$1.csr" 2>/dev/null
  {
    echo "basicConstraints=CA:FALSE"
    echo "keyUsage=critical,digitalSignature,keyEncipherment"
    echo "extendedKeyUsage=clientAuth,serverAuth"
    [ -z "${4:-}" ] || echo "subjectAltName=$4"
  } >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 3650 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
  rm -f "$1.csr" "$1.ext"
}
kubeconfig() {
  cat >"$1.conf" <<Y
apiVersion: v1
kind: Config
clusters: [{name: dev, cluster: {server: "https://$CP_IP:6443", certificate-authority-data: $(base64 -w0 ca.crt)}}]
users: [{name: $1, user: {client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key")}}]
contexts: [{name: dev, context: {cluster: dev, user: $1}}]
current-context: dev
Y
}

authority ca understudy-dev
authority front-proxy-ca understudy-dev-front-proxy
names=DNS:localhost,IP:127.0.0.1,IP:$CP_IP,IP:$SVC_NET.0.1
for n in kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.cluster.local; do names+=",DNS:$n"; done
certificate apiserver ca /CN=kube-apiserver "$names"
certificate apiserver-kubelet-client ca /O=system:masters/CN=kube-apiserver-kubelet-client
certificate front-proxy-client front-proxy-ca /CN=front-proxy-client
certificate admin ca /O=system:masters/CN=admin
for c in controller-manager scheduler; do certificate $c ca /CN=system:kube-$c; done
certificate kube-proxy ca /CN=system:kube-proxy
for c in admin controller-manager scheduler kube-proxy; do kubeconfig $c; done
for n in $NODES; do
  certificate "kubelet-$n" ca "/O=system:nodes/CN=system:node:$n" "DNS:$n,IP:$(node_ip "$n")"
  kubeconfig "kubelet-$n"
done
if ! [ -s sa.pub ]; then
  openssl ecparam -name prime256v1 -genkey -noout -out sa.key 2>/dev/null
  openssl ec -in sa.key -pubout -out sa.pub 2>/dev/null
fi
