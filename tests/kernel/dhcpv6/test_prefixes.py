"""Delegated prefixes: networks of links behind a host, and what becomes of them when a provider renumbers.

kea 2.2.0, Linux 6.18.
"""

import re
import socket
from ipaddress import ip_network
from pathlib import Path

import pytest
from tests.kernel.dhcpv6.servers import Offer, World, kea
from tests.kernel.dhcpv6.test_real_servers import addresses
from tests.kernel.test_upgrade import killed

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
SHORT = Offer(preferred=30, valid=40, t1=3, t2=20)
LAN = """
    net.ipv6.dhcp("eth0", ["prefix": "on"]) lease;
    to_string(lease.prefixes) prefixes;
    println("lease ", prefixes);
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

    prefix = ip_network(said(daemon, "lease")[0].strip('{"}'))
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


def test_hosts_behind_it_move_to_the_new_network_and_get_through(lab: Lab, tmp_path: Path) -> None:
    """dnsmasq 2.90 advertises what addresses the link has, and a deprecated one with a preferred lifetime of 0."""
    world = World(lab, tmp_path)
    behind = lab.host("behind")
    lab.cable((world.host, "lan0"), (behind, "eth0"))
    world.host.up("lan0")
    world.host.forward()
    behind.up("eth0")
    server = kea(world.router, tmp_path, SHORT)
    daemon = world.daemon(LAN)
    wait_until("the LAN", lambda: said(daemon, "lan") != [])
    world.host.start(
        ["dnsmasq", "-k", "-C", "/dev/null", "-p0", "-i", "lan0", "--bind-dynamic", "--enable-ra", "--pid-file=",
         "--dhcp-range=::,constructor:lan0,ra-only,64,600", "--ra-param=lan0,4,600", "--log-facility=-",
         f"--dhcp-leasefile={tmp_path}/ra.leases"]
    )  # fmt: skip
    wait_until("its address", lambda: len(addresses(behind)) == 1, 30)
    (before,) = addresses(behind)

    server.end()
    kea(world.router, tmp_path, SHORT._replace(prefixes=("2001:db8:2::", 48, 56)))
    wait_until("both", lambda: len(addresses(behind)) == 2, 60)
    wait_until("the old one's end", lambda: f"{before} deprecated" in addresses(behind), 30)

    assert any(one.startswith("2001:db8:2:") and "deprecated" not in one for one in addresses(behind))
    gateway = said(daemon, "lan")[-1].split()[1]
    wait_until("its detection", lambda: "tentative" not in behind.run("ip", "-6", "addr"))
    with world.host.inside():
        listener = socket.create_server((gateway, 80), family=socket.AF_INET6)
    with behind.inside():
        near = socket.create_connection((gateway, 80), 30)
    with listener, near:
        assert near.getsockname()[0].startswith("2001:db8:2:")
    assert daemon.end() == 0


WAITS = {
    "none": ("{}", "no prefix was delegated"),
    "too small": ('{"2001:db8::/72", "2001:db8::/65"}', "a prefix of /72, /65 is too small: it takes a /64"),
    "no such number": ('"2001:db8::/63", "lan1", ["subnet": "2"]', "it has 2 only, with the numbers 0 to 1"),
}


@pytest.mark.parametrize("case", WAITS)
def test_without_a_network_it_waits_and_says_why(lab: Lab, tmp_path: Path, case: str) -> None:
    prefixes, words = WAITS[case]
    arguments = prefixes if "lan1" in prefixes else f'{prefixes}, "lan1"'
    world = World(lab, tmp_path)

    daemon = world.daemon(f'net.ipv6.prefix({arguments}) lan; println("complete");')

    daemon.wait_output(words)
    assert "complete\n" not in daemon.output()
    assert routes(world.host) == []
    assert daemon.end() == 0


def test_two_links_have_two_networks_and_the_same_ones_after_a_crash(lab: Lab, tmp_path: Path) -> None:
    world = World(lab, tmp_path)
    body = """
        net.ipv6.prefix("2001:db8:1::/56", "lan0") one;
        net.ipv6.prefix("2001:db8:1::/56", "lan1", ["host": "::53"]) two;
        println("lan ", one.network, " ", two.network, " ", two.cidr_addr);
    """
    first = world.daemon(body)
    wait_until("both", lambda: said(first, "lan") != [])
    killed(first)

    second = world.daemon(body)
    wait_until("both", lambda: said(second, "lan") != [])

    assert said(second, "lan") == said(first, "lan")
    one, two, address = said(second, "lan")[0].split()
    assert one != two
    assert address == two.replace("/64", "53/64")
    assert routes(world.host) == ["2001:db8:1::/56"]
    assert second.end() == 0
    assert routes(world.host) == []
