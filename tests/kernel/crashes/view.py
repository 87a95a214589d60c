"""All that a host has that the program may hold, as text, and what was deleted meanwhile; by tools of others."""

import hashlib
import os
import re
import stat
from collections import Counter
from typing import Final, NamedTuple

from netstrata.testing.child import wait_until
from netstrata.testing.host import Host

_NOT_HELD: Final = "/run/netstrata/"  # is the daemon's own; nothing of it may be left at the end
# What the kernel makes, or changes, by itself and by chance: numbers, addresses of links, what is tentative.
_LOOK: Final = r"""
p() { sed "s/^/$1 /"; }
ip -o link show |
    sed -E 's/^[0-9]+: //; s/@[^:]*//; s/ *link\/ether.*brd [0-9a-f:]*//; s/ qdisc \S+//; s/ +/ /g' | p link
ip -o addr show | grep -v fe80: | sed -E 's/^[0-9]+: //; s/ (tentative|dadfailed)//g; s/ +/ /g; s/\\ .*//' | p addr
{ ip route show table all; ip -6 route show table all; } |
    grep -vE 'fe80|ff00|multicast|^local .*kernel|^broadcast|^anycast' |
    sed 's/ linkdown//; s/ *$//' | sort -u | p route
{ ip rule; ip -6 rule; } | p rule
{ ip neigh show nud permanent; ip -6 neigh show nud permanent; } | sort -u | p neigh
bridge -d -o link 2>/dev/null | sed -E 's/^[0-9]+: //; s/@[^:]*//; s/<[^>]*>//; s/ +/ /g' | p port
for name in SYSCTLS; do echo "sysctl $name $(cat /proc/sys/$(echo $name | tr . /) 2>/dev/null)"; done
nft -s list ruleset | sed 's/^[ \t]*//' | grep -v '^}*$' | p nft
"""
_SYSCTLS: Final = (
    "net.ipv4.ip_forward", "net.ipv4.ip_default_ttl", "net.ipv4.tcp_syncookies", "net.ipv4.ip_no_pmtu_disc",
    "net.ipv4.conf.eth0.rp_filter", "net.ipv4.conf.lan0.arp_ignore", "net.ipv4.conf.eth0.log_martians",
    "net.ipv6.conf.eth0.accept_ra", "net.ipv6.conf.lan0.accept_ra",
)  # fmt: skip
_BY_ITSELF: Final = (
    "fe80:",
    "ff00:",
    "STALE",
    "REACHABLE",
    "DELAY",
    "PROBE",
    "FAILED",
    "INCOMPLETE",
    "local ",
    "multicast",
)
_MARK: Final = "32123"  # the priority of a rule, and the name of a table, that say how far is told


class View(NamedTuple):
    """What there is."""

    lines: tuple[str, ...]  # kernel and files
    files: dict[str, tuple[str, int]]  # path: what it is, and its inode
    children: dict[str, int]  # command line: process id
    rules: dict[str, str]  # of nftables: handle, with family, table and chain: its text

    @property
    def held(self) -> list[str]:
        """What the program holds."""
        return [line for line in self.lines if _NOT_HELD not in line] + [f"child {name}" for name in self.children]

    def against(self, other: "View", whole: bool = False) -> list[str]:
        """Say what this one has that another has not (+), and the other way round (-)."""
        here, there = (Counter(one.lines if whole else one.held) for one in (self, other))
        if whole:
            here.update(self.children)
            there.update(other.children)
        return [f"+ {line}" for line in here - there] + [f"- {line}" for line in there - here]


def view(host: Host) -> View:
    """Look at everything now."""
    kernel = host.run("sh", "-c", _LOOK.replace("SYSCTLS", " ".join(_SYSCTLS))).splitlines()
    files = host.call(_files)
    lines = (*kernel, *(f"file {path} {what}" for path, (what, _) in sorted(files.items())))
    return View(lines, files, host.call(_children), _rules(host.run("nft", "-a", "list", "ruleset")))


def _files() -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    paths = [f"/etc/{name}" for name in os.listdir("/etc") if "resolv" in name]
    for path, folders, names in os.walk("/run"):
        folders[:] = [name for name in folders if not os.path.ismount(f"{path}/{name}")]
        paths += [f"{path}/{name}" for name in (*names, *folders)]
    for path in paths:
        status = os.lstat(path)
        found[re.sub("-saved-.*", "-saved", path)] = _look(path, status), status.st_ino
    return found


def _look(path: str, status: os.stat_result) -> str:
    what = stat.filemode(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        return f"{what} {os.readlink(path)}"
    if stat.S_ISREG(status.st_mode):
        with open(path, "rb") as file:
            return f"{what} {hashlib.md5(file.read()).hexdigest()}"
    return what


def _children() -> dict[str, int]:
    """Return what runs that is to be kept running, but for what that starts."""
    found: dict[str, int] = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if re.match(r"(/bin/sleep 7000001|/bin/sh -c trap|\S*dnsmasq )", words):
            found[f"{words} #{sum(name.startswith(words) for name in found)}"] = int(pid)
    return found


def _rules(ruleset: str) -> dict[str, str]:
    """Return the text of each rule of nftables, by what a monitor calls it."""
    found: dict[str, str] = {}
    table = chain = ""
    for line in map(str.strip, ruleset.splitlines()):
        words = line.split()
        if line.startswith("table "):
            table = " ".join(words[1:3])
        elif line.startswith(("chain ", "set ")):
            chain = words[1]
        elif " # handle " in line:
            text, _, handle = line.partition(" # handle ")
            text = re.sub(r"packets \d+ bytes \d+", "", text)
            found[f"{table} {chain} handle {handle}"] = f"{table} {chain} {text}"
    return found


def key_of(deletion: str) -> str:
    """Return what a line of a view begins with that is about what was deleted, "" if none is."""
    words = deletion.split()
    if words[0] == "nft":
        family_and_table, name = " ".join(words[2:4]), words[4] if len(words) > 4 else ""
        return {"table": f"nft table {family_and_table}", "element": "nft elements = { "}.get(
            words[1], f"nft {words[1]} {name}"
        )
    if words[0] == "dev" or words[0].startswith("ff0"):
        return ""  # what a bridge has learned, or a group
    if re.fullmatch(r"\d+:", words[0]):
        link = words[1].partition("@")[0].rstrip(":")
        if words[1].endswith(":"):
            return f"link {link}:" if " group " in deletion else f"port {link}:"
        if words[2] in ("inet", "inet6"):
            return f"addr {link} {words[2]} {words[3]}"
        return f"rule {words[0]}\t{' '.join(words[1:])}"
    if "lladdr" in words:
        return f"neigh {words[0]} {words[1]} {words[2]}"
    return f"route {' '.join(words)}"


class Deletions:
    """What is deleted on a host, told by `ip monitor` and `nft monitor`, which run all the time."""

    def __init__(self, host: Host) -> None:
        """Begin to listen, and wait until both do."""
        self._host = host
        self._monitors = [
            host.start(["ip", "-o", "monitor", "link", "address", "route", "rule", "neigh"]),
            host.start(["nft", "monitor"]),
        ]
        self._read = [0, 0]
        wait_until("who listens", self._hears)
        self.take()

    def take(self) -> list[str]:
        """Return what was deleted since the last time."""
        self._mark()
        wait_until("what was told", lambda: all(_MARK in told for told in self._told()))
        told = self._told()
        self._read = [seen + len(text) for seen, text in zip(self._read, told, strict=True)]
        ip = [line.removeprefix("Deleted ") for line in told[0].splitlines() if line.startswith("Deleted ")]
        nft = [f"nft {line.removeprefix('delete ')}" for line in told[1].splitlines() if line.startswith("delete ")]
        return [line for line in ip + nft if _MARK not in line and not any(word in line for word in _BY_ITSELF)]

    def _hears(self) -> bool:
        self._mark()
        return all(_MARK in told for told in self._told())

    def _told(self) -> list[str]:
        """Return what has been told and was not read; whole lines."""
        texts = (one.output()[seen:] for one, seen in zip(self._monitors, self._read, strict=True))
        return [text[: text.rfind("\n") + 1] for text in texts]

    def _mark(self) -> None:
        self._host.run(
            "sh", "-c",
            f"ip rule add priority {_MARK} table {_MARK}; ip rule del priority {_MARK}; "
            f"nft 'add table ip m{_MARK}; delete table ip m{_MARK}'",
        )  # fmt: skip
