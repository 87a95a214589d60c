"""The DHCPv6 client against servers that other people wrote.

kea 2.2.0, ISC dhcpd 4.4.3-P1, dnsmasq 2.90; Linux 6.18.
"""

import re
from pathlib import Path

import pytest
from tests.kernel.dhcpv6.servers import SERVERS, Offer, World

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel

LEASE = """
    net.ipv6.dhcp("eth0"OPTIONS) lease;
    println("lease ", lease.cidr_addr, " ", @encode_value(lease.prefixes), " ", @encode_value(lease.dns_servers));
"""
PREFIX = ', ["prefix": "on"]'


def leasing(options: str = "", more: str = "") -> str:
    return LEASE.replace("OPTIONS", options) + more


def leases(daemon: Child) -> list[str]:
    """What a program was told, in order."""
    return re.findall(r"^lease (.*)$", daemon.output(), re.MULTILINE)


def until_leased(daemon: Child, times: int = 1) -> str:
    wait_until("a lease", lambda: len(leases(daemon)) >= times or not daemon.running)
    return leases(daemon)[times - 1]


def addresses(host: Host, link: str = "eth0") -> list[str]:
    """The addresses of a link, and whether they are deprecated."""
    shown = host.run("ip", "-6", "-o", "addr", "show", "dev", link, "scope", "global")
    found = [line.partition("inet6 ")[2] for line in shown.splitlines()]
    return sorted(line.split()[0] + (" deprecated" if " deprecated" in line else "") for line in found)


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_grants_a_lease_and_gets_it_back(lab: Lab, tmp_path: Path, server: str) -> None:
    world = World(lab, tmp_path)
    serving = SERVERS[server](world.router, tmp_path, Offer())
    daemon = world.daemon(leasing(PREFIX, 'net.ipv6.addr("eth0", lease.cidr_addr, ["nodad": "on"]); println("up");'))

    lease = until_leased(daemon)
    daemon.wait_output("up\n")

    prefixes = "{}" if server == "dnsmasq" else '{"2001:db8:1'
    assert lease.startswith("2001:db8:0:1::1")
    assert prefixes in lease
    assert '{"2001:db8::53"}' in lease
    assert len(addresses(world.host)) == 1
    assert daemon.end() == 0
    wait_until("its release", lambda: "elease" in serving.output() or "RELEASE" in serving.output())
    assert addresses(world.host) == []
