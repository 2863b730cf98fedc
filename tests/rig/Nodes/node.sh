#!/usr/bin/env bash
# First process of a node: node.sh <folder> <name> <programs>. Everything that a node keeps is in the folder; what it starts is in <folder>/services,
# one script each, started again when it ends.
set -uo pipefail
folder="$1" name="$2" programs="$3"
export PATH="$programs:/usr/sbin:/usr/bin:/sbin:/bin" HOME=/root

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /sys/fs/cgroup
for controller in cpu cpuacct cpuset memory devices freezer blkio pids; do
  mkdir "/sys/fs/cgroup/$controller"
  mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller"
done
# No controller's, but runc looks for it where processes are listed in it.
mkdir /sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/lock
for directory in /var/lib/kubelet /var/lib/containerd /var/lib/cni /var/log /etc/cni /opt/cni/bin; do
  mkdir -p "$folder$directory" "$directory"
  mount --bind "$folder$directory" "$directory"
done
for file in /etc/hosts /etc/resolv.conf; do
  mount --bind "$folder$file" "$file"
done
hostname "$name"

# Without this no container sees namespaces that are made after its start.
mount --make-rshared /

keep() {
  while true; do
    bash "$1" </dev/null >>"$folder/$(basename "$1").log" 2>&1
    sleep 0.2
  done
}

for service in "$folder"/services/*; do
  keep "$service" &
done
touch "$folder/started"
while true; do
  wait -n || true
done
