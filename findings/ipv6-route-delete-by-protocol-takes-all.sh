#!/bin/sh
# The guess: a route is deleted by what it is: "ip -6 route del PREFIX proto bgp" takes the route that has the
# protocol bgp and leaves what static or ospf put there, as it does with IPv4; and what is deleted is announced as
# what it was.
# What really happens: IPv6 routes with one prefix and metric are joined into one multipath route, even if each was
# appended by itself with a protocol of its own. The protocol given with a delete only has to be that of one of them;
# then all go. There is one message, RTM_DELROUTE with the ways of all and with the one protocol asked for; nothing is
# said of the others. "ip -6 route show" hides it, too: it prints one protocol for all ways. Only a delete with "via"
# takes one way.
# Seen: Linux 6.18, iproute2 6.1.0-3 (Debian 12).
# Why it matters: two daemons that each add one way to a prefix (a static one and a routing daemon, say) share one
# route. The one that cleans up "its own" by protocol takes away the other's, and the other, if it listens for its own
# protocol, is not told. Delete with the gateway of your way (the device alone does not limit it either); take a
# DELROUTE for each of the ways that it lists.
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

prefix=2001:db8:9::/48
to() { ip -6 route show $prefix | sed 's/ dev near.*//; s/\t/  /'; }
add_ways() {
  ip -6 route add $prefix via 2001:db8:1::2 proto static
  ip -6 route append $prefix via 2001:db8:1::3 proto bgp
  ip -6 route append $prefix via 2001:db8:1::4 proto ospf
}

ip -V
ip link add near type veth peer name far
ip link set near up
ip link set far up
ip address add 2001:db8:1::1/64 dev near nodad
ip address add 192.0.2.1/24 dev near

add_ways
expect 'added with proto static, bgp, ospf; shown' "$prefix proto static metric 1024 pref medium
  nexthop via 2001:db8:1::2
  nexthop via 2001:db8:1::3
  nexthop via 2001:db8:1::4" "$(to)"
expect 'after del via 2001:db8:1::3' "$prefix proto static metric 1024 pref medium
  nexthop via 2001:db8:1::2
  nexthop via 2001:db8:1::4" "$(ip -6 route del $prefix via 2001:db8:1::3; to)"
ip -6 route del $prefix proto static

add_ways
# Messages come in the order of the changes: IPv4 routes mark begin and end.
ip monitor route > news &
wait_until sh -c \
  'ip route add 192.0.2.64/26 dev near; ip route del 192.0.2.64/26; grep -q "^Deleted 192.0.2.64/26" news'
ip -6 route del $prefix proto bgp
ip route add 192.0.2.128/25 dev near
wait_until grep -q '^192.0.2.128/25' news
expect 'after del proto bgp' '' "$(to)"
expect 'messages of it' "Deleted $prefix proto bgp metric 1024 pref medium" "$(grep "$prefix" news)"
expect 'ways in it' '2001:db8:1::2 2001:db8:1::3 2001:db8:1::4 ' \
  "$(grep -o 'nexthop via [^ ]*' news | cut -d ' ' -f 3 | sort | tr '\n' ' ')"

ip route add 198.51.100.0/24 via 192.0.2.2 proto static
ip route append 198.51.100.0/24 via 192.0.2.3 proto bgp
ip route del 198.51.100.0/24 proto bgp
expect 'IPv4, static and bgp, after del proto bgp' '198.51.100.0/24 via 192.0.2.2 dev near proto static ' \
  "$(ip route show 198.51.100.0/24)"
