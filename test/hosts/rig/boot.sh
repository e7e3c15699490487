#!/bin/bash
# Becomes the first process of a host: boot.sh NAME IMAGE DISK [CONTROLLER]…, in namespaces of its own (all but user and
# time) and in the host's own cgroups. The image is only read; what the host writes is in DISK, and there at its next boot.
set -eu
name=$1 image=$2 disk=$3
root=$disk/root
mount --make-rprivate /
mkdir -p "$disk/upper" "$disk/work" "$root"
mount -t overlay overlay -o "lowerdir=$image,upperdir=$disk/upper,workdir=$disk/work" "$root"
mount -t proc proc "$root/proc" -o nosuid,nodev,noexec
mount -t sysfs sysfs "$root/sys" -o ro,nosuid,nodev,noexec
mount -t tmpfs tmpfs "$root/run" -o mode=755,nosuid,nodev
mount -t tmpfs tmpfs "$root/tmp" -o mode=1777,nosuid,nodev

dev=$root/dev
mount -t tmpfs tmpfs "$dev" -o mode=755,nosuid
mkdir "$dev/pts" "$dev/shm"
mount -t devpts devpts "$dev/pts" -o newinstance,ptmxmode=0666,mode=620
mount -t tmpfs tmpfs "$dev/shm" -o mode=1777,nosuid,nodev
for node in null zero full random urandom tty; do
  touch "$dev/$node"
  mount --bind "/dev/$node" "$dev/$node"
done
# Disks of VM shards are files that are mounted; these devices are the machine's, shared by all hosts.
for node in loop-control loop{0..7}; do
  [[ -e "/dev/$node" ]] || continue
  touch "$dev/$node"
  mount --bind "/dev/$node" "$dev/$node"
done
ln -s pts/ptmx "$dev/ptmx"
ln -s /proc/self/fd "$dev/fd"
for i in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${i%:*}" "$dev/${i#*:}"; done

# What the kernel of this machine has: version 2, or version 1 with the controllers named.
cgroups=$root/sys/fs/cgroup
if [[ "$(stat -fc %T /sys/fs/cgroup)" == cgroup2fs ]]; then
  mount -t cgroup2 cgroup2 "$cgroups" -o nosuid,nodev,noexec
else
  mount -t tmpfs tmpfs "$cgroups" -o mode=755,nosuid,nodev,noexec
  for controller in "${@:4}"; do
    mkdir "$cgroups/$controller"
    mount -t cgroup cgroup "$cgroups/$controller" -o "nosuid,nodev,noexec,$controller"
  done
  mkdir "$cgroups/systemd" "$cgroups/unified"
  mount -t cgroup cgroup "$cgroups/systemd" -o nosuid,nodev,noexec,none,name=systemd
  mount -t cgroup2 cgroup2 "$cgroups/unified" -o nosuid,nodev,noexec
fi

hostname "$name"
echo "$name" >"$root/etc/hostname"
cd "$root"
mkdir -p .before
pivot_root . .before
umount -l .before
rmdir .before
exec env -i container=foreshard PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  /lib/systemd/systemd --log-target=journal
