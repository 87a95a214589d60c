#!/bin/sh
# The guess: wpa_supplicant and hostapd are two halves of one program, built from one source and released
# together; a line "ssid=..." that both take names the same network in both.
# What really happens: each reads it in a way of its own, and neither complains. For wpa_supplicant quotes
# mark a text and are taken off; what has none is a hexadecimal number. For hostapd "ssid" is the rest of
# the line as it stands: quotes become part of the name, and hexadecimal digits are just letters. So
# ssid="cafe" is 4 bytes in wpa_supplicant and 6 in hostapd, and ssid=cafe is the 2 bytes ca fe in
# wpa_supplicant and the 4 letters in hostapd. (hostapd has another word, ssid2, which reads as
# wpa_supplicant does.)
# Seen: wpasupplicant and hostapd 2:2.10-12+deb12u3 (Debian 12); no radio needed: driver "wired" and driver
# "none".
# Why it matters: whoever writes both files with one function makes an access point that his own clients do
# not find, and both daemons start and say that all is well. Write the name in hexadecimal, as ssid for
# wpa_supplicant and as ssid2 for hostapd; compare bytes, not lines.
set -eu
seen='wpasupplicant and hostapd 2:2.10-12+deb12u3'
pinned='
  wpasupplicant=2:2.10-12+deb12u3 libnl-3-200=3.7.0-0.2+b1 libnl-genl-3-200=3.7.0-0.2+b1
  libnl-route-3-200=3.7.0-0.2+b1 libpcsclite1=1.9.9-2 libreadline8=8.2-1.3 libtinfo6=6.4-4
  libssl3=3.0.20-1~deb12u2 libdbus-1-3=1.14.10-1~deb12u1 hostapd=2:2.10-12+deb12u3 iproute2=6.1.0-3
  libbpf1=1:1.1.2-0+deb12u1 libelf1=0.188-2.1 libmnl0=1.0.4-3 libbsd0=0.11.7-2 libmd0=1.0.4-2
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

# supplicant LINE: the name of the network as wpa_supplicant holds it.
supplicant() {
  printf '%s\n' "ctrl_interface=$PWD/control" ap_scan=0 'network={' "$1" key_mgmt=NONE '}' > supplicant.conf
  wpa_supplicant -D wired -i left -c supplicant.conf > supplicant.log 2>&1 &
  wait_until wpa_cli -p control -s "$PWD" -i left ping
  wpa_cli -p control -s "$PWD" -i left get_network 0 ssid
  kill $!
  wait $! || :
}

# access_point LINE: the name of the network as hostapd holds it; hostapd_cli writes a quote as \".
access_point() {
  printf '%s\n' interface=right driver=none "ctrl_interface=$PWD/control" "$1" > access_point.conf
  hostapd access_point.conf > access_point.log 2>&1 &
  wait_until hostapd_cli -p control -s "$PWD" -i right ping
  hostapd_cli -p control -s "$PWD" -i right status | sed -n 's/^ssid\[0\]=//p'
  kill $!
  wait $! || :
}

wpa_supplicant -v | head -1
hostapd -v 2>&1 | head -1
ip link add left type veth peer name right
ip link set left up
ip link set right up

# wpa_cli puts what can be read in quotes, anything else is hexadecimal.
expect 'wpa_supplicant, ssid="cafe": 4 letters' '"cafe"' "$(supplicant 'ssid="cafe"')"
expect 'wpa_supplicant, ssid=cafe: 2 bytes' 'cafe' "$(supplicant 'ssid=cafe')"
expect 'wpa_supplicant, ssid=63616665: 4 letters' '"cafe"' "$(supplicant 'ssid=63616665')"
expect 'hostapd, ssid="cafe": 6 letters, two of them quotes' '\"cafe\"' "$(access_point 'ssid="cafe"')"
expect 'hostapd, ssid=cafe: 4 letters' 'cafe' "$(access_point 'ssid=cafe')"
expect 'hostapd, ssid=63616665: 8 letters' '63616665' "$(access_point 'ssid=63616665')"
expect 'hostapd, ssid2="cafe": 4 letters' 'cafe' "$(access_point 'ssid2="cafe"')"
expect 'hostapd, ssid2=63616665: 4 letters' 'cafe' "$(access_point 'ssid2=63616665')"
