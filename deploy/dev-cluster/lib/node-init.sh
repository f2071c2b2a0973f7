#!/usr/bin/env bash
# node-init.sh NAME: pid 1 of a worker, in fresh mount, pid, uts and ipc namespaces and in the worker's network namespace.
# SIGKILL to it is a power cut: the kernel ends every process and drops every mount of the worker in one instant.
set -eu
. "$(dirname "$0")/common.sh"
disk=$RUN/nodes/$1

hostname "$1"
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/{cgroups,lock,netns,containerd,dev-cluster}
# A fresh sysfs shows this network namespace's devices, but hides the cgroups.
mount --rbind /sys/fs/cgroup /run/cgroups
mount -t sysfs sysfs /sys
mount --rbind /run/cgroups /sys/fs/cgroup
umount -l /run/cgroups
for d in $(bash "$DC/lib/directories.sh" list); do
  mkdir -p "$disk$d"
  mount --bind "$disk$d" "$d"
done
mount --make-rshared /
bash "$DC/lib/node-daemons.sh" "$1" containerd kubelet kube-proxy || echo "worker $1: not all daemons have started" >&2
# pause ends what remains of processes whose parents are gone
exec "$BIN/pause"
