"""examples/failover.ncd with IPv6: each provider delegates a prefix, and drops what comes from another one's.

A machine of the LAN that has nothing but its kernel makes itself addresses, and fetches pages.  kea 2.2.0, radvd 2.19,
iproute2 6.1.0, Linux 6.18.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.kernel.dhcpv6.servers import Offer, kea
from tests.kernel.ndp.routers import radvd
from tests.kernel.test_failover_example import EXAMPLE, World

from netstrata.testing.child import Child, wait_until
from netstrata.testing.lab import Lab
from netstrata.values import Unavailable

pytestmark = pytest.mark.kernel
FAR = "2620:fe::fe"
SHORT = Offer(preferred=30, valid=40, t1=3, t2=20)
POOLS = {
    "wan0": ("2001:db8:1::", "2001:db8:2::"),
    "wan1": ("2001:db8:5::", "2001:db8:6::"),
}  # now, and after renumbering


class World6(World):
    """The same with IPv6: two providers, of which each has a DHCPv6 server and a router that advertises itself."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        super().__init__(lab, folder)
        self.internet.up("lo", f"{FAR}/128")
        self.servers = [self._provide(at, wan) for at, wan in enumerate(POOLS)]
        self.internet.page(FAR, "seen from {client}")
        self.desk.up("eth0")

    def _provide(self, at: int, wan: str) -> Child:
        """Have a provider's router know the way back, drop what has other addresses, advertise itself and delegate."""
        router, network, between = self.ways[at].router, f"2001:db8:0:{at + 1}::", f"2001:db8:ffff:{at}::"
        folder = self.folder / wan
        folder.mkdir()
        self.router.ip(f"link set {wan} address 02:00:00:00:0b:0{at}")
        router.sysctl("net.ipv6.conf.all.forwarding", "1")
        router.up("lan", f"{network}1/64")
        router.up("wan", f"{between}1/64")
        self.internet.up(f"way{at}", f"{between}2/64")
        router.ip(f"route add default via {between}2")
        self.internet.ip(f"route add {network}/64 via {between}1")
        for pool in POOLS[wan]:
            router.ip(f"route add {pool}/48 via fe80::ff:fe00:b0{at} dev lan")
            self.internet.ip(f"route add {pool}/48 via {between}1")
        for source in (*(f"{pool}/48" for pool in POOLS[wan]), f"{network}/64", "fe80::/10"):
            router.run("ip", "-6", "rule", "add", "from", source, "iif", "lan", "lookup", "main", "pref", "100")
        router.run("ip", "-6", "rule", "add", "iif", "lan", "blackhole", "pref", "200")
        radvd(router, folder, "AdvManagedFlag on; AdvDefaultLifetime 60;", "lan")
        return self.serve(at)

    def serve(self, at: int, pool: int = 0, *, keeps: bool = True) -> Child:
        """Start a provider's DHCPv6 server."""
        wan = list(POOLS)[at]
        network = f"2001:db8:0:{at + 1}::"
        offer = SHORT._replace(
            network=f"{network}/64", pool=f"{network}100-{network}1ff", prefixes=(POOLS[wan][pool], 48, 56)
        )
        return kea(self.ways[at].router, self.folder / wan, offer, keeps=keeps)

    def is_silent(self, at: int, is_silent: bool) -> None:
        """Have nothing get through behind a provider's router, or everything."""
        beyond = "blackhole default" if is_silent else f"default via 2001:db8:ffff:{at}::2"
        router = self.ways[at].router
        router.run("ip", "-6", "route", "del", "default")
        router.run("ip", "-6", "route", "add", *beyond.split())

    def comes_from(self, pool: str) -> Callable[[], bool]:
        """Say whether the desk is seen with an address in a pool."""

        def is_so() -> bool:
            try:
                return f"seen from {pool.removesuffix(':')}" in self.desk.fetch(f"http://[{FAR}]/", 0.5)
            except (Unavailable, OSError):
                return False

        return is_so

    def preferred(self) -> list[str]:
        """Return the desk's addresses that new connections come from."""
        shown = json.loads(self.desk.run("ip", "-6", "-j", "addr", "show", "dev", "eth0", "scope", "global"))
        found = [one for link in shown for one in link.get("addr_info", []) if one]
        return [one["local"] for one in found if not one.get("deprecated")]


def seconds(what: str, condition: Callable[[], bool]) -> float:
    began = time.monotonic()
    wait_until(what, condition)
    passed = time.monotonic() - began
    print(f"{what}: {passed:.1f} s")  # the figures of docs/ipv6.md
    return passed


def begun(world: World6) -> tuple[Child, Child]:
    """Start the router, and listen to what the desk's kernel says of its routes once that gets through."""
    daemon = world.start("router", EXAMPLE.read_text())
    wait_until("the first WAN", world.comes_from(POOLS["wan0"][0]))
    monitor = world.desk.start(("ip", "-6", "monitor", "route"))
    return daemon, monitor


def ended(daemon: Child, monitor: Child) -> None:
    """End the router; until then the desk has had a default route at every moment, and then it has none."""
    assert "default" not in monitor.output()
    assert daemon.end() == 0
    wait_until("no default route", lambda: "Deleted default" in monitor.output())
    monitor.end()


def test_a_lan_comes_from_the_prefix_of_the_wan_that_gets_through(lab: Lab, tmp_path: Path) -> None:
    world = World6(lab, tmp_path)
    lab.remember(world.router)
    daemon, monitor = begun(world)
    first, second = POOLS["wan0"][0], POOLS["wan1"][0]

    world.is_silent(0, True)
    assert seconds("over the second WAN, the first one's far end being silent", world.comes_from(second)) < 6
    assert [one for one in world.preferred() if one.startswith(first.removesuffix(":"))] == []
    world.is_silent(0, False)
    seconds("back over the first WAN", world.comes_from(first))
    assert [one for one in world.preferred() if one.startswith(second.removesuffix(":"))] == []

    world.ways[0].cable.pull()
    assert seconds("over the second WAN, the first one's cable being out", world.comes_from(second)) < 4
    assert [one for one in world.preferred() if one.startswith(first.removesuffix(":"))] == []
    world.ways[0].cable.plug()
    seconds("back over the first WAN, its cable being in again", world.comes_from(first))

    ended(daemon, monitor)
    assert [line for line in lab.leftovers() if "/leases/" not in line] == []


def test_a_lan_goes_on_with_a_server_that_has_lost_its_leases_and_with_a_new_prefix(lab: Lab, tmp_path: Path) -> None:
    world = World6(lab, tmp_path)
    daemon, monitor = begun(world)
    before, after = POOLS["wan0"]
    times = daemon.output().count("the LAN is ")  # the second WAN may have been there first

    world.servers[0].end()
    lost = world.serve(0, keeps=False)
    end = time.monotonic() + SHORT.valid + 5
    while time.monotonic() < end:
        assert world.comes_from(before)()
        time.sleep(1)
    assert daemon.output().count("the LAN is ") == times

    lost.end()
    world.serve(0, 1)
    assert seconds("with an address in the new prefix", world.comes_from(after)) < SHORT.t1 + 4
    assert [one for one in world.preferred() if one.startswith(before.removesuffix(":"))] == []
    assert "the LAN is 2001:db8:2:1::/64\n" in daemon.output()

    ended(daemon, monitor)
