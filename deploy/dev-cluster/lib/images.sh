#!/usr/bin/env bash
# images.sh make              writes the archives of the cluster's own images into $RUN/images, where they are older than their binaries
# images.sh import            imports every archive there that this worker has not yet; inside the worker
set -euo pipefail
. "$(dirname "$0")/common.sh"

archive() { # archive NAME BINARY [OPTION]...
  local out=$RUN/images/$1.tar name=$1 binary=$2
  shift 2
  [ "$out" -nt "$binary" ] || python3 "$DC/../image/archive.py" --out "$out" --tag "localhost/$name:1" "$@" >/dev/null
}
case $1 in
make)
  mkdir -p "$RUN/images"
  archive pause "$BIN/pause" --entrypoint /pause --user 65535:65535 "$BIN/pause:/pause"
  archive coredns "$BIN/coredns" --entrypoint /coredns "$BIN/coredns:/coredns"
  links=()
  for a in $(/bin/busybox --list); do [ "$a" = busybox ] || links+=(--link "busybox:/bin/$a"); done
  archive busybox /bin/busybox --ldd --cmd sh "${links[@]}" /bin/busybox:/bin/busybox ;;
import)
  for t in "$RUN"/images/*.tar; do
    [ -e "$t" ] || continue
    mark=/var/lib/containerd/.imported-$(basename "$t").$(stat -c %Y-%s "$t")
    [ -e "$mark" ] || { "$BIN/ctr" -n k8s.io images import "$t" && touch "$mark"; }
  done ;;
esac
