"""Delegated prefixes: networks of links behind a host, and what becomes of them when a provider renumbers.

kea 2.2.0, Linux 6.18.
"""

import re
from ipaddress import ip_network
from pathlib import Path

import pytest
from tests.kernel.dhcpv6.servers import Offer, World, kea
from tests.kernel.dhcpv6.test_real_servers import addresses

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
SHORT = Offer(preferred=30, valid=40, t1=3, t2=20)
LAN = """
    net.ipv6.dhcp("eth0", ["prefix": "on"]) lease;
    println("lease ", lease.prefix);
    net.ipv6.prefix(lease.prefixes, "lan0", ["subnet": "1"]) lan;
    net.ipv6.addr("lan0", lan.cidr_addr, ["nodad": "on"]);
    println("lan ", lan.network, " ", lan.addr);
"""


def lan(host: Host) -> list[str]:
    """The addresses of the link behind a host, and whether they are deprecated."""
    return addresses(host, "lan0")


def routes(host: Host) -> list[str]:
    """What is unreachable."""
    return re.findall(r"^unreachable (\S+)", host.run("ip", "-6", "route"), re.MULTILINE)


def with_lan(lab: Lab, folder: Path) -> World:
    world = World(lab, folder)
    lab.cable((world.host, "lan0"), (lab.host("behind"), "eth0"))
    world.host.up("lan0")
    return world


def said(daemon: Child, word: str) -> list[str]:
    return re.findall(rf"^{word} (.*)$", daemon.output(), re.MULTILINE)


def test_a_network_of_a_delegated_prefix_is_the_links_and_the_rest_is_unreachable(lab: Lab, tmp_path: Path) -> None:
    world = with_lan(lab, tmp_path)
    kea(world.router, tmp_path, Offer())
    daemon = world.daemon(LAN)

    wait_until("the LAN", lambda: said(daemon, "lan") != [])

    prefix = ip_network(said(daemon, "lease")[0])
    _, network, beside, *_ = prefix.subnets(new_prefix=64)
    assert said(daemon, "lan") == [f"{network} {network[1]}"]
    assert lan(world.host) == [f"{network[1]}/64"]
    assert routes(world.host) == [str(prefix)]
    assert "No route to host" in world.host.run("sh", "-c", f"ip -6 route get {beside[1]} 2>&1 || true")
    assert "lan0" in world.host.run("ip", "-6", "route", "get", str(network[9]))
    assert daemon.end() == 0
    assert (lan(world.host), routes(world.host)) == ([], [])


def test_a_new_prefix_comes_and_the_old_one_is_deprecated_and_then_goes(lab: Lab, tmp_path: Path) -> None:
    world = with_lan(lab, tmp_path)
    server = kea(world.router, tmp_path, SHORT)
    daemon = world.daemon(LAN)
    wait_until("the LAN", lambda: said(daemon, "lan") != [])
    (before,) = lan(world.host)

    server.end()
    kea(world.router, tmp_path, SHORT._replace(prefixes=("2001:db8:2::", 48, 56)))
    wait_until("the new network", lambda: len(said(daemon, "lan")) == 2)
    wait_until("both", lambda: len(lan(world.host)) == 2)

    old, new = lan(world.host)
    assert old == f"{before} deprecated"
    assert new.startswith("2001:db8:2:")
    assert "deprecated" not in new
    assert len(routes(world.host)) == 2
    wait_until("its end", lambda: len(lan(world.host)) == 1, 60)
    assert lan(world.host) == [new]
    assert len(routes(world.host)) == 1
    assert len(said(daemon, "lan")) == 2  # nothing was redone when it went
    assert daemon.end() == 0
    assert (lan(world.host), routes(world.host)) == ([], [])
