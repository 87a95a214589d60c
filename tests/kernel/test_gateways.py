"""Uplinks: every order of their coming and going, in the kernel's own tables.

Seen with Linux 6.18, iproute2 6.1.0.
"""

import re
import sys
from itertools import permutations
from pathlib import Path

import pytest

from netstrata.testing.cable import Cable
from netstrata.testing.child import wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
HIGHEST = 4294967295
UPLINK = """process {0} {{
    net.backend.waitdevice("{0}");
    net.up("{0}");
    net.backend.waitlink("{0}");
    net.ipv4.addr("{0}", "{1}.2/24");
    net.gateway("{0}", "{1}.1", ["preference": "{2}"]) uplink;
    println("{0} ", uplink.preferred);
}}
"""
NETWORKS = {"eth0": "192.0.2", "eth1": "198.51.100", "eth2": "203.0.113"}  # best first


class Town:
    """A laptop with a cable to each of three routers."""

    def __init__(self, lab: Lab) -> None:
        self.laptop = lab.host("laptop")
        self.cables: dict[str, Cable] = {}
        for link, network in NETWORKS.items():
            router = lab.host(f"router-{link}")
            self.cables[link] = lab.cable((self.laptop, link), (router, "lan"))
            router.up("lan", f"{network}.1/24")
        self.plugged = set(NETWORKS)

    def pull(self, link: str) -> None:
        self.cables[link].pull()
        self.plugged.discard(link)

    def plug(self, link: str) -> None:
        self.cables[link].plug()
        self.plugged.add(link)

    def defaults(self) -> list[tuple[str, int]]:
        """Return link and metric of each default route, as the kernel looks for them."""
        return defaults(self.laptop)

    def wanted(self) -> list[tuple[str, int]]:
        index = {link: int(self.laptop.run("cat", f"/sys/class/net/{link}/ifindex")) for link in self.plugged}
        best = [(link, 0) for link in NETWORKS if link in self.plugged][:1]
        return best + sorted(((link, HIGHEST - number) for link, number in index.items()), key=lambda one: one[1])


def defaults(host: Host) -> list[tuple[str, int]]:
    lines = host.run("ip", "route", "show", "default").splitlines()
    return [(re.findall(r"dev (\S+)", line)[0], int((re.findall(r"metric (\d+)", line) or ["0"])[0])) for line in lines]


def program(*links: str) -> str:
    return "".join(UPLINK.format(link, NETWORKS[link], 10 * (1 + list(NETWORKS).index(link))) for link in links)


def start(host: Host, folder: Path, text: str):  # type: ignore[no-untyped-def]
    path = folder / "program.ncd"
    path.write_text(text)
    return host.start(
        (sys.executable, "-m", "netstrata", "run", "--quiet", "--control", "none", "--state", str(folder), str(path))
    )


def test_each_order_of_coming_and_going_leaves_the_best_one_with_the_default_route(lab: Lab, tmp_path: Path) -> None:
    town = Town(lab)
    lab.remember(town.laptop)
    daemon = start(town.laptop, tmp_path, program(*NETWORKS))
    wait_until("all", lambda: town.defaults() == town.wanted())
    for going in permutations(NETWORKS):
        for coming in permutations(NETWORKS):
            for link in going:
                town.pull(link)
                wait_until(f"{going} {coming} -{link}", lambda: town.defaults() == town.wanted())
            for link in coming:
                town.plug(link)
                wait_until(f"{going} {coming} +{link}", lambda: town.defaults() == town.wanted())

    daemon.end()

    assert lab.leftovers() == []
