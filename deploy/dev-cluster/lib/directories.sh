#!/usr/bin/env bash
# directories.sh list|make|remove: where a worker's disk is mounted over. On the machine itself these only need to exist:
# what `make` had to make, `remove` takes away again.
set -eu
. "$(dirname "$0")/common.sh"
directories=(/var/lib/kubelet /var/lib/containerd /var/lib/cni /var/log/pods /var/log/containers /etc/cni/net.d /mnt/disks)
made=$RUN/made-directories
make() { # make DIRECTORY: with what is missing above it
  [ ! -d "$1" ] || return 0
  make "$(dirname "$1")"
  mkdir "$1"
  echo "$1" >>"$made"
}
case $1 in
list) printf '%s\n' "${directories[@]}" ;;
make) for d in "${directories[@]}"; do make "$d"; done ;;
remove) [ ! -e "$made" ] || tac "$made" | xargs -r rmdir --ignore-fail-on-non-empty; rm -f "$made" ;;
esac
