#!/usr/bin/env bash
# machine.sh prepare|restore: settings of the whole machine that kubelets change or that many watches need. They are kept for all
# clusters together, and the last one to go puts them back.
set -eu
. "$(dirname "$0")/common.sh"
saved=/run/understudy-dev-cluster.sysctl
keys=(vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys kernel/keys/root_maxbytes
  fs/inotify/max_user_instances fs/inotify/max_user_watches)
at_least() { [ "$(cat "/proc/sys/$1")" -ge "$2" ] || echo "$2" >"/proc/sys/$1"; }
case $1 in
prepare)
  [ -e "$saved" ] || for k in "${keys[@]}"; do echo "$k $(cat "/proc/sys/$k")"; done >"$saved"
  at_least fs/inotify/max_user_instances 1024
  at_least fs/inotify/max_user_watches 262144 ;;
restore)
  ! compgen -G "/sys/fs/cgroup/*/understudy-dev-*" >/dev/null || exit 0
  ! compgen -G "/sys/fs/cgroup/understudy-dev-*" >/dev/null || exit 0
  [ ! -e "$saved" ] || while read -r k v; do echo "$v" >"/proc/sys/$k"; done <"$saved"
  rm -f "$saved" ;;
esac
