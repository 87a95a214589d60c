"""The model kernel beside the real one: the same words to both, what each answers, holds and tells.

Seen with iproute2 6.1 on Linux 6.18.
"""

import random
import re
import socket
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest

from netstrata.protocols.rtnetlink import constants as names
from netstrata.protocols.rtnetlink import (
    decode_address,
    decode_link,
    decode_neighbour,
    decode_route,
    decode_rule,
    messages,
)
from netstrata.system.netlink.kernel_socket import NetlinkSocket, open_socket
from netstrata.system.netlink.monitor import NETLINK_ADD_MEMBERSHIP, SOL_NETLINK
from netstrata.testing.child import wait_until
from netstrata.testing.model import ModelKernel
from netstrata.testing.model.ip import run_ip
from netstrata.values import Unavailable, format_address

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

pytestmark = pytest.mark.real_kernel("it compares the two")

SETUP = [
    "link add va address 02:00:00:00:0a:01 type veth peer name vb address 02:00:00:00:0b:01",
    "link add vc address 02:00:00:00:0c:01 type veth peer name vd address 02:00:00:00:0d:01",
    "link add br0 address 02:00:00:00:0e:01 type bridge",
    "link set lo up",
    "link set va up",
    "link set vb up",
    "link set vc up",
]
LISTS = [
    "-4 route show table all", "-6 route show table all", "-4 addr show", "-6 -o addr show scope global",
    "-4 rule show", "-6 rule show", "neigh show nud permanent", "link show",
]  # fmt: skip
# What a queue or a namespace does, and what is told of links to those who ask by IPv6; DAD takes its time.
_ASIDE = re.compile(r" qdisc \S+| tentative| group default|link-netnsid \d+ ?")
SETTINGS = ["txqueuelen 500", "alias x", "group 7", "arp off", "multicast off", "gso_max_size 600000", "gso_max_size 9"]
LINKS = ["va", "vb", "vc", "vd"]
NETWORKS4 = ["203.0.113.0/24", "203.0.113.0/25", "198.51.100.0/24", "default", "10.9.0.0/16", "192.0.2.0/24"]
NETWORKS6 = ["2001:db8:5::/48", "default", "2001:db8:6::/64"]
ADDRESSES4 = ["192.0.2.1/24", "192.0.2.2/24", "192.0.2.3/25", "198.51.100.1/24", "198.51.100.5/32", "10.0.0.2/31"]
ADDRESSES6 = ["2001:db8::1/64", "2001:db8::2/64", "2001:db8:1::1/48", "2001:db8::9/128"]
GATEWAYS4 = ["192.0.2.1", "192.0.2.9", "10.0.0.7", "198.51.100.3"]
GATEWAYS6 = ["2001:db8::9", "2001:db8:1::5", "fe80::1"]


class Words:
    """Commands for ip, by chance."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def command(self) -> str:
        """Return the next one."""
        one = self._one
        what = self._chance.choices(
            [self._address, self._route, self._link, self._rule, self._neighbour], [3, 5, 3, 1, 1]
        )[0]
        return " ".join(what(one("-4", "-6")).split())

    def _one(self, *of: str) -> str:
        return self._chance.choice(of)

    def _perhaps(self, words: str, in_ten: int) -> str:
        return words if self._chance.randrange(10) < in_ten else ""

    def _address(self, family: str) -> str:
        what = self._one("add", "add", "del", "replace") if family == "-4" else self._one("add", "add", "del")
        address = self._one(*(ADDRESSES4 if family == "-4" else ADDRESSES6))
        nodad = "nodad" if family == "-6" and what == "add" else ""
        return f"{family} addr {what} {address} dev {self._one(*LINKS)} {nodad}"

    def _route(self, family: str) -> str:
        what = self._one("add", "add", "replace", "append", "prepend", "change", "del")
        network = self._one(*(NETWORKS4 if family == "-4" else NETWORKS6))
        more = f"{self._perhaps('metric 7', 3)} {self._perhaps('table 7', 2)} {self._perhaps('proto static', 2)}"
        if self._perhaps("x", 2):
            return f"{family} route {what} {self._one('blackhole', 'unreachable', 'prohibit')} {network} {more}"
        gateway = self._one(*(GATEWAYS4 if family == "-4" else GATEWAYS6))
        if family == "-4":
            more += f" {self._perhaps('src 192.0.2.1', 2)} {self._perhaps('onlink', 1)} {self._perhaps('mtu 1400', 1)}"
        else:
            more += f" {self._perhaps('src 2001:db8::1', 2)} {self._perhaps('mtu 1450', 2)}"
        way = f"{self._perhaps('via ' + gateway, 6)} {self._perhaps('dev ' + self._one(*LINKS), 8)}"
        return f"{family} route {what} {network} {way} {more}"

    def _link(self, family: str) -> str:
        return self._one(
            f"link set {self._one(*LINKS)} {self._one('up', 'up', 'down')}",
            f"link set {self._one(*LINKS, 'br0')} mtu {self._one('60', '70000', '1200', '1400', '1500', '1600')}",
            f"link set {self._one('va', 'vc')} {self._one('master br0', 'nomaster')}",
            f"link set br0 {self._one('up', 'down')}",
            f"link set {self._one('vb name vz', 'vz name vb', 'vc name va')}",
            f"link set {self._one(*LINKS)} {self._one(*SETTINGS)}",
            f"link set {self._one(*LINKS)} address 0{self._one('1', '2')}:00:00:00:0f:01",
            f"link {self._perhaps('del', 1) or 'show'} {self._one(*LINKS)}",
        )

    def _rule(self, family: str) -> str:
        more = f"priority {self._one('5', '6')} {self._perhaps('fwmark 7', 5)} lookup {self._one('7', '8', 'main')}"
        return f"{family} rule {self._one('add', 'del')} {more}"

    def _neighbour(self, family: str) -> str:
        mac = f"lladdr 02:00:00:00:00:0{self._one('1', '2')} nud permanent"
        what = self._one(f"add {mac}", f"replace {mac}", "del").split(" ", 1)
        address = self._one(*(GATEWAYS4 if family == "-4" else GATEWAYS6[:2]))
        return f"neigh {what[0]} {address} {' '.join(what[1:])} dev {self._one(*LINKS)}"


def emptied(world: "World") -> ModelKernel:
    """Delete all links, and return a model that gives its next ones the same indexes."""
    model = ModelKernel()
    run_ip(model, SETUP[0].split())
    run_ip(model, ["link", "del", "va"])
    world.ip("link del va")
    return model


def listed(text: str, ordered: bool) -> list[str]:
    """Return what ip lists, without what is not compared."""
    lines = [" ".join(_ASIDE.sub("", line).split()) for line in text.splitlines()]
    kept = [line for line in lines if "fe80::" not in line or "via fe80::" in line]
    return kept if ordered else sorted(kept)


@pytest.mark.parametrize("seed", [*range(12), 38])
async def test_the_same_words_do_the_same_to_both_kernels(world: "World", seed: int) -> None:
    model = emptied(world)
    words = Words(seed)
    said: list[str] = []

    for line in [*SETUP, *(words.command() for _ in range(30))]:
        said.append(line)
        real, modelled = world.run(line.split()), run_ip(model, line.split())
        assert (said, modelled.stderr) == (said, real.stderr)
        queries = LISTS if len(said) % 4 == 0 else LISTS[-1:] if line.startswith("link") else []
        for query in queries:  # carrier is looked at in a moment of leisure, and to be waited for
            ordered = not query.startswith("neigh")
            expected = listed(run_ip(model, query.split()).stdout, ordered)
            with suppress(Unavailable):  # the lines themselves say more
                wait_until("the same", partial(lists, world, query, ordered, expected), 5)
            assert (said, query, expected) == (said, query, listed(world.ip(query), ordered))


def lists(world: "World", query: str, ordered: bool, expected: list[str]) -> bool:
    """Say whether ip lists what it should, by now."""
    return listed(world.ip(query), ordered) == expected


TOLD = [
    "addr add 192.0.2.3/24 dev va", "addr add 192.0.2.4/24 dev va", "addr add 198.51.100.1/32 dev va",
    "addr add 2001:db8::5/64 dev va nodad", "addr add 2001:db8::6/64 dev va nodad",
    "route add 203.0.113.0/24 via 192.0.2.9", "route append blackhole 203.0.113.0/24",
    "route prepend prohibit 203.0.113.0/24",
    "route replace unreachable 203.0.113.0/24", "route add 203.0.113.0/24 metric 5 dev va", "route del 203.0.113.0/24",
    "-6 route add 2001:db8:1::/48 via 2001:db8::9", "-6 route append 2001:db8:1::/48 via 2001:db8::8 proto static",
    "-6 route add 2001:db8:1::/48 metric 9 dev va", "-6 route del 2001:db8:1::/48 proto static",
    "-6 route replace 2001:db8:1::/48 metric 9 dev vb",
    "rule add priority 7 lookup 7", "rule del priority 7", "-6 rule add priority 7 lookup 7",
    "neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev va nud permanent",
    "neigh replace 192.0.2.9 lladdr 02:00:00:00:00:08 dev va nud permanent", "neigh del 192.0.2.9 dev va",
    "addr del 2001:db8::6/64 dev va", "addr del 2001:db8::5/64 dev va", "addr del 192.0.2.3/24 dev va",
    "addr del 198.51.100.1/32 dev va", "addr add 192.0.2.3/24 dev va", "addr add 2001:db8::5/64 dev va nodad",
    "neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev va nud permanent",
    "link set va down", "link set va up", "neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev va nud permanent",
    "neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev va nud permanent",
    "addr add 2001:db8::5/64 dev va nodad", "addr add 2001:db8::6/128 dev va nodad", "addr add 198.51.100.1/32 dev vb",
    "-6 route add 2001:db8:1::/48 dev vb mtu 1450 src 2001:db8::5", "-6 route add 2001:db8:2::/48 dev va mtu 1450",
    "route add 203.0.113.128/25 dev va src 198.51.100.1", "route add 203.0.113.0/24 dev va src 198.51.100.1 table 7",
    "addr del 198.51.100.1/32 dev vb", "addr del 2001:db8::6/128 dev va",
    "link set va mtu 1400", "link set va mtu 1500", "-6 route del 2001:db8:2::/48 dev va",
    "link set va mtu 1200", "link set va mtu 1400", "-6 route del 2001:db8:1::/48 dev vb",
    "neigh add 2001:db8::9 lladdr 02:00:00:00:00:09 dev va nud permanent", "link set va address 02:00:00:00:0a:09",
    "link set va txqueuelen 500",
    "link set va alias x", "link set va group 7", "link set va gso_max_size 40000",
    "link set va promisc on",
    "link set va arp off", "link set va multicast off", "link set va mode dormant",
    "link set vb down", "link set vb name vz", "link set vz up", "link set vc up", "link del va",
]  # fmt: skip
_GROUPS = [value for name, value in vars(names).items() if name.startswith("RTNLGRP_") and "NETCONF" not in name]
_KINDS = {value: name for name, value in vars(names).items() if name.startswith(("RTM_NEW", "RTM_DEL"))}


def listening(opened: NetlinkSocket) -> NetlinkSocket:
    """Join all groups."""
    opened.bind((0, 0))
    for group in _GROUPS:
        opened.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
    return opened


def told(listener: NetlinkSocket) -> list[str]:
    """Return what has been said, a line for each message; not what the kernel does with addresses of its own."""
    lines: list[str] = []
    while True:
        try:
            data = listener.recv(1 << 16)
        except BlockingIOError:
            return [line for line in lines if "fe80::" not in line and "ff02::" not in line]
        lines += [
            f"{_KINDS[one.type]} {shown(one.type, one.flags, data, one.start, one.end)}"
            for one in messages(data, len(data))
        ]


def shown(kind: int, flags: int, data: bytes, start: int, end: int) -> str:
    """Return what a message says, without what is counted."""
    if kind in (names.RTM_NEWLINK, names.RTM_DELLINK):
        link = decode_link(data, start, end)
        return f"{link.name} {link.flags:#x} mtu {link.mtu} {link.kind} carrier {link.carrier} state {link.operstate}"
    if kind in (names.RTM_NEWADDR, names.RTM_DELADDR):
        address = decode_address(data, start, end)
        return f"{format_address(address.local).decode()}/{address.prefix} {address.flags:#x} on {address.ifindex}"
    if kind in (names.RTM_NEWROUTE, names.RTM_DELROUTE):
        route = decode_route(data, start, end)
        where = f"{format_address(route.destination).decode()}/{route.prefix} table {route.table} metric {route.metric}"
        how = f"type {route.type} protocol {route.protocol} scope {route.scope} flags {route.flags:#x} mtu {route.mtu}"
        way = f"via {route.gateway.hex()} on {route.ifindex} {route.nexthops} from {route.source.hex()}"
        return f"{where} {how} {way} told with {flags:#x}"
    if kind in (names.RTM_NEWRULE, names.RTM_DELRULE):
        return str(decode_rule(data, start, end))
    neighbour = decode_neighbour(data, start, end)
    return f"{format_address(neighbour.address).decode()} {neighbour}"


async def test_both_kernels_tell_of_the_same_in_the_same_order(world: "World") -> None:
    model = emptied(world)
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
    real_ear, model_ear = listening(open_socket(kind, 0)), listening(model.socket(kind, 0))

    for line in [*SETUP[:2], *SETUP[3:6], *TOLD]:
        world.ip(line)
        run_ip(model, line.split())
        expected = told(model_ear)
        heard: list[str] = []
        with suppress(Unavailable):  # the lines themselves say more
            wait_until("as much to be told", partial(has_as_many, heard, real_ear, len(expected)), 5)
        assert "\n".join([line, *heard]) == "\n".join([line, *expected])


def has_as_many(heard: list[str], listener: NetlinkSocket, count: int) -> bool:
    """Take what has been said; say whether it is as much as it should be."""
    heard += told(listener)
    return len(heard) >= count
