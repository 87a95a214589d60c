"""examples/router.ncd, whole: a router between real clients and an internet."""

import shutil
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.kernel.servers.test_dnsmasq import ask

import netstrata
from netstrata.testing.cable import Cable
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.values import Unavailable

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(shutil.which("nft") is None, reason="nft is not installed (Debian: nftables)"),
]

ROUTER = Path(__file__).parents[2] / "examples" / "router.ncd"
SOURCES = {"PYTHONPATH": str(Path(netstrata.__file__).parents[1])}
CLIENT = """process main {
    net.up("eth0");
    net.backend.waitlink("eth0");
    net.ipv4.dhcp("eth0") lease;
    net.ipv4.addr("eth0", lease.cidr_addr);
    net.ipv4.route("0.0.0.0/0", lease.gateway, "20", "eth0");
}
"""
INTERNET = "203.0.113.1"


class Town:
    """A router with two clients, and an internet."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.router, self.internet = lab.host("router"), lab.host("internet")
        self.clients = [lab.host("desk"), lab.host("sofa")]
        self.wan: Cable = lab.cable((self.router, "wan0"), (self.internet, "eth0"))
        for number, client in enumerate(self.clients, 1):
            lab.cable((self.router, f"lan{number}"), (client, "eth0"))
        self.internet.up("eth0", f"{INTERNET}/24")
        self.internet.dhcp_server(
            "eth0", ("203.0.113.50", "203.0.113.50"), router=INTERNET, dns=INTERNET, names={"www.example.org": INTERNET}
        )
        self.internet.page(INTERNET, "the internet")
        lab.remember(self.router)
        self.daemon = self.running(self.router, ROUTER)
        client_program = folder / "client.ncd"
        client_program.write_text(CLIENT)
        self.programs = [self.running(client, client_program) for client in self.clients]

    def running(self, host: Host, program: Path) -> Child:
        """Start a daemon on a host."""
        return host.start([sys.executable, "-m", "netstrata", "run", "--control", "none", str(program)], SOURCES)

    def address(self, client: Host) -> str:
        """Return the address that a client has leased, once it has."""

        def leased() -> bool:
            return "route default" in client.kernel()

        wait_until(f"a lease on {client.name}", leased)
        line = next(line for line in client.kernel().splitlines() if line.startswith("addr 192.0.2."))
        return line.split()[1].partition("/")[0]

    def ask(self, request: str) -> str:
        """Send a request to the router, as its owner does."""
        words = [sys.executable, "-m", "netstrata", "request", "unix:/run/router.socket", request]
        child = self.router.start(words, SOURCES)
        assert child.status() == 0, child.output()
        return child.output().strip()

    def end(self) -> None:
        """End all daemons in good order."""
        for child in (*self.programs, self.daemon):
            child.signal(signal.SIGTERM)
            child.status()


def reached(fetch: Callable[[], str]) -> Callable[[], bool]:
    """Say whether a page can be fetched."""

    def can() -> bool:
        try:
            fetch()
        except (Unavailable, OSError):
            return False
        return True

    return can


def test_the_router_serves_its_lan_forwards_ports_and_leaves_nothing(lab: Lab, tmp_path: Path) -> None:
    town = Town(lab, tmp_path)
    desk, sofa = town.clients
    addresses = [town.address(desk), town.address(sofa)]
    url = f"http://{INTERNET}/"

    # Both clients reach the internet, through NAT: the page is asked for from the router's address.
    wait_until("the internet from the desk", reached(lambda: desk.fetch(url, 1)))
    assert desk.fetch(url) == sofa.fetch(url)
    assert len(set(addresses)) == 2

    # The router, which they were told to ask for names, asks the internet.
    assert desk.call(lambda: ask("www.example.org", "192.0.2.1")).endswith(socket.inet_aton(INTERNET))

    # A port is forwarded when told, and no more when told so.
    outside = "http://203.0.113.50:8080/"
    page = desk.page(addresses[0], "the desk")
    with pytest.raises((Unavailable, OSError)):
        town.internet.fetch(outside, 1)
    assert town.ask(f'{{"add", "tcp", "8080", "{addresses[0]}", "80"}}') == '"added"'
    assert "the desk" in town.internet.fetch(outside)
    assert town.ask(f'{{"add", "tcp", "8080", "{addresses[1]}", "81"}}') == '"added"'
    wait_until("the other way", lambda: f"{addresses[1]}:81" in town.router.run("nft", "list", "ruleset"))
    assert f"{addresses[0]}:80" not in town.router.run("nft", "list", "ruleset")
    assert town.ask('{"remove", "tcp", "8080"}') == '"removed"'
    with pytest.raises((Unavailable, OSError)):
        town.internet.fetch(outside, 1)

    # Whoever knows the way does not get in either.
    town.internet.ip("route add 192.0.2.0/24 via 203.0.113.50")
    with pytest.raises((Unavailable, OSError)):
        town.internet.fetch(f"http://{addresses[0]}/", 1)

    # Nobody can write rules of his own into a request.
    for request in (
        '"add"',
        "{}",
        '{"add", "tcp", "80; flush", "192.0.2.50", "80"}',
        '{"add", "tcp", "80", "x y", "80"}',
        '{"add", "tcp", "80", "192.0.2.50", "0"}',
        '{"remove", "tcp", "65536"}',
    ):
        assert town.ask(request).startswith('"say ')

    # The WAN cable is pulled: the uplink is undone, the LAN stands.  Back again: all works.
    town.wan.pull()
    wait_until("no default route", lambda: "default" not in town.router.kernel())
    assert "addr 192.0.2.1/24 dev lan" in town.router.kernel()
    town.wan.plug()
    wait_until("the internet from the sofa", reached(lambda: sofa.fetch(url, 1)))

    page.close()
    town.end()

    town.router.run("rm", "-r", "/var/lib/netstrata")  # what was granted is remembered, on purpose
    assert lab.leftovers() == []


def test_a_port_that_is_missing_or_vanishes_takes_nothing_from_the_others(lab: Lab, tmp_path: Path) -> None:
    town = Town(lab, tmp_path)
    _, sofa = town.clients
    town.address(sofa)
    serving = "/run/netstrata/generated/dnsmasq-lan.conf"
    since = town.router.run("stat", "-c", "%i", serving)

    town.router.ip("link del lan1")
    wait_until("the port gone", lambda: "lan1" not in town.router.kernel())

    wait_until("the internet from the sofa", reached(lambda: sofa.fetch(f"http://{INTERNET}/", 1)), 20)
    assert "link lan2 up carrier master lan" in town.router.kernel()
    town.router.ip("tuntap add lan1 mode tap")
    wait_until("the port back", lambda: "link lan1 up no-carrier master lan" in town.router.kernel())
    assert town.router.run("stat", "-c", "%i", serving) == since
    town.end()
    town.router.run("rm", "-r", "/var/lib/netstrata")
    assert lab.leftovers() == []
