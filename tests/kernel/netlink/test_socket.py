"""The request socket against a real kernel, with ip as the witness."""

import errno
import json
from typing import TYPE_CHECKING

import pytest

from netstrata.protocols.rtnetlink import (
    Answer,
    ask_addresses,
    ask_links,
    ask_routes,
    decode_address,
    decode_link,
    decode_route,
    encode_route,
    messages,
)
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    NLM_F_CREATE,
    NLM_F_EXCL,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_GETROUTE,
    RTM_NEWROUTE,
)
from netstrata.system.netlink.socket import Dump, Request
from netstrata.values import format_address

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

_NEW = NLM_F_CREATE | NLM_F_EXCL


def networks(first: int, count: int) -> list[bytes]:
    return [bytes((10, n >> 8, n & 255, 0)) for n in range(first, first + count)]


def destinations(dump: Dump) -> set[bytes]:
    return {
        decode_route(data, one.start, one.end).destination
        for data in dump.datagrams
        for one in messages(data, len(data))
        if one.type == RTM_NEWROUTE
    }


async def test_links_addresses_and_routes_are_what_ip_says(world: "World") -> None:
    world.links_up()
    world.ip("link property add dev va altname lan-side")
    world.ip("addr add 192.0.2.1/24 dev va")
    world.ip("addr add 2001:db8::1/64 dev va nodad")
    world.ip("route add 198.51.100.0/24 via 192.0.2.9 dev va metric 5")
    requests = world.requests()

    links = requests.dump(RTM_GETLINK, ask_links())
    addresses = requests.dump(RTM_GETADDR, ask_addresses(0, 0))
    routes = requests.dump(RTM_GETROUTE, ask_routes(AF_INET, 254, 0))

    seen = [
        decode_link(data, one.start, one.end)
        for data in links.datagrams
        for one in messages(data, len(data))
        if one.type == 16
    ]
    told = json.loads(world.ip("-j -d link show"))
    assert [(link.ifindex, link.name, link.mtu, link.mac.hex(":")) for link in seen] == [
        (row["ifindex"], row["ifname"], row["mtu"], row["address"]) for row in told
    ]
    assert [link.kind for link in seen] == [row.get("linkinfo", {}).get("info_kind", "") for row in told]
    assert [link.altnames for link in seen] == [tuple(row.get("altnames", ())) for row in told]
    assert {
        (found.ifindex, format_address(found.local).decode(), found.prefix)
        for data in addresses.datagrams
        for one in messages(data, len(data))
        if one.type == 20
        for found in [decode_address(data, one.start, one.end)]
    } == {
        (row["ifindex"], address["local"], address["prefixlen"])
        for row in json.loads(world.ip("-j addr show"))
        for address in row["addr_info"]
    }
    assert destinations(routes) == {b"\xc0\0\2\0", b"\xc6\x33\x64\0"}
    requests.close()


async def test_requests_that_leave_together_are_answered_one_by_one(world: "World") -> None:
    world.links_up()
    requests = world.requests()
    va = requests.index_of("va")
    bodies = [encode_route(network, 24, None, va, 0, 254, 1) for network in networks(0, 1000)]
    bodies[500] = encode_route(b"\x0a\0\0\1", 24, None, va, 0, 254, 1)

    answers = requests.requests([Request(RTM_NEWROUTE, _NEW, body) for body in bodies])

    assert [n for n, answer in enumerate(answers) if answer is not None] == [500]
    assert answers[500] == Answer(errno.EINVAL, "Invalid prefix for given prefix length", 0)
    assert len(world.routes()) == 999
    requests.close()


async def test_a_dump_of_a_table_that_nobody_made_is_empty(world: "World") -> None:
    requests = world.requests()

    dump = requests.dump(RTM_GETROUTE, ask_routes(AF_INET, 4711, 0))

    assert destinations(dump) == set()
    assert dump.complete
    requests.close()


@pytest.mark.real_kernel("a dump of the model is one moment")
async def test_a_dump_says_whether_the_kernel_changed_meanwhile(world: "World") -> None:
    world.batch("".join(f"addr add 10.{n >> 8}.{n & 255}.1/32 dev va\n" for n in range(500)))
    stay = set(networks(0, 500))
    requests = world.requests()
    churn = world.start_batch("addr add 10.99.0.1/32 dev lo\naddr del 10.99.0.1/32 dev lo\n" * 50_000)

    dumps: list[Dump] = []
    while churn.runs() and (len(dumps) < 20 or dumps[-1].complete):
        dumps.append(requests.dump(RTM_GETADDR, ask_addresses(AF_INET, 0)))
    churn.end()
    last = requests.dump(RTM_GETADDR, ask_addresses(AF_INET, 0))

    def networks_in(dump: Dump) -> set[bytes]:
        return {
            decode_address(data, one.start, one.end).local[:3] + b"\0"
            for data in dump.datagrams
            for one in messages(data, len(data))
            if one.type == 20
        }

    assert not all(dump.complete for dump in dumps)
    assert all(stay <= networks_in(dump) for dump in dumps if dump.complete)
    assert last.complete
    assert stay <= networks_in(last)
    requests.close()


async def test_names_and_indexes_are_the_kernels(world: "World") -> None:
    requests = world.requests()
    va = requests.index_of("va")

    assert requests.name_of(va) == "va"
    assert requests.index_of("nobody") == 0
    assert requests.index_of("") == 0
    assert requests.name_of(4711) == "link 4711"
    requests.close()
