"""Name servers of a link in systemd-resolved: set, kept, ranked, and put back as they were.

Seen with systemd-resolved 252: over D-Bus it tells of changed servers (PropertiesChanged of its manager, "DNS"), not of
changed domains or switches; /run/systemd/resolve/netif/3 has them after each call, and over its restart.
"""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.kernel.dns.private import run, until
from tests.kernel.dns.resolve1 import STUB, Resolve1, of_link
from tests.system.killed import killed, live_on

from netstrata.ports import Gateway
from netstrata.ports.dns import LinkServers
from netstrata.system.children import RealChildren
from netstrata.system.dns import DnsPort, PerLink, ResolverConfiguration
from netstrata.system.gateways import RankedGateways
from netstrata.system.held import NO_RECOVERY, Recovery
from netstrata.system.netlink import Netlink
from netstrata.system.output.standard_output import StandardOutput
from netstrata.testing.heard import Heard
from netstrata.values import Unavailable

pytestmark = pytest.mark.kernel


def servers(
    link: str = "eth0", *, domains: str = "", search: str = "", default: bool = True, **switches: str
) -> LinkServers:
    words = [word.encode().split() for word in (domains, search)]
    return LinkServers(link, [b"198.51.100.1", b"2001:db8::1"], words[0], words[1], default, switches)


class Ports:
    """All that a daemon has for name servers, over the real kernel."""

    def __init__(self, recovery: Recovery = NO_RECOVERY) -> None:
        self.netlink = Netlink(recovery=recovery)
        self.gateways = RankedGateways(self.netlink)
        general = ResolverConfiguration(RealChildren(StandardOutput()), recovery=recovery)
        per_link = PerLink(general, lambda: self.gateways, self.netlink.monitor.wait_queues, recovery)
        self._dns = DnsPort(general, per_link=per_link)

    def dns(self, who: Heard | None = None) -> DnsPort:
        return self._dns.on_behalf_of(who or Heard())


def within(story: Callable[[Ports], Awaitable[None]]) -> None:
    async def run_story() -> None:
        async with asyncio.timeout(60):
            await story(Ports())

    asyncio.run(run_story())


async def soon(holds: Callable[[], bool]) -> None:
    await asyncio.to_thread(until, holds)


def test_servers_domains_and_switches_are_set_and_go(etc: Path, resolve1: Resolve1) -> None:
    before = of_link()
    inode = (etc / "resolv.conf").lstat().st_ino

    async def story(ports: Ports) -> None:
        wanted = servers(domains="corp.example", search="lab.example", default=False, mdns="on", llmnr="off")
        async with ports.dns().held_servers(wanted, 10):
            assert of_link() == {
                "Default": "no",
                "DNS Servers": "198.51.100.1 2001:db8::1",
                "DNS Domain": "lab.example ~corp.example",
                "Protocols": "-LLMNR +mDNS -DNSOverTLS DNSSEC=no/unsupported",
            }
            assert (etc / "resolv.conf").lstat().st_ino == inode  # it asks the stub as it is

    within(story)

    assert of_link() == before
    assert os.readlink(etc / "resolv.conf") == STUB
    assert os.listdir("/run/systemd/resolve/netif") == []


def test_what_others_had_set_of_the_link_comes_back(etc: Path, resolve1: Resolve1) -> None:
    run("resolvectl", "dns", "eth0", "192.0.2.7")
    run("resolvectl", "domain", "eth0", "theirs.example")
    run("resolvectl", "llmnr", "eth0", "no")
    before = of_link()

    async def story(ports: Ports) -> None:
        async with ports.dns().held_servers(servers(mdns="on"), 10):
            assert of_link()["DNS Servers"] == "198.51.100.1 2001:db8::1"
            assert "-LLMNR +mDNS" in of_link()["Protocols"]

    within(story)

    assert of_link() == before


def test_what_somebody_changes_is_set_again_and_told_with_pauses_that_grow(etc: Path, resolve1: Resolve1) -> None:
    async def story(ports: Ports) -> None:
        heard = Heard()
        async with ports.dns(heard).held_servers(servers(domains="corp.example", default=True), 10):
            mine = of_link()
            for command in (("dns", "eth0", "192.0.2.7"), ("domain", "eth0", "x.example"), ("revert", "eth0")):
                await asyncio.to_thread(run, "resolvectl", *command)
                await soon(lambda: of_link() == mine)
        assert [line.partition(" by ")[0].partition("given another ")[2] for line in heard.lines] == [
            "servers for eth0",
            "domains for eth0",
            "servers, domains, default route for eth0",
        ]
        assert [line.rpartition("again for ")[2] for line in heard.lines] == ["1 s)", "2 s)", "4 s)"]
        assert heard.losses == []

    within(story)


@pytest.mark.parametrize("forgets", [False, True])
def test_it_may_be_started_again(etc: Path, resolve1: Resolve1, forgets: bool) -> None:
    async def story(ports: Ports) -> None:
        heard = Heard()
        async with ports.dns(heard).held_servers(servers(), 10):
            mine = of_link()
            resolve1.end()
            if forgets:
                shutil.rmtree("/run/systemd/resolve/netif")
            await asyncio.to_thread(resolve1.start)
            await soon(lambda: of_link() == mine)
        assert heard.losses == []

    within(story)

    assert "DNS Servers" not in of_link()


def test_one_that_stays_away_takes_the_statement_down_and_one_that_comes_takes_over(
    etc: Path, resolve1: Resolve1, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netstrata.system.dns.per_link.GONE_S", 0.5)

    async def story(ports: Ports) -> None:
        heard = Heard()
        holding = ports.dns(heard).held_servers(servers(), 10)
        await holding.__aenter__()
        resolve1.end()
        await soon(lambda: len(heard.losses) == 1)
        assert "does not run any more" in str(heard.losses[0])
        await holding.__aexit__(None, None, None)
        await holding.__aenter__()
        assert (etc / "resolv.conf").read_text().splitlines()[1:3] == [
            "nameserver 198.51.100.1",
            "nameserver 2001:db8::1",
        ]
        await asyncio.to_thread(resolve1.start)
        await soon(lambda: len(heard.losses) == 2)
        assert "runs now" in str(heard.losses[1])
        await holding.__aexit__(None, None, None)

    within(story)
    assert os.readlink(etc / "resolv.conf") == STUB


def test_without_it_domains_with_servers_of_their_own_cannot_be_had(etc: Path, resolve1: Resolve1) -> None:
    resolve1.end()

    async def story(ports: Ports) -> None:
        with pytest.raises(Unavailable, match=r"names in corp\.example asked over eth0: systemd-resolved does not run"):
            await ports.dns().held_servers(servers(domains="corp.example", default=False), 10).__aenter__()

    within(story)
    assert os.readlink(etc / "resolv.conf") == STUB


def test_one_that_does_not_answer_holds_nobody_up(etc: Path, resolve1: Resolve1, tmp_path: Path) -> None:
    async def story(ports: Ports) -> None:
        heard = Heard()
        holding = ports.dns(heard).held_servers(servers(), 10)
        await holding.__aenter__()
        os.kill(resolve1.pid, signal.SIGSTOP)
        async with asyncio.timeout(5):
            with pytest.raises(Unavailable, match="has not answered within 1 s"):
                await ports.dns().held_servers(servers("wlan0"), 10).__aenter__()
            await holding.__aexit__(None, None, None)
        assert any("has not answered within 1 s; ignoring" in line for line in heard.lines)

    within(story)


def test_a_link_that_goes_takes_its_servers_down(etc: Path, resolve1: Resolve1) -> None:
    async def story(ports: Ports) -> None:
        heard = Heard()
        async with ports.dns(heard).held_servers(servers(), 10):
            await asyncio.to_thread(run, "ip", "link", "del", "eth0")
            await soon(lambda: len(heard.losses) == 1)
        assert heard.lines == []
        with pytest.raises(Unavailable, match="eth0"):
            await ports.dns().held_servers(servers(), 10).__aenter__()

    within(story)


def test_names_of_no_domain_are_asked_of_the_best_link_alone(etc: Path, resolve1: Resolve1) -> None:
    async def story(ports: Ports) -> None:
        first, second = servers(), servers("wlan0", search="lab.example")
        async with ports.dns().held_servers(first, 10):
            async with ports.dns().held_servers(second, 10):
                assert (of_link()["DNS Domain"], of_link("wlan0")["DNS Domain"]) == ("~.", "lab.example")
            async with ports.dns().held_servers(second, 9):
                assert (of_link().get("DNS Domain"), of_link("wlan0")["DNS Domain"]) == (None, "lab.example ~.")
                async with ports.dns().held_lines([b"nameserver 192.0.2.9"], 1):
                    await soon(lambda: of_link("wlan0")["DNS Domain"] == "lab.example")
                    await soon(lambda: "nameserver 127.0.0.53" in (etc / "resolv.conf").read_text())
                    lines = (etc / "resolv.conf").read_text().splitlines()
                    assert lines[1:4] == ["nameserver 127.0.0.53", "options edns0 trust-ad", "nameserver 192.0.2.9"]
                await soon(lambda: of_link("wlan0")["DNS Domain"] == "lab.example ~.")
            await soon(lambda: of_link().get("DNS Domain") == "~.")

    within(story)
    assert os.readlink(etc / "resolv.conf") == STUB


def test_of_equal_ones_those_of_the_preferred_uplink_are_asked(etc: Path, resolve1: Resolve1) -> None:
    """Seen with 252: of two links that may be asked for all names both are, and the first answer counts."""
    run("ip", "addr", "add", "198.51.100.2/24", "dev", "eth0")
    run("ip", "addr", "add", "203.0.113.2/24", "dev", "wlan0")

    async def story(ports: Ports) -> None:
        def uplink(link: str, network: int, preference: int) -> Gateway:
            return Gateway(link, 4, bytes((*network.to_bytes(3, "big"), 1)), preference, "ethernet")

        cable = ports.gateways.watch(uplink("eth0", 0xC63364, 20), Heard())
        radio = ports.gateways.watch(uplink("wlan0", 0xCB0071, 10), Heard())
        assert await anext(cable)
        async with ports.dns().held_servers(servers(), 10), ports.dns().held_servers(servers("wlan0"), 10):
            assert of_link()["DNS Domain"] == "~."
            assert await anext(radio)
            await soon(lambda: of_link("wlan0").get("DNS Domain") == "~." and "DNS Domain" not in of_link())
            await radio.aclose()
            await soon(lambda: of_link().get("DNS Domain") == "~.")
        await cable.aclose()

    within(story)


def answering(link: str, network: str, answer: str) -> "subprocess.Popen[bytes]":
    """Have somebody at the other end of a link who answers all names with one address."""
    far = f"{link}-far"
    run("ip", "netns", "add", far)
    run("ip", "link", "set", far, "netns", far)
    run("ip", "-n", far, "addr", "add", f"{network}.1/24", "dev", far)
    run("ip", "-n", far, "link", "set", far, "up")
    run("ip", "addr", "add", f"{network}.2/24", "dev", link)
    words = (
        "--conf-file=/dev/null",
        "--keep-in-foreground",
        "--no-resolv",
        "--no-hosts",
        "--pid-file=",
        "--log-facility=-",
    )
    server = subprocess.Popen(
        ["ip", "netns", "exec", far, "dnsmasq", *words, f"--address=/#/{answer}"], stderr=subprocess.PIPE
    )
    assert server.stderr is not None
    while b"started, version" not in server.stderr.readline():
        assert server.poll() is None
    return server


def address(name: str) -> str:
    return run("getent", "ahostsv4", name).split()[0]


def test_programs_that_read_the_file_have_names_of_domains_from_their_servers(etc: Path, resolve1: Resolve1) -> None:
    """Real questions, by glibc 2.36 over the stub of systemd-resolved 252 to two dnsmasq 2.90."""
    wired, radio = answering("eth0", "198.51.100", "10.0.0.1"), answering("wlan0", "203.0.113", "10.0.0.2")

    async def story(ports: Ports) -> None:
        tunnel = servers("wlan0", domains="corp.example", search="corp.example", default=False)
        async with (
            ports.dns().held_servers(servers()._replace(servers=[b"198.51.100.1"]), 20),
            ports.dns().held_servers(tunnel._replace(servers=[b"203.0.113.1"]), 10),
        ):
            for name, answer in (("a.corp.example", 2), ("b.example", 1), ("printer", 2)):
                assert await asyncio.to_thread(address, name) == f"10.0.0.{answer}", name

    try:
        within(story)
    finally:
        for server in (wired, radio):
            server.kill()
            server.wait()
        for link in ("eth0", "wlan0"):
            run("ip", "netns", "del", f"{link}-far")


class Daemon:
    """Holds servers of eth0, and may be killed."""

    def __init__(self, wanted: LinkServers | None, *, stays: bool = False) -> None:
        self._wanted = wanted
        self._stays = stays
        self.stood: dict[str, str] = {}

    async def __call__(self, recovery: Recovery) -> None:
        ports = Ports(recovery)
        if self._wanted is None:
            await recovery.sweep()
            return
        async with ports.dns().held_servers(self._wanted, 10):
            await recovery.sweep()
            if self._stays:
                os.kill(os.getpid(), signal.SIGKILL)
            self.stood = of_link()


@pytest.mark.parametrize(
    "after", [None, servers(mdns="on"), servers(search="other.example")], ids=["", "same", "other"]
)
def test_a_daemon_may_be_killed_and_the_next_one_takes_over_or_undoes(
    etc: Path, resolve1: Resolve1, tmp_path: Path, after: LinkServers | None
) -> None:
    run("resolvectl", "dns", "eth0", "192.0.2.7")
    before = of_link()
    journal = tmp_path / "journal"
    killed(journal, Daemon(servers(mdns="on"), stays=True))
    left = of_link()
    assert "+mDNS" in left["Protocols"]

    daemon = Daemon(after)
    assert live_on(journal, daemon) == []

    if after is not None and not after.search:
        assert daemon.stood == left
    elif after is not None:
        assert "-mDNS" in daemon.stood["Protocols"]
    assert of_link() == before


def test_wherever_a_daemon_is_killed_all_comes_back(etc: Path, resolve1: Resolve1, tmp_path: Path) -> None:
    run("resolvectl", "dns", "eth0", "192.0.2.7")
    before = of_link()
    for at in range(1, 60):
        was_killed = killed(tmp_path / "journal", Daemon(servers(mdns="on")), at)
        assert live_on(tmp_path / "journal", Daemon(None)) == []
        assert of_link() == before, f"killed at {at}"
        if not was_killed:
            break
    assert 4 < at < 59


def test_a_bus_that_goes_takes_the_statement_down_and_the_next_daemon_undoes(
    etc: Path, resolve1: Resolve1, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netstrata.system.dns.per_link.GONE_S", 0.5)
    journal = tmp_path / "journal"

    async def daemon(recovery: Recovery) -> None:
        heard = Heard()
        async with Ports(recovery).dns(heard).held_servers(servers(), 10):
            os.kill(resolve1.bus_pid, signal.SIGKILL)
            await soon(lambda: len(heard.losses) == 1)
        assert any("ignoring" in line for line in heard.lines)
        os.kill(os.getpid(), signal.SIGKILL)

    assert killed(journal, daemon)
    resolve1.end()
    resolve1.end_bus()
    resolve1.start_bus()
    resolve1.start()
    assert of_link()["DNS Servers"] == "198.51.100.1 2001:db8::1"

    assert live_on(journal, Daemon(None)) == []

    assert "DNS Servers" not in of_link()


def test_a_link_of_networkd_is_refused_in_words(etc: Path, resolve1: Resolve1) -> None:
    """Seen with 252, by files of networkd: "Link eth0 is managed.", org.freedesktop.resolve1.LinkBusy."""
    index = socket.if_nametoindex("eth0")
    links = Path("/run/systemd/netif/links")
    links.mkdir(parents=True)
    resolve1.end()
    (links / str(index)).write_text("ADMIN_STATE=configured\nOPER_STATE=routable\n")
    resolve1.start()

    async def story(ports: Ports) -> None:
        with pytest.raises(Unavailable, match="systemd-networkd manages the link"):
            await ports.dns().held_servers(servers(), 10).__aenter__()

    within(story)
