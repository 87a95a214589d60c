#!/bin/sh
# first.sh GROUP PYTHON SOURCES PACKAGES [PEERS]: become a systemd that can do this machine no harm, in a
# control group of its own; if none is installed, the one that was unpacked among the peers.
#
# One that has the machine's units and disk would start those units, and clear its /tmp.  So disk and kernel settings are
# read-only, what has to be written to is empty and in memory, and there are no units but those in /run of the host.
# Python and the sources lie below /run, because the units of packaging/ hide /home and /root.
set -e
group=$1 python=$2 sources=$3 packages=$4 peers=${5-}

if [ $$ != 1 ]; then
  echo $$ > "/sys/fs/cgroup/$group/cgroup.procs"
  exec unshare --cgroup --mount --uts --ipc --pid --fork --kill-child --mount-proc sh "$0" "$@"
fi

read_only() { mount -o remount,bind,ro "$1"; }

mount --make-rprivate /
umount /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup

mkdir -p /run/dev
mount -t tmpfs -o mode=755 dev /run/dev
mkdir /run/dev/shm /run/dev/net /run/dev/pts
for node in null zero full random urandom tty net/tun; do [ ! -e /dev/$node ] || cp -a /dev/$node /run/dev/$node; done
ln -s /proc/self/fd /run/dev/fd
ln -s pts/ptmx /run/dev/ptmx
mount --move /run/dev /dev

mkdir -p /run/lab/python /run/lab/sources /run/lab/packages /run/lab/peers
if [ "$peers" ]; then
  mount --bind "$peers" /run/lab/peers
  read_only /run/lab/peers
  mount --bind /run/lab/peers/systemd/usr/lib/systemd /usr/lib/systemd
fi
mount --bind "$python" /run/lab/python
mount --bind "$sources" /run/lab/sources
mount --bind "$packages" /run/lab/packages
mount --bind /proc/sys /proc/sys
mount --bind /proc/sys/net /proc/sys/net
for place in / /sys /proc/sys /run/lab/python /run/lab/sources /run/lab/packages; do read_only $place; done
for place in /tmp /srv /var/tmp /var/log /var/cache /etc/systemd /usr/lib/systemd/system \
  /usr/lib/systemd/system-generators /usr/lib/tmpfiles.d /usr/lib/sysctl.d /usr/lib/modules-load.d; do
  [ ! -d $place ] || mount -t tmpfs lab $place
done

for place in / /usr /var /root /home; do
  ! touch "$place/written" 2>/dev/null || { echo "$place is the machine's, and can be written: no systemd"; exit 1; }
done
[ -z "$(find /tmp /usr/lib/systemd/system -mindepth 1)" ] || { echo "/tmp or the units are the machine's: no systemd"; exit 1; }

exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin ${LD_LIBRARY_PATH+"LD_LIBRARY_PATH=$LD_LIBRARY_PATH"} \
  /usr/lib/systemd/systemd --system --unit=lab.target --log-target=null --show-status=no
