#!/bin/sh
# The guess: who listens to the group RTNLGRP_LINK ("ip monitor link") is told of each change of a
# link, so a copy of the links that was read once and then follows the messages stays true.
# What really happens: what "ip link set LINK type KIND ..." changes is announced only while the
# link is up. On a link that is down the change is made, "ip -d link" shows it, and no message goes
# out; the same with "group". Other changes of the same link (mtu, address) are announced in both
# cases, and while it is up even an option that is set to what it already was. Setting the link up
# later does send a message, with all the options in it.
# Seen: Linux 6.18, iproute2 6.1.0-3 (Debian 12), with a bridge; macvlan alike.
# Why it matters: links are mostly given their options while they are down, before they are set up.
# A daemon that holds an option and waits for a message to learn that somebody changed it learns
# nothing; it must read the link again when it comes up, or take the next message of any kind as
# news of all of it. A test of such a daemon on a link that is up proves nothing about one that is
# down.
set -eu
seen='iproute2 6.1.0-3'
pinned='
  iproute2=6.1.0-3 libbpf1=1:1.1.2-0+deb12u1 libelf1=0.188-2.1 libmnl0=1.0.4-3 libbsd0=0.11.7-2 libmd0=1.0.4-2
  libcap2=1:2.66-4+deb12u3+b1'

if [ "${1-}" != inside ]; then
  self=$(realpath "$0") root=$(mktemp -d)
  trap 'rm -rf "$root"' EXIT
  trap 'exit 1' HUP INT TERM
  cd "$root"
  apt='apt-get -qq -o APT::Sandbox::User=root'
  # Package lists of its own only where the system has none that know these versions.
  # shellcheck disable=SC2086
  $apt download $pinned 2> /dev/null || {
    mkdir -p lists/partial
    apt="$apt -o Dir::State::Lists=$root/lists -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache="
    $apt update && $apt download $pinned
  }
  for package in *.deb; do dpkg -x "$package" .; done
  printf 'Linux %s, %s\n' "$(uname -r)" "$seen"
  # Whatever is started ends with the pid namespace.
  timeout -k 2 40 unshare --net --pid --fork --kill-child "$self" inside "$root"
  exit
fi

cd "$2"
PATH=$PWD/usr/sbin:$PWD/usr/bin:$PWD/sbin:$PWD/bin:$PATH
LD_LIBRARY_PATH=$(printf '%s:' "$PWD"/usr/lib/*-linux-gnu "$PWD"/lib/*-linux-gnu)
export PATH LD_LIBRARY_PATH

# expect WHAT WANTED GOT: prints what was seen; fails where it is no longer so.
expect() {
  printf '%s:\n%s\n' "$1" "${3:-(nothing)}" | sed '2,$s/^/    /'
  [ "$2" = "$3" ] || { printf 'CHANGED, it was:\n%s\n' "${2:-(nothing)}"; exit 1; }
}

# wait_until COMMAND...: for 10 seconds at most.
wait_until() {
  tries=0
  until "$@" > /dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || { echo "never came: $*"; exit 1; }
    sleep .05
  done
}

# heard_of_br7_during COMMAND...: prints what a monitor hears of br7 meanwhile, flags and MTU only.
# Messages come in the order of the changes, so a change of lo marks the end.
heard_of_br7_during() {
  rm -f news
  ip monitor link > news &
  wait_until sh -c 'ip link set lo mtu 20001 && ip link set lo mtu 20000 && grep -q "mtu 20000 " news'
  "$@"
  ip link set lo mtu 30000
  wait_until grep -q 'mtu 30000 ' news
  kill $!
  wait $! 2> /dev/null || :
  sed -n 's/^[0-9]*: \(br7: .* mtu [0-9]*\) .*/\1/p' news
}
in_force() { ip -d link show br7 | grep -o "$1 [0-9]*"; }

ip -V
ip link add name br7 type bridge

expect 'down, heard of forward_delay 400' '' "$(heard_of_br7_during ip link set br7 type bridge forward_delay 400)"
expect 'down, in force' 'forward_delay 400' "$(in_force forward_delay)"
expect 'down, heard of group 5' '' "$(heard_of_br7_during ip link set br7 group 5)"
expect 'down, in force' 'group 5' "$(in_force group)"
expect 'down, heard of mtu 1400' 'br7: <BROADCAST,MULTICAST> mtu 1400' "$(heard_of_br7_during ip link set br7 mtu 1400)"

ip link add port master br7 type veth peer name far
for link in far port br7; do ip link set $link up; done
wait_until sh -c 'ip link show br7 | grep "state UP"'
up='br7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1400'
expect 'up, heard of forward_delay 500' "$up" "$(heard_of_br7_during ip link set br7 type bridge forward_delay 500)"
expect 'up, heard of forward_delay 500 once more' "$up" \
  "$(heard_of_br7_during ip link set br7 type bridge forward_delay 500)"
expect 'up, heard of group 6' "$up" "$(heard_of_br7_during ip link set br7 group 6)"
