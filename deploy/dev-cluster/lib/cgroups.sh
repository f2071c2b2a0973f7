#!/usr/bin/env bash
# cgroups.sh make|clear|remove|system MACHINE: the cgroup /understudy-dev-us/MACHINE in each hierarchy (version 1) or in the only one
# (version 2). clear leaves the machine's own, without those of its pods. system makes one in it for all daemons of the machine
# together, and prints its directory: as under systemd, many busy daemons weigh no more than one slice beside the pods', and
# every machine has its share of the cores.
set -eu
. "$(dirname "$0")/common.sh"
root=/sys/fs/cgroup
if [ -e $root/cgroup.controllers ]; then hierarchies=($root); else hierarchies=($root/*/); fi

make() {
  local h
  for h in "${hierarchies[@]}"; do
    [ ! -e "$h/cgroup.procs" ] || mkdir -p "$h/$CGROUP/$1"
  done
  if [ -e $root/cgroup.controllers ]; then
    local d c
    for d in $root $root/$CGROUP "$root/$CGROUP/$1"; do
      for c in $(cat "$d/cgroup.controllers"); do echo "+$c" >"$d/cgroup.subtree_control" || true; done
    done
  elif [ -d $root/cpuset ]; then
    # a new cpuset is empty, and nothing can run in it
    local f
    for f in cpuset.cpus cpuset.mems; do
      cat "$root/cpuset/$f" >"$root/cpuset/$CGROUP/$f"
      cat "$root/cpuset/$f" >"$root/cpuset/$CGROUP/$1/$f"
    done
  fi
}
clear() {
  local h left
  for _ in $(seq 20); do
    left=
    for h in "${hierarchies[@]}"; do
      [ -d "$h/$CGROUP/$1" ] || continue
      find "$h/$CGROUP/$1" -mindepth 1 -depth -type d -exec rmdir {} \; 2>/dev/null || true
      left+=$(find "$h/$CGROUP/$1" -mindepth 1 -type d 2>/dev/null)
    done
    [ -n "$left" ] || return 0
    sleep 0.1
  done
}
remove() {
  clear "$1"
  local h
  for h in "${hierarchies[@]}"; do
    [ ! -d "$h/$CGROUP" ] || rmdir "$h/$CGROUP/$1" "$h/$CGROUP" 2>/dev/null || true
  done
}
system() {
  local h
  make "$1"
  for h in "${hierarchies[@]}"; do
    if [ -e "$h/cpu.shares" ]; then
      echo 4096 >"$h/$CGROUP/cpu.shares"   # what four processes would weigh: beside those outside
    elif [ "$h" != $root ]; then
      continue
    fi
    mkdir -p "$h/$CGROUP/$1/system"
    echo "$h/$CGROUP/$1/system"
  done
}
"$1" "$2"
