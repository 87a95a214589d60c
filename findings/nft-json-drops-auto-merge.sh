#!/bin/sh
# The guess: what nft lists as JSON is the whole ruleset, as its text is, so "nft -j list ruleset" and "nft -j -f" are
# as good for saving and restoring as text: the format has keys for all of it.
# What really happens: auto-merge of a set and the comments of tables, sets and chains are left out of the JSON, though
# the text has them; those of rules and elements are there. Restoring ends with exit status 0. The set that comes back
# looks the same but for the word auto-merge, and refuses what it took before: an element that overlaps with one that is
# there.
# Seen: nftables 1.0.6-2+deb12u2 (Debian 12), Linux 6.18.
# Why it matters: programs prefer the JSON, as it need not be taken apart. A firewall that is saved by one and restored
# at boot fails days later, when somebody blocks an address of a network that is blocked already, and whoever tells his
# own things by their comments finds none of them. Save text, or compare the text before and after.
set -eu
seen='nftables 1.0.6-2+deb12u2'
pinned='
  nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2 libxtables12=1.8.9-2 libnftnl11=1.2.4-2 libmnl0=1.0.4-3
  libjansson4=2.14-2 libedit2=3.1-20221030-2 libgmp10=2:6.2.1+dfsg1-1.1 libtinfo6=6.4-4
  libbsd0=0.11.7-2 libmd0=1.0.4-2'

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

nft --version
nft -f - << 'RULESET'
table ip filter {
    comment "of the table"
    set blocked {
        type ipv4_addr
        flags interval
        auto-merge
        comment "of the set"
        elements = { 192.0.2.0/24 comment "of the element" }
    }
    chain input {
        comment "of the chain"
        type filter hook input priority 0; policy accept;
        ip saddr @blocked drop comment "of the rule"
    }
}
RULESET
words() { nft list ruleset | grep -oE 'auto-merge|"of the [a-z]+"'; }

expect 'the text has' 'auto-merge
"of the table"
"of the set"
"of the element"
"of the chain"
"of the rule"' "$(words | awk '/auto/ { print; next } { rest = rest "\n" $0 } END { print substr(rest, 2) }')"
nft add element ip filter blocked '{ 192.0.2.7 }' && printf 'an element that overlaps is added\n'

nft -j list ruleset > saved.json
nft flush ruleset
status=0
nft -j -f saved.json > restored 2>&1 || status=$?
expect 'restored from JSON: exit status, bytes said' '0 0' "$status $(($(wc -c < restored)))"
expect 'the text has then' '"of the element"
"of the rule"' "$(words)"
status=0
nft add element ip filter blocked '{ 192.0.2.7 }' 2> errors || status=$?
expect 'an element that overlaps: exit status' 1 "$status"
expect 'and why' 'interval overlaps with an existing one' "$(sed -n '1s/.*Error: //p' errors)"
