"""examples/laptop.ncd: three uplinks by DHCP, an internet behind each of them, and what a user of it sees.

busybox 1.35, dnsmasq 2.90, Linux 6.18.
"""

import sys
from functools import partial
from pathlib import Path

import pytest

from netstrata.testing.child import wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.testing.uplinks import ways_between

pytestmark = pytest.mark.kernel
EXAMPLE = Path(__file__).parents[2] / "examples" / "laptop.ncd"
LINKS = ("eth0", "wlan0", "usb0")  # best first


class World:
    """A laptop, three routers with DHCP servers, and hosts in the internet behind them."""

    def __init__(self, lab: Lab) -> None:
        self.laptop, internet = lab.host("laptop"), lab.host("internet")
        internet.up("lo", "9.9.9.9/32")
        networks = {link: f"192.168.{at}" for at, link in enumerate(LINKS)}
        self.ways = ways_between(lab, self.laptop, internet, networks)
        for way, network in zip(self.ways, networks.values(), strict=True):
            way.router.dhcp_server(
                "lan", (f"{network}.50", f"{network}.60"), router=f"{network}.1", dns=f"{network}.53"
            )
        self.laptop.write("/etc/resolv.conf", "# the one that was there\n")

    def server(self) -> list[str]:
        """Return the name servers, in their order."""
        lines = self.laptop.read("/etc/resolv.conf").splitlines()
        return [line.split()[1] for line in lines if line.startswith("nameserver")]

    def uses(self, *order: int) -> bool:
        """Say whether the first of some uplinks is used, and the name servers are of all, in that order."""
        ways = self.laptop.run("sh", "-c", "ip route get 9.9.9.9 2>&1 || true")
        return f"dev {LINKS[order[0]]} " in ways and self.server() == [f"192.168.{at}.53" for at in order]


def test_a_laptop_is_online_over_the_best_uplink_that_gets_through(lab: Lab, tmp_path: Path) -> None:
    world = World(lab)
    lab.remember(world.laptop)
    words = ("run", "--quiet", "--control", "none", "--state", str(tmp_path), str(EXAMPLE))
    daemon = world.laptop.start((sys.executable, "-m", "netstrata", *words))
    wait_until("all three", lambda: world.uses(0, 1, 2))
    for link in LINKS:
        world.laptop.run("busybox", "ping", "-c", "1", "-W", "5", "-I", link, "9.9.9.9")

    world.ways[0].cable.pull()
    wait_until("Wi-Fi", lambda: world.uses(1, 2))
    world.ways[1].router.ip("route replace blackhole default")
    wait_until("the phone", lambda: world.uses(2))
    world.ways[0].cable.plug()
    wait_until("the cable again", lambda: world.uses(0, 2))
    world.ways[1].router.ip(f"route replace default via {world.ways[1].beyond}")
    wait_until("all three again", lambda: world.uses(0, 1, 2))

    assert daemon.end() == 0
    assert [line for line in lab.leftovers() if "/leases/" not in line] == []
    assert world.laptop.read("/etc/resolv.conf") == "# the one that was there\n"


def leads_over(host: Host, link: str, to: str) -> bool:
    return f"dev {link} " in host.run("sh", "-c", f"ip route get {to} || true")


def test_a_network_that_two_links_lead_into_is_reached_over_the_better_one(lab: Lab, tmp_path: Path) -> None:
    laptop = lab.host("laptop")
    cables = {}
    for link, address in (("eth0", "192.168.0.1"), ("wlan0", "192.168.0.2")):
        router = lab.host(f"router-{link}")
        cables[link] = lab.cable((laptop, link), (router, "lan"))
        router.up("lan", f"{address}/24")
        router.dhcp_server("lan", (f"{address}0", f"{address}9"), router=address)
    words = ("run", "--quiet", "--control", "none", "--state", str(tmp_path), str(EXAMPLE))
    cables["eth0"].pull()
    daemon = laptop.start((sys.executable, "-m", "netstrata", *words))
    for link in ("wlan0", "eth0"):  # the better one comes last
        cables[link].plug()
        wait_until(f"the network over {link}", partial(leads_over, laptop, link, "192.168.0.99"))
        wait_until(f"the internet over {link}", partial(leads_over, laptop, link, "9.9.9.9"))

    cables["eth0"].pull()

    wait_until("the network over wlan0", partial(leads_over, laptop, "wlan0", "192.168.0.99"))
    assert daemon.end() == 0
