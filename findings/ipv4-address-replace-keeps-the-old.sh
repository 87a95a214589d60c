#!/bin/sh
# The guess: "ip address replace" makes the address as it is written, as "ip route replace" does
# with a route: after exit status 0 it has the broadcast address, the label and the scope that were
# given.
# What really happens: if the IPv4 address is there, only its lifetimes and its metric are taken
# over. A new broadcast address, label or scope is passed over without an error, without a warning
# (extended ack), with exit status 0; and a message RTM_NEWADDR goes out that shows the old ones.
# The metric, in the same request, is taken over: half of one request is carried out.
# Seen: Linux 6.18, iproute2 6.1.0-3 (Debian 12).
# Why it matters: a tool that sends NLM_F_REPLACE and takes "no error" for "now it is so" holds
# something that is not there, for ever if it compares nothing, and in an endless loop if it mends
# each difference that it reads with one more replace. For these three delete the address and add it
# again (which takes its routes away, too, for a moment), and after each replace compare what
# RTM_NEWADDR says with what was asked for.
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

address() { ip -4 -o address show dev near | sed 's/.*\(inet .*\)\\.*valid_lft \(.*\) pref.*/\1 valid \2/; s/  */ /g'; }

ip -V
ip link add near type veth peer name far
ip link set near up
ip link set far up
ip address add 192.0.2.1/24 broadcast 192.0.2.255 metric 100 dev near
expect 'before' 'inet 192.0.2.1/24 metric 100 brd 192.0.2.255 scope global near valid forever' "$(address)"

ip monitor address > news &
wait_until sh -c 'ip address replace 198.51.100.1/32 dev far && grep -q 198.51.100.1 news'
status=0
ip address replace 192.0.2.1/24 broadcast 192.0.2.127 label near:1 scope link metric 200 \
  valid_lft 5000 preferred_lft 5000 dev near 2> errors || status=$?
expect 'replace with brd 192.0.2.127 label near:1 scope link metric 200, valid 5000 s: exit status, bytes of errors' \
  '0 0' "$status $(($(wc -c < errors)))"
expect 'after: the metric and the lifetime only' \
  'inet 192.0.2.1/24 metric 200 brd 192.0.2.255 scope global dynamic near valid 5000sec' \
  "$(address | sed 's/499[0-9]sec/5000sec/')"
wait_until grep -q 192.0.2.1/24 news
expect 'announced' 'inet 192.0.2.1/24 metric 200 brd 192.0.2.255 scope global dynamic near' \
  "$(sed -n 's/.*\(inet 192.0.2.1.*\)/\1/p' news)"
