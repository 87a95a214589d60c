"""examples/server.ncd: two lines with fixed addresses of both families, an internet behind each.

busybox 1.35, Linux 6.18.
"""

import sys
from pathlib import Path

import pytest

from netstrata.testing.child import wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab
from netstrata.testing.uplinks import Way, ways_between

pytestmark = pytest.mark.kernel
EXAMPLE = Path(__file__).parents[2] / "examples" / "server.ncd"
LINKS = {"eth0": "192.0.2", "eth1": "198.51.100"}
ADDRESSES = {"eth0": ("192.0.2.7", "2001:db8:1::7"), "eth1": ("198.51.100.7", "2001:db8:2::7")}
FAR = ("9.9.9.9", "2620:fe::fe")
SERVERS = {"eth0": ("192.0.2.53", "2001:db8:1::53"), "eth1": ("198.51.100.53", "2001:db8:2::53")}


class World:
    """The server, a router for each line, and the internet."""

    def __init__(self, lab: Lab) -> None:
        self.server, self.internet = lab.host("server"), lab.host("internet")
        self.internet.up("lo", f"{FAR[0]}/32", f"{FAR[1]}/128")
        self.ways = dict(zip(LINKS, ways_between(lab, self.server, self.internet, LINKS), strict=True))
        for at, way in enumerate(self.ways.values(), 1):
            way.router.up("lan", "fe80::1/64", f"2001:db8:{at}::1/64")
            way.router.up("wan", f"2001:db8:f{at}::1/64")
            way.router.sysctl("net.ipv6.conf.all.forwarding", "1")
            way.router.ip(f"route add default via 2001:db8:f{at}::2")
            self.internet.up(f"way{at - 1}", f"2001:db8:f{at}::2/64")
            self.internet.ip(f"route add 2001:db8:{at}::/64 via 2001:db8:f{at}::1")
        self.server.write("/etc/resolv.conf", "# the one that was there\n")

    def servers(self) -> list[str]:
        lines = self.server.read("/etc/resolv.conf").splitlines()
        return [line.split()[1] for line in lines if line.startswith("nameserver")]

    def uses(self, ipv4: str, ipv6: str) -> bool:
        """Say whether what the server begins goes over these links."""
        return [way_of(self.server, far) for far in FAR] == [ipv4, ipv6]


def way_of(host: Host, *words: str) -> str:
    return host.run("sh", "-c", f"ip route get {' '.join(words)} 2>&1 || true").partition(" dev ")[2].partition(" ")[0]


def passed(way: Way) -> int:
    """Return how many packets a router has sent into the internet."""
    return int(way.router.run("cat", "/sys/class/net/wan/statistics/tx_packets"))


def test_each_address_leaves_by_its_line_and_what_begins_over_one_that_gets_through(lab: Lab, tmp_path: Path) -> None:
    world = World(lab)
    lab.remember(world.server)
    words = ("run", "--quiet", "--control", "none", "--state", str(tmp_path), str(EXAMPLE))
    daemon = world.server.start((sys.executable, "-m", "netstrata", *words))
    first, second = SERVERS["eth0"], SERVERS["eth1"]
    wait_until("both", lambda: world.uses("eth0", "eth0") and sorted(world.servers()) == sorted(first + second))

    for link, addresses in ADDRESSES.items():
        for source, far in zip(addresses, FAR, strict=True):
            before = passed(world.ways[link])
            ping = "ping6" if ":" in far else "ping"
            world.server.run("busybox", ping, "-c", "20", "-i", "0.02", "-W", "5", "-I", source, far)
            assert way_of(world.server, far, "from", source) == link
            assert passed(world.ways[link]) - before >= 20

    world.ways["eth0"].router.ip("route replace blackhole default")
    wait_until("IPv4 over the second line", lambda: world.uses("eth1", "eth0") and first[0] not in world.servers())
    assert first[1] in world.servers()

    world.ways["eth0"].router.ip(f"route replace default via {world.ways['eth0'].beyond}")
    wait_until("IPv4 over the first line", lambda: world.uses("eth0", "eth0") and first[0] in world.servers())
    world.ways["eth0"].cable.pull()
    wait_until("the second line", lambda: world.uses("eth1", "eth1") and sorted(world.servers()) == sorted(second))
    world.ways["eth0"].cable.plug()
    wait_until("the first line again", lambda: world.uses("eth0", "eth0"))

    assert daemon.end() == 0
    assert [line for line in lab.leftovers() if "/leases/" not in line] == []
    assert world.server.read("/etc/resolv.conf") == "# the one that was there\n"
