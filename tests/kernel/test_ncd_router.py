"""A router built as NCD's own example is, run by `netstrata ncd`: a line, two networks, a filter, forwardings, clients.

pppd and dhcpd are stand-ins (tests/kernel/ncd_router); tests/kernel/machine/test_pppoe.py has the real pppd.
"""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import netstrata
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(400)]
HERE = Path(__file__).parent / "ncd_router"
SOURCES = Path(netstrata.__file__).parents[1]
SLOW_S = 60


class Router:
    """The router, between a network, servers and a provider that is a stand-in."""

    def __init__(self, lab: Lab, work: Path) -> None:
        self.host = lab.host("router")
        self.work = work
        for link in ("lan0", "srv0", "up0"):
            other = lab.host(f"beyond-{link}")
            lab.cable((self.host, link), (other, "eth0"))
            other.up("eth0")
        self.host.write("/etc/resolv.conf", "# the one that was there\n")
        for tool in ("iptables", "ip6tables"):
            self.host.run("sh", "-c", f"{tool}-save >/dev/null")

    def start(self) -> Child:
        """Start the program, and wait until all of it is up."""
        interpreter = self.work / "interpreter"
        interpreter.write_text(f'#!/bin/sh\nPYTHONPATH="{SOURCES}" exec "{sys.executable}" -m netstrata "$@"\n')
        interpreter.chmod(0o755)
        words = [sys.executable, "-m", "netstrata", "ncd", "--config-file", str(HERE / "router.ncd")]
        given = [str(self.work), str(HERE / "pppd"), str(HERE / "dhcpd"), str(interpreter)]
        daemon = self.host.start([*words, "--loglevel", "notice", "--", *given])
        daemon.wait_output("internet through ppp0\n", SLOW_S)
        daemon.wait_output("networks joined\n", SLOW_S)
        daemon.wait_output("control ready\n", SLOW_S)
        return daemon

    def ask(self, *words: str) -> str:
        """Ask the router's control server, as a program of NCD's does."""
        value = "{" + ", ".join(f'"{word}"' for word in words) + "}"
        command = f"'{sys.executable}' -m netstrata request 'unix:{self.work}/control.socket' '{value}'"
        return self.host.run("sh", "-c", command).strip()

    def rules(self, table: str) -> list[str]:
        """Return the policies, chains and rules of a table, without counters and addresses' `/32`."""
        lines = self.host.run("iptables", "-t", table, "-S").splitlines()
        return [line.replace("/32", "") for line in lines if line.startswith(("-A", "-N", "-P"))]


FILTER = [
    "-P INPUT ACCEPT",
    "-P FORWARD DROP",
    "-P OUTPUT ACCEPT",
    "-N INPUT_hostmodel_drop_lan0",
    "-N INPUT_hostmodel_drop_ppp0",
    "-N INPUT_hostmodel_drop_srv0",
    "-N INPUT_internet_drop",
]


def plain(host: Host) -> list[str]:
    """Return what the kernel holds, but for the links that stand-ins make."""
    return [line for line in host.kernel().splitlines() if "far-" not in line]


@pytest.fixture
def work() -> Iterator[Path]:
    """Return a folder whose name leaves room for those of sockets in it, whatever pytest's is."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def test_the_whole_router_stands_answers_and_leaves_nothing(lab: Lab, work: Path) -> None:
    router = Router(lab, work)
    host = router.host
    before = host.kernel()

    daemon = router.start()

    kernel = host.kernel()
    for line in (
        "addr 192.0.2.1/24 dev lan0",
        "addr 203.0.113.1/28 dev srv0",
        "addr 198.51.100.10 peer 198.51.100.1/32 dev ppp0",
        "route default via 198.51.100.1 dev ppp0 metric 20",
    ):
        assert line in kernel
    assert host.read("/etc/resolv.conf").splitlines()[1:2] == ["nameserver 127.0.0.1"]
    assert host.run("cat", "/proc/sys/net/ipv4/ip_forward") == "1\n"
    filter_ = router.rules("filter")
    assert sorted(line for line in filter_ if not line.startswith("-A")) == sorted(FILTER)
    assert filter_.count("-A INPUT -i ppp0 -j INPUT_internet_drop") == 1
    assert sum(" -j INPUT_hostmodel_drop_" in line for line in filter_) == 3
    assert sum("--ctstate NEW -j ACCEPT" in line for line in filter_) == 2
    assert "-A POSTROUTING -o ppp0 -j SNAT --to-source 198.51.100.10 --random" in router.rules("nat")
    assert "TCPMSS" in router.rules("mangle")[-1]
    called = work / "dhcpd.called"
    assert called.read_text() == f"-cf {work}/dhcpd-192.0.2.1.conf -lf {work}/dhcpd-192.0.2.1.leases lan0\n"
    assert (work / "dhcpd.config").read_text() == (
        "netmask 255.255.255.0 ;\noption routers 192.0.2.1 ;\nsubnet 192.0.2.0 ;\n"
    )

    assert router.ask("list") == "{}"
    assert router.ask("add", "tcp", "80", "192.0.2.20") == '{"ok", "Port forwarding added."}'
    daemon.wait_output("forwarding 80\n", SLOW_S)
    nat = router.rules("nat")
    assert "-A PREROUTING -i ppp0 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.0.2.20" in nat
    assert sum("CONNMARK" in line for line in nat) == 1
    again = router.ask("add", "tcp", "80", "192.0.2.21")
    assert again == '{"error", "Port forwarding conflicts with an existing forwarding."}'
    for bad in (
        ("add", "tcp", "eighty", "192.0.2.20"),
        ("add", "tcp", "80", "203.0.113.9"),
        ("rub", "1", "2", "3"),
        (),
    ):
        assert router.ask(*bad) == '{"error", "Bad request."}'
    assert router.ask("list") == '{{"tcp", "80", "192.0.2.20"}}'
    kept = work / "forwardings.ncdvalue"
    wait_until("it on disk", lambda: kept.read_text() == '{{"tcp", "80", "192.0.2.20"}}\n', SLOW_S)

    host.ip("link del ppp0")  # the line breaks, and pppd is started again
    daemon.wait_output("no internet\n", SLOW_S)
    wait_until("the internet again", lambda: daemon.output().count("internet through ppp0\n") == 2, SLOW_S)
    wait_until("the forwarding again", lambda: sum("DNAT" in line for line in router.rules("nat")) == 1, SLOW_S)

    assert router.ask("remove", "tcp", "80", "192.0.2.20") == '{"ok", "Port forwarding removed."}'
    assert router.ask("remove", "tcp", "80", "192.0.2.20") == '{"error", "Port forwarding does not exist."}'
    assert router.ask("add", "udp", "53", "192.0.2.53") == '{"ok", "Port forwarding added."}'
    assert daemon.end(SLOW_S) == 1

    assert plain(host) == before.splitlines()
    assert router.rules("filter") == ["-P INPUT ACCEPT", "-P FORWARD ACCEPT", "-P OUTPUT ACCEPT"]
    assert [line for table in ("nat", "mangle") for line in router.rules(table) if line.startswith(("-A", "-N"))] == []
    assert host.read("/etc/resolv.conf") == "# the one that was there\n"
    assert not called.exists()
    assert sorted(path.name for path in work.iterdir()) == [
        "dhcpd-192.0.2.1.leases", "dhcpd.config", "forwardings.ncdvalue", "interpreter",
    ]  # fmt: skip
    assert kept.read_text() == '{{"udp", "53", "192.0.2.53"}}\n'
    errors = [line for line in daemon.output().splitlines() if line.startswith("ERROR")]
    assert [line for line in errors if "ppp0" not in line] == []  # but for the line that broke

    daemon = router.start()
    daemon.wait_output("forwarding 53\n", SLOW_S)  # what was kept on disk
    assert daemon.end(SLOW_S) == 1
