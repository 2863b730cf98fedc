#!/usr/bin/env bash
# Starts a node: node-start.sh <network namespace> <cgroup> <folder> <name> <programs>. A cgroup of its own in every hierarchy, then namespaces of its
# own, then node.sh as their first process: whoever ends that one, or this, ends the node with everything on it.
set -euo pipefail
network="$1" group="$2"
shift 2
for controller in cpu cpuacct cpuset memory devices freezer blkio pids systemd; do
  [ -e "/sys/fs/cgroup/$controller/cgroup.procs" ] || continue
  here="/sys/fs/cgroup/$controller$(sed -n "s/^[0-9]*:\(name=\)\?$controller://p" /proc/self/cgroup)"
  mkdir -p "$here/$group"
  if [ "$controller" = cpuset ]; then
    cat "$here/cpuset.cpus" >"$here/$group/cpuset.cpus"
    cat "$here/cpuset.mems" >"$here/$group/cpuset.mems"
  fi
  echo $$ >"$here/$group/cgroup.procs"
done

exec nsenter "--net=/run/netns/$network" unshare --mount --uts --ipc --pid --cgroup --fork --kill-child --propagation private bash "$(dirname "$0")/node.sh" "$@"
