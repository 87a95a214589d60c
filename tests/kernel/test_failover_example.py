"""examples/failover.ncd: two WANs by DHCP, an internet behind each, and a machine of the LAN that fetches pages.

dnsmasq 2.90, nftables 1.0.6, Linux 6.18.
"""

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.kernel.test_server_example import passed

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.testing.uplinks import ways_between
from netstrata.values import Unavailable

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(shutil.which("nft") is None, reason="nft is not installed (Debian: nftables)"),
]
EXAMPLE = Path(__file__).parents[2] / "examples" / "failover.ncd"
WANS = {"wan0": "198.51.100", "wan1": "203.0.113"}
INTERNET = "9.9.9.9"
CLIENT = """process main {
    net.up("eth0");
    net.backend.waitlink("eth0");
    net.ipv4.dhcp("eth0") lease;
    net.addr("eth0", lease.cidr_addr);
    net.gateway("eth0", lease.routes);
    net.dns(lease.dns_servers, "20");
    println("online");
}
"""


class World:
    """The router, its two providers, the internet, and a machine of the LAN."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.folder = folder
        self.router, self.internet, self.desk = lab.host("router"), lab.host("internet"), lab.host("desk")
        self.internet.up("lo", f"{INTERNET}/32")
        self.ways = ways_between(lab, self.router, self.internet, WANS)
        for way, network in zip(self.ways, WANS.values(), strict=True):
            way.router.dhcp_server(
                "lan", (f"{network}.50", f"{network}.60"), router=f"{network}.1", dns=f"{network}.53"
            )
        lab.cable((self.router, "lan0"), (self.desk, "eth0"))
        self.internet.page(INTERNET, "seen from {client}")

    def start(self, host: str, text: str) -> Child:
        """Start a daemon with a program on one of the hosts."""
        program = self.folder / f"{host}.ncd"
        program.write_text(text)
        words = ("run", "--quiet", "--control", "none", "--state", str(self.folder / host), str(program))
        return getattr(self, host).start((sys.executable, "-m", "netstrata", *words))  # type: ignore[no-any-return]

    def seen(self) -> str:
        """Return the network that the desk comes from, as the internet sees it."""
        try:
            return self.desk.fetch(f"http://{INTERNET}/", 1).partition("seen from ")[2].rpartition(".")[0]
        except (Unavailable, OSError):
            return ""

    def comes_over(self, wan: str) -> Callable[[], bool]:
        return lambda: self.seen() == WANS[wan]


def address_of(host: Host, network: str) -> str:
    return next(line.split()[1].partition("/")[0] for line in host.kernel().splitlines() if f"addr {network}" in line)


def seconds_until(what: str, condition: Callable[[], bool]) -> float:
    began = time.monotonic()
    wait_until(what, condition)
    return time.monotonic() - began


def test_a_lan_is_online_over_the_wan_that_gets_through(lab: Lab, tmp_path: Path) -> None:
    world = World(lab, tmp_path)
    lab.remember(world.router)
    daemon = world.start("router", EXAMPLE.read_text())
    desk = world.start("desk", CLIENT)
    desk.wait_output("online")
    wait_until("the first WAN", world.comes_over("wan0"))
    assert "\nnameserver 192.0.2.1\n" in f"\n{world.desk.read('/etc/resolv.conf')}"

    world.ways[0].router.ip("route replace blackhole default")
    assert seconds_until("the second WAN", world.comes_over("wan1")) < 5  # 3, and a fetch that was begun before

    before = passed(world.ways[0])
    world.ways[0].router.ip(f"route replace default via {world.ways[0].beyond}")
    wait_until("the first WAN again", world.comes_over("wan0"))
    assert passed(world.ways[0]) > before
    world.ways[0].cable.pull()
    assert seconds_until("the second WAN", world.comes_over("wan1")) < 5
    world.ways[0].cable.plug()
    wait_until("the first WAN again", world.comes_over("wan0"))

    # Who knows the way into the LAN does not get in.
    address = address_of(world.desk, "192.0.2.")
    page = world.desk.page(address, "the desk")
    world.ways[0].router.ip(f"route add 192.0.2.0/24 via {address_of(world.router, WANS['wan0'])}")
    with pytest.raises((Unavailable, OSError)):
        world.ways[0].router.fetch(f"http://{address}/", 1)
    page.close()

    assert desk.end() == 0
    assert daemon.end() == 0
    assert [line for line in lab.leftovers() if "/leases/" not in line] == []
