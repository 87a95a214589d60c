"""What the kernel does that memory gets wrong, and that we rely on: the kernel alone, spoken to by iproute2.

docs/behaviours.md lists these with what other programs do.  Seen with Linux 6.1 and 6.18, and iproute2 6.1.
"""

import json
import socket
import struct
from collections.abc import Iterator
from typing import Any, Self

import pytest
from tests.kernel.netlink.conftest import kernel_lacks

from netstrata.protocols.rtnetlink.constants import (
    RTNLGRP_IPV4_IFADDR,
    RTNLGRP_IPV4_ROUTE,
    RTNLGRP_IPV6_IFADDR,
    RTNLGRP_IPV6_ROUTE,
    RTNLGRP_NEIGH,
    RTNLGRP_NEXTHOP,
)
from netstrata.testing.child import wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = [pytest.mark.kernel, pytest.mark.vm]
HEAD = struct.Struct("=IHHII")
ROUTES = (RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_NEXTHOP)
ADDRESSES = (RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR)
SAID = {20: "new address", 21: "deleted address", 24: "new route", 25: "deleted route", 28: "new neighbour"}
SAID |= {29: "deleted neighbour", 104: "new nexthop", 105: "deleted nexthop"}
FAMILIES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6", 0: ""}
RTA_TABLE, MAIN = 15, 254


class Subscriber:
    """Reads what the kernel says to some multicast groups; of routes, of those of the main table."""

    def __init__(self, host: Host, *groups: int) -> None:
        with host.inside():
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
            self._socket.bind((0, 0))
        for group in groups:
            self._socket.setsockopt(270, 1, group)  # SOL_NETLINK, NETLINK_ADD_MEMBERSHIP

    def said(self) -> list[str]:
        """Return what has been said since, in order."""
        return list(self._read())

    def _read(self) -> Iterator[str]:
        while True:
            try:
                data = self._socket.recv(1 << 16)
            except BlockingIOError:
                return
            while data:
                length, kind, *_ = HEAD.unpack_from(data)
                if kind not in (24, 25) or data[20] == MAIN:  # rtm_table
                    yield f"{SAID[kind]} {FAMILIES[data[16]]}".strip()
                data = data[(length + 3) & ~3 :]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()


@pytest.fixture
def host(lab: Lab) -> Host:
    """A host with a link eth0, up, that has an address of each family, and the peer that holds its carrier."""
    host, peer = lab.host("host"), lab.host("peer")
    lab.cable((host, "eth0"), (peer, "eth0"))
    host.run("sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.eth0.accept_dad=0")
    peer.run("ip", "link", "set", "eth0", "up")
    host.run("ip", "link", "set", "eth0", "up")
    host.run("ip", "addr", "add", "192.0.2.1/24", "dev", "eth0")
    host.run("ip", "addr", "add", "2001:db8::1/64", "dev", "eth0", "nodad")
    wait_until("the carrier", lambda: "LOWER_UP" in host.run("ip", "link", "show", "eth0"))
    return host


def routes(host: Host, *words: str, family: int = 4) -> list[dict[str, Any]]:
    """Return the routes of a family that match some words."""
    found: list[dict[str, Any]] = json.loads(host.run("ip", "-j", "-d", f"-{family}", "route", "show", *words))
    return found


def ways(host: Host, *words: str, family: int = 4) -> list[str]:
    """Return the gateways of routes that match some words."""
    found = routes(host, *words, family=family)
    return [way.get("gateway", "") for one in found for way in one.get("nexthops", [one])]


ENDINGS = {
    "the link goes down": ["link", "set", "eth0", "down"],
    "the last address goes": ["addr", "del", "192.0.2.1/24", "dev", "eth0"],
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_ipv4_routes_go_without_a_word_with_what_they_stand_on(host: Host, ending: str) -> None:
    host.run("ip", "route", "add", "198.51.100.0/24", "via", "192.0.2.254")

    with Subscriber(host, RTNLGRP_IPV4_ROUTE) as kernel:
        host.run("ip", *ENDINGS[ending])

        assert routes(host, "198.51.100.0/24") == []
        assert kernel.said().count("deleted route IPv4") <= 1  # the connected one, of the address


def test_ipv6_routes_are_announced_when_their_link_goes_down(host: Host) -> None:
    host.run("ip", "-6", "route", "add", "2001:db8:1::/48", "via", "2001:db8::fe", "dev", "eth0")

    with Subscriber(host, RTNLGRP_IPV6_ROUTE) as kernel:
        host.run("ip", "link", "set", "eth0", "down")

        assert kernel.said().count("deleted route IPv6") >= 2
        assert routes(host, "2001:db8:1::/48", family=6) == []


def test_a_route_by_a_nexthop_object_goes_without_a_word_when_that_is_deleted(host: Host) -> None:
    host.run("ip", "nexthop", "add", "id", "1", "via", "192.0.2.254", "dev", "eth0")
    host.run("ip", "route", "add", "198.51.100.0/24", "nhid", "1")

    with Subscriber(host, *ROUTES) as kernel:
        host.run("ip", "nexthop", "del", "id", "1")

        assert kernel.said() == ["deleted nexthop IPv4"]
        assert routes(host, "198.51.100.0/24") == []


def test_a_nexthop_object_dies_with_the_carrier_and_its_group_shrinks_and_neither_returns(host: Host) -> None:
    host.run("ip", "link", "add", "va", "type", "veth", "peer", "name", "vb")
    for link in ("va", "vb"):
        host.run("ip", "link", "set", link, "up")
    host.run("ip", "nexthop", "add", "id", "1", "dev", "va")
    host.run("ip", "nexthop", "add", "id", "2", "via", "192.0.2.254", "dev", "eth0")
    host.run("ip", "nexthop", "add", "id", "3", "group", "1/2")
    host.run("ip", "route", "add", "198.51.100.0/24", "nhid", "1")
    host.run("ip", "route", "add", "203.0.113.0/24", "nhid", "3")

    with Subscriber(host, *ROUTES) as kernel:
        host.run("ip", "link", "set", "vb", "down")
        wait_until("the end of the nexthop", lambda: "id 1 " not in host.run("ip", "nexthop", "show"))
        host.run("ip", "link", "set", "vb", "up")
        wait_until("the carrier", lambda: "LOWER_UP" in host.run("ip", "link", "show", "va"))
        said = kernel.said()

    left = {one["id"]: one for one in json.loads(host.run("ip", "-j", "nexthop", "show"))}
    assert 1 not in left
    assert [member["id"] for member in left[3]["group"]] == [2]
    assert routes(host, "198.51.100.0/24") == []
    assert "deleted route IPv4" not in said


def test_an_identical_replace_says_nothing_of_ipv4_and_something_of_ipv6(host: Host) -> None:
    four = ["route", "replace", "198.51.100.0/24", "via", "192.0.2.254", "dev", "eth0"]
    six = ["-6", "route", "replace", "2001:db8:1::/48", "via", "2001:db8::fe", "dev", "eth0"]
    for words in (four, six):
        host.run("ip", *words)

    with Subscriber(host, *ROUTES) as kernel:
        host.run("ip", *four)
        host.run("ip", *six)

        assert kernel.said() == ["new route IPv6"]


def test_a_second_route_is_put_in_front_for_ipv4_and_beside_as_multipath_for_ipv6(host: Host) -> None:
    """Of NLM_F_CREATE alone, which `ip route prepend` sends."""
    for last in ("fd", "fe"):
        host.run("ip", "route", "prepend", "198.51.100.0/24", "via", f"192.0.2.{int(last, 16)}", "dev", "eth0")
        host.run("ip", "-6", "route", "prepend", "2001:db8:1::/48", "via", f"2001:db8::{last}", "dev", "eth0")

    assert ways(host, "198.51.100.0/24") == ["192.0.2.254", "192.0.2.253"]
    assert len(routes(host, "198.51.100.0/24")) == 2
    assert sorted(ways(host, "2001:db8:1::/48", family=6)) == ["2001:db8::fd", "2001:db8::fe"]
    assert len(routes(host, "2001:db8:1::/48", family=6)) == 1


def test_a_rename_announces_each_ipv4_address_again_and_no_ipv6_one(host: Host) -> None:
    host.run("ip", "addr", "add", "192.0.2.2/24", "dev", "eth0")

    with Subscriber(host, *ADDRESSES) as kernel:
        host.run("ip", "link", "set", "eth0", "down")
        kernel.said()
        host.run("ip", "link", "set", "eth0", "name", "lan0")

        assert kernel.said() == ["new address IPv4", "new address IPv4"]


def test_a_proxy_neighbour_is_never_announced_and_goes_with_its_link(host: Host) -> None:
    with Subscriber(host, RTNLGRP_NEIGH) as kernel:
        host.run("ip", "neigh", "add", "proxy", "192.0.2.9", "dev", "eth0")
        there = host.run("ip", "neigh", "show", "proxy")
        host.run("ip", "neigh", "del", "proxy", "192.0.2.9", "dev", "eth0")
        host.run("ip", "neigh", "add", "proxy", "192.0.2.9", "dev", "eth0")
        said = kernel.said()
        host.run("ip", "link", "set", "eth0", "down")

    assert there.startswith("192.0.2.9 dev eth0")
    assert said == []
    assert host.run("ip", "neigh", "show", "proxy") == ""


def advertise(router: Host, preference: int = 0) -> None:
    """Send one router advertisement for 2001:db8:7::/64, of a preference (RFC 4191: 1 is high, 0 medium)."""
    prefix = struct.pack(
        "!BBBBIII16s", 3, 4, 64, 0xC0, 3600, 1800, 0, socket.inet_pton(socket.AF_INET6, "2001:db8:7::")
    )
    head = struct.pack("!BBHBBHII", 134, 0, 0, 64, preference << 3, 1800, 0, 0)
    with router.inside(), socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as out:
        link = socket.if_nametoindex("eth0")
        out.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        out.sendto(head + prefix, ("ff02::1", 0, 0, link))


@pytest.fixture
def announced(lab: Lab, host: Host) -> Host:
    """The router of a host that has an address and a default route by one advertisement of it."""
    [router] = [one for one in lab.hosts if one is not host]

    def is_there() -> bool:
        advertise(router)
        return "2001:db8:7:" in host.run("ip", "addr", "show", "eth0")

    wait_until("the router's own address", lambda: "fe80" in router.run("ip", "addr", "show", "eth0", "-tentative"))
    wait_until("an address by advertisement", is_there)
    return router


def test_each_router_advertisement_announces_the_address_anew(host: Host, announced: Host) -> None:
    with Subscriber(host, *ADDRESSES) as kernel:
        for _ in range(2):
            advertise(announced)
            wait_until("the address", lambda: kernel.said() == ["new address IPv6"], 5)


def test_an_advertised_default_route_of_high_preference_wins_over_a_static_one_of_metric_1024(
    host: Host, announced: Host
) -> None:
    host.run("ip", "-6", "route", "append", "default", "via", "2001:db8::fe", "dev", "eth0", "metric", "1024")

    def taken() -> str:
        found = json.loads(host.run("ip", "-j", "-6", "route", "get", "2001:db8:ffff::1"))
        return str(found[0]["gateway"])

    def high() -> bool:
        advertise(announced, preference=1)
        return "pref high" in host.run("ip", "-6", "route", "show", "default")

    wait_until("the preference", high)
    assert taken().startswith("fe80:")
    host.run("ip", "-6", "route", "add", "default", "via", "2001:db8::fd", "dev", "eth0", "metric", "1023")
    assert taken() == "2001:db8::fd"


def test_forwarding_on_one_link_deletes_what_routers_announced_on_all_links(
    lab: Lab, host: Host, announced: Host
) -> None:
    host.run("ip", "link", "add", "va", "type", "veth", "peer", "name", "vb")
    assert routes(host, "default", "proto", "ra", family=6) != []

    host.run("sysctl", "-qw", "net.ipv6.conf.va.forwarding=1")

    assert routes(host, "default", "proto", "ra", family=6) == []
    assert "2001:db8:7:" in host.run("ip", "addr", "show", "eth0")  # the address stays


@pytest.mark.skipif(kernel_lacks("vrf"), reason="this kernel has no vrf links; tools/vm-tests runs this in another one")
def test_a_link_that_joins_a_vrf_goes_down_and_up_and_loses_its_ipv6_addresses(host: Host) -> None:
    host.run("ip", "link", "add", "red", "type", "vrf", "table", "10")
    host.run("ip", "link", "set", "red", "up")
    host.run("sysctl", "-qw", "net.ipv6.conf.eth0.keep_addr_on_down=0")

    host.run("ip", "link", "set", "eth0", "master", "red")

    assert "192.0.2.1/24" in host.run("ip", "addr", "show", "eth0")
    assert "2001:db8::1/64" not in host.run("ip", "addr", "show", "eth0")
