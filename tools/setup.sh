# shellcheck shell=sh
# Sourced by ./check and ./demo, in the root of the checkout: makes .venv and installs what is missing.
# setup_all LEVEL; level "run" is what the demo needs, "develop" is that and the tools of ./check.
# All it says goes to standard error.  The second time it takes no time: .setup-done says for what it was run.

PATH=$PATH:/usr/sbin:/sbin
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1
unset PYTHONDONTWRITEBYTECODE  # without its bytecode each daemon of a test takes three times as long to start

say() { printf '%s\n' "$*" >&2; }

# as_root COMMAND... : as root if that can be had, else status 1.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then sudo "$@"
  else return 1
  fi
}

can_be_root() { as_root true 2>/dev/null; }

# install_packages PACKAGE... : with apt, if there is one and we may.
install_packages() {
  if ! command -v apt-get >/dev/null; then
    say "missing: $* (Debian's names); please install them, this is not a Debian system"
    return 1
  elif ! can_be_root; then
    say "missing: $*; neither root nor sudo, so please install them:  apt-get install $*"
    return 1
  fi
  say "installing $*"
  as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 && return
  as_root apt-get update -qq >&2
  as_root apt-get install -y -qq --no-install-recommends "$@" >&2
}

missing_packages() {
  sed 's/#.*//' packages.txt | while read -r package command _; do
    [ -z "$package" ] || command -v "$command" >/dev/null || printf '%s\n' "$package"
  done
}

setup_python() {
  if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    say "error: Netstrata needs python3, 3.11 or later; found: $(python3 --version 2>&1)"
    return 1
  fi
  if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    install_packages python3-venv || return
  fi
  if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    say "making .venv"
    python3 -m venv --clear .venv || return
  fi
  say "installing Python packages into .venv"
  case $1 in
    run) PIP_CONSTRAINT=constraints.txt .venv/bin/python -m pip install -qq -e '.[console,tui]' >&2 ;;
    *) PIP_CONSTRAINT=constraints.txt .venv/bin/python -m pip install -qq -e '.[dev,console,tui]' >&2 ;;
  esac
}

# setup_javascript: what the console's page is checked with, by the node of .venv and the versions of package-lock.json.
setup_javascript() {
  say "installing JavaScript packages into tools/javascript"
  (cd tools/javascript && PATH=$OLDPWD/.venv/bin:$PATH npm ci --silent >&2)
}

# needed_by PACKAGE : the packages that apt would install for it here.  Libraries have other names in each Debian.
needed_by() {
  apt-get install -s -qq --no-install-recommends "$1" 2>/dev/null | awk '$1 == "Inst" && $3 !~ /^\[/ { print $2 }'
}

# unpack PACKAGE : below .peers, unless it is there.
unpack() {
  [ -d ".peers/$1/usr" ] && return
  rm -rf ".peers/$1"; mkdir -p ".peers/$1"
  (
    cd ".peers/$1" || exit
    apt-get -o APT::Sandbox::User=root download "$1" >/dev/null 2>&1 ||
      { as_root apt-get update -qq >&2; apt-get -o APT::Sandbox::User=root download "$1" >/dev/null 2>&1; }
    for deb in *.deb; do [ ! -f "$deb" ] || dpkg-deb -x "$deb" . ; done
    for folder in bin sbin lib; do   # these are links into /usr on today's Debian
      [ ! -d "$folder" ] || { mkdir -p "usr/$folder"; cp -a "$folder/." "usr/$folder"; }
    done
  )
  [ -d ".peers/$1/usr" ] || say "cannot unpack $1; the tests that need it will be skipped"
}

# unpack_peers PACKAGE... : with what they need, without installing them: programs that would change this machine.
unpack_peers() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return
  for peer; do
    unpack "$peer"   # which reads apt's lists, if there are none
    for package in $(needed_by "$peer"); do unpack "$package"; done
  done
}

peers='openresolv resolvconf systemd-resolved network-manager connman systemd wpasupplicant hostapd openssh-server
  kea-dhcp4-server kea-dhcp6-server isc-dhcp-server isc-dhcp-client radvd'

setup_all() {
  setup_for=$({ pwd; python3 --version; cat pyproject.toml constraints.txt tools/setup.sh tools/javascript/package-lock.json; } 2>&1 | sha256sum)
  setup_missing=$(missing_packages)
  # One word for each package.  What we may not install, the tests that need it name again.
  # shellcheck disable=SC2086
  [ -z "$setup_missing" ] || install_packages $setup_missing || say "going on without"
  if [ -x .venv/bin/python ] && [ -f .setup-done ]; then
    case $(cat .setup-done) in
      "$1 $setup_for" | "develop $setup_for") return ;;
    esac
  fi
  setup_python "$1" || return
  [ "$1" != develop ] || setup_javascript || return
  # One word for each.
  # shellcheck disable=SC2086
  [ "$1" != develop ] || unpack_peers $peers
  printf '%s\n' "$1 $setup_for" > .setup-done
}
