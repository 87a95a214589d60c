#!/bin/sh
# The guess: iptables-nft and nft share their tables, so a rule that iptables-nft cannot show is either marked as such
# or refused, as it does with many ("incompatible, use 'nft' tool", or "Parsing nftables rule failed" with an exit
# status that is not 0).
# What really happens: of a rule that nft made with a set, the match is left out and the rest is shown as a whole
# rule, without a word and with exit status 0. "ip saddr { 192.0.2.1, 192.0.2.2 } drop" is listed and saved as "-j
# DROP", which reads as: drop everything. Of a map of verdicts the verdicts are missing, of "ip ttl set 5" the whole
# statement. What was saved is valid for iptables-nft-restore, which then makes that other rule: the set is gone from
# the ruleset.
# Seen: iptables 1.8.9-2, nftables 1.0.6-2+deb12u2 (Debian 12), Linux 6.18.
# Why it matters: "iptables-save", change, "iptables-restore" is how many tools add a rule to somebody else's table.
# In a table that nft writes to, too, this turns two refused addresses into a host that refuses everybody. Read such a
# table with nft; take neither the exit status nor the text of iptables-save for a proof that all of it was
# understood.
set -eu
seen='iptables 1.8.9-2 (nf_tables), nftables 1.0.6-2+deb12u2'
pinned='
  iptables=1.8.9-2 nftables=1.0.6-2+deb12u2 libnftables1=1.0.6-2+deb12u2 libxtables12=1.8.9-2 libnftnl11=1.2.4-2
  libmnl0=1.0.4-3 libjansson4=2.14-2 libedit2=3.1-20221030-2 libgmp10=2:6.2.1+dfsg1-1.1 libtinfo6=6.4-4
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

XTABLES_LIBDIR=$(echo "$PWD"/usr/lib/*-linux-gnu/xtables)
export XTABLES_LIBDIR
iptables() { xtables-nft-multi iptables "$@"; }
rules() { grep '^-A' "$1"; }

# listed RULE...: makes it with nft as the only one, prints what iptables lists.
listed() {
  nft flush chain ip filter INPUT
  nft add rule ip filter INPUT "$@"
  iptables -S INPUT > listed 2> errors
  [ ! -s errors ] || cat errors
  rules listed
}

iptables -V
nft --version
nft add table ip filter
nft 'add chain ip filter INPUT { type filter hook input priority 0; policy accept; }'

expect 'nft: ip ttl set 5, iptables -S' '-A INPUT' "$(listed 'ip ttl set 5')"
expect 'nft: tcp dport vmap { 22 : drop, 23 : accept }, iptables -S' '-A INPUT -p tcp' \
  "$(listed 'tcp dport vmap { 22 : drop, 23 : accept }')"
expect 'nft: ip saddr { 192.0.2.1, 192.0.2.2 } drop, iptables -S' '-A INPUT -j DROP' \
  "$(listed 'ip saddr { 192.0.2.1, 192.0.2.2 } drop')"

status=0
xtables-nft-multi iptables-save > saved 2> errors || status=$?
expect 'iptables-save: exit status, bytes of errors' '0 0' "$status $(($(wc -c < errors)))"
expect 'iptables-save: the rules' '-A INPUT -j DROP' "$(rules saved)"

xtables-nft-multi iptables-restore < saved
nft list chain ip filter INPUT > after
expect 'nft after iptables-save and iptables-restore: rules' 'counter packets 0 bytes 0 drop' \
  "$(sed -n 's/^\t\t\(counter\|ip saddr\)/\1/p' after)"
