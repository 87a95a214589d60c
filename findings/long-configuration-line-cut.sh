#!/bin/sh
# The guess: a line of a configuration file may be as long as need be (a list of servers, of
# frequencies), or a line that is too long is refused with its number.
# What really happens: dnsmasq reads 1024 bytes at most and takes what is behind them for the
# next line. In a comment the rest becomes an option and is obeyed; the numbers of the lines in
# its messages count one more. wpa_supplicant reads fewer than 2000 bytes and throws away what
# is behind them, in the middle of a number if need be, and goes on with the number that is
# left: of "... 5397 5398 5399 ..." it kept "... 5397 539". It says once that a line was
# truncated, not which, and runs. "dnsmasq --test" complains only if the rest is no option that
# it knows.
# Seen: dnsmasq 2.90-4~deb12u2, wpasupplicant 2:2.10-12+deb12u3 (Debian 12).
# Why it matters: who writes these files writes lists of any length. Measure each line before it
# is written, break it up where the format has a way to, and refuse it otherwise; keep comments,
# too, under the limit, or fold them. That the daemon started proves nothing.
set -eu
seen='dnsmasq 2.90-4~deb12u2, wpasupplicant 2:2.10-12+deb12u3'
pinned='
  dnsmasq-base=2.90-4~deb12u2 libdbus-1-3=1.14.10-1~deb12u1 libidn2-0=2.3.3-1+b1 libunistring2=1.0-2
  libnetfilter-conntrack3=1.0.9-3 libnfnetlink0=1.0.2-2 libnettle8=3.8.1-2 libhogweed6=3.8.1-2
  libgmp10=2:6.2.1+dfsg1-1.1 libnftables1=1.0.6-2+deb12u2 libmnl0=1.0.4-3 libnftnl11=1.2.4-2
  libxtables12=1.8.9-2 libjansson4=2.14-2 wpasupplicant=2:2.10-12+deb12u3 libnl-3-200=3.7.0-0.2+b1
  libnl-genl-3-200=3.7.0-0.2+b1 libnl-route-3-200=3.7.0-0.2+b1 libpcsclite1=1.9.9-2 libreadline8=8.2-1.3
  libtinfo6=6.4-4 libssl3=3.0.20-1~deb12u2 iproute2=6.1.0-3 libbpf1=1:1.1.2-0+deb12u1 libelf1=0.188-2.1
  libbsd0=0.11.7-2 libmd0=1.0.4-2 libcap2=1:2.66-4+deb12u3+b1'

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

# comment COUNT: a comment line that is so many bytes long, without its end.
comment() { printf '# '; head -c $(($1 - 2)) /dev/zero | tr '\0' x; }
check() { dnsmasq --test -C "$1" 2>&1 | grep .; }

dnsmasq --version | head -1
wpa_supplicant -v | head -1

{ comment 1024; echo cache-size=nonsense; } > one-line.conf
expect 'dnsmasq, one line: 1024 bytes of comment, "cache-size=nonsense"' \
  'dnsmasq: error at line 2 of one-line.conf' "$(check one-line.conf)"
{ comment 1000; echo cache-size=nonsense; } > one-line.conf
expect 'dnsmasq, one line: 1000 bytes of comment, "cache-size=nonsense"' \
  'dnsmasq: syntax check OK.' "$(check one-line.conf)"

ip link set lo up
{ comment 1024; echo cache-size=77; } > obeyed.conf
dnsmasq --keep-in-foreground --conf-file=obeyed.conf --log-facility="$PWD/dnsmasq.log" \
  --no-resolv --no-hosts --pid-file= --user=root &
wait_until grep started dnsmasq.log
expect 'dnsmasq, one line: 1024 bytes of comment, "cache-size=77"' 'started, version 2.90 cachesize 77' \
  "$(grep -o 'started, .*' dnsmasq.log)"

cat > supplicant.conf << EOF
ctrl_interface=$PWD/control
ap_scan=0
network={
 key_mgmt=NONE
 freq_list=$(seq -s ' ' 5001 5500)
}
EOF
ip link add left type veth peer name right
ip link set left up
wpa_supplicant -D wired -i left -c supplicant.conf > supplicant.log 2>&1 &
wait_until wpa_cli -p control -s "$PWD" -i left ping
expect 'wpa_supplicant, freq_list=5001 5002 ... 5499 5500: the last three numbers' '5396 5397 539' \
  "$(wpa_cli -p control -s "$PWD" -i left get_network 0 freq_list | grep -o '[0-9]* [0-9]* [0-9]*$')"
expect 'wpa_supplicant says' 'Long line in configuration file truncated' "$(grep -i long supplicant.log)"
