"""What else `net.route` says, in a real kernel, with ip as the judge; the rest is in test_more_routes.

Seen on Linux 6.18 with iproute2 6.1.
"""

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.kernel.netlink.judged import as_by_ip, missed, stays
from tests.kernel.netlink.test_more_routes import family, holding

from netstrata.statements.net.route import route
from netstrata.values import Refused, Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

pytestmark = pytest.mark.real_kernel  # the model has unicast routes of one way, for packets of any type of service

_TWO = '["nexthops": {["via": "192.0.2.9", "weight": "2"], ["via": "198.51.100.9", "dev": "vc"]}]'
_TWO6 = '["nexthops": {["via": "2001:db8::9"], ["via": "2001:db8:1::9", "dev": "vc", "weight": "256"]}, "metric": "5"]'
# A statement's words, and how ip makes the same.
ROUTES = [
    ("203.0.113.0/24", _TWO, "203.0.113.0/24 nexthop via 192.0.2.9 weight 2 nexthop via 198.51.100.9 dev vc"),
    (
        "0.0.0.0/0", '["nexthops": {["dev": "va"], ["via": "192.0.3.9", "dev": "vc", "onlink": "on"]}, "table": "7"]',
        "default table 7 nexthop dev va nexthop via 192.0.3.9 dev vc onlink",
    ),
    (
        "203.0.113.0/24", '["nexthops": {["via": "2001:db8::9", "dev": "va"], ["via": "192.0.2.9"]}, "mtu": "1300"]',
        "203.0.113.0/24 mtu 1300 nexthop via inet6 2001:db8::9 dev va nexthop via 192.0.2.9",
    ),
    (
        "2001:db8:9::/48", _TWO6,
        "2001:db8:9::/48 metric 5 nexthop via 2001:db8::9 nexthop via 2001:db8:1::9 dev vc weight 256",
    ),
    ("203.0.113.0/24", '["type": "local", "dev": "lo"]', "local 203.0.113.0/24 dev lo"),
    ("0.0.0.0/0", '["type": "local", "dev": "lo", "table": "100"]', "local default dev lo table 100"),
    ("203.0.113.255", '["type": "broadcast", "dev": "va"]', "broadcast 203.0.113.255 dev va"),
    ("203.0.113.1", '["type": "anycast", "dev": "va"]', "anycast 203.0.113.1 dev va"),
    ("224.1.0.0/16", '["type": "multicast", "dev": "va"]', "multicast 224.1.0.0/16 dev va"),
    ("2001:db8:2::/48", '["type": "local", "dev": "lo"]', "local 2001:db8:2::/48 dev lo"),
    ("2001:db8:2::1", '["type": "anycast", "dev": "va"]', "anycast 2001:db8:2::1 dev va"),
    ("ff15::/16", '["type": "multicast", "dev": "va"]', "multicast ff15::/16 dev va"),
    ("203.0.113.0/24", '["dev": "va", "scope": "host"]', "203.0.113.0/24 dev va scope host"),
    ("203.0.113.0/24", '["dev": "va", "scope": "global"]', "203.0.113.0/24 dev va scope global"),
    (
        "203.0.113.0/24",
        '["via": "192.0.2.9", "advmss": "1300", "initcwnd": "20", "initrwnd": "30", "hoplimit": "9", "window": "9000"]',
        "203.0.113.0/24 via 192.0.2.9 advmss 1300 initcwnd 20 initrwnd 30 hoplimit 9 window 9000",
    ),
    (
        "203.0.113.0/24", '["via": "192.0.2.9", "advmss": "65495", "mtu": "65520", "hoplimit": "9", "quickack": "on"]',
        "203.0.113.0/24 via 192.0.2.9 advmss 65495 mtu 65520 hoplimit 9 quickack 1",
    ),
    (
        "2001:db8:9::/48", '["via": "2001:db8::9", "advmss": "1300", "initcwnd": "20", "hoplimit": "9"]',
        "2001:db8:9::/48 via 2001:db8::9 advmss 1300 initcwnd 20 hoplimit 9",
    ),
    ("203.0.113.0/24", '["via": "192.0.2.9", "tos": "0x10"]', "203.0.113.0/24 via 192.0.2.9 tos 0x10"),
    (
        "203.0.113.0/24", '["via": "192.0.2.9", "tos": "252", "metric": "4"]',
        "203.0.113.0/24 via 192.0.2.9 tos 0xfc metric 4",
    ),
]  # fmt: skip
EACH = pytest.mark.parametrize(("destination", "options", "by_ip"), ROUTES)


def prepare(world: "World") -> None:
    world.links_up()
    world.ip("link add vc type veth peer name vd")
    for link in ("vc", "vd"):
        world.ip(f"link set {link} up")
    world.wait_carrier("vc", True)
    for address in ("192.0.2.3/24 dev va", "198.51.100.3/24 dev vc"):
        world.ip(f"addr add {address}")
    for address in ("2001:db8::3/64 dev va", "2001:db8:1::3/64 dev vc"):
        world.ip(f"addr add {address} nodad")


def shown(world: "World") -> list[dict[str, Any]]:
    """Return all routes that the kernel did not make, of both families, without whose they are."""
    found: list[dict[str, Any]] = []
    for words in ("-4", "-6"):
        found += json.loads(world.ip(f"{words} -N -j -d route show table all"))
    rows = [one for one in found if one.get("protocol") not in ("2", "kernel", "9", "ra")]
    return [{key: value for key, value in one.items() if key != "protocol"} for one in rows]


@EACH
async def test_a_route_is_as_ip_makes_it_while_held_and_gone_after(
    world: "World", destination: str, options: str, by_ip: str
) -> None:
    prepare(world)
    words = f"{family(destination)} route"

    before, held = as_by_ip(
        world, holding(world, destination, options), shown, f"{words} add {by_ip}", f"{words} del {by_ip}"
    )

    assert len(held) == len(before) + 1


@EACH
async def test_an_equal_route_that_was_there_before_stays(
    world: "World", destination: str, options: str, by_ip: str
) -> None:
    prepare(world)

    stays(world, holding(world, destination, options), shown, f"{family(destination)} route add {by_ip}")


@EACH
async def test_a_route_that_someone_deletes_is_lost_and_can_be_held_again(
    world: "World", destination: str, options: str, by_ip: str
) -> None:
    prepare(world)

    reason, before, held = await missed(
        world, holding(world, destination, options), shown, f"{family(destination)} route del {by_ip}"
    )

    assert reason.endswith(": someone removed or replaced it")
    assert len(held) == len(before) + 1


@pytest.mark.parametrize(
    ("destination", "options", "line"),
    [
        ("203.0.113.0/24", '["via": "192.0.2.9", "advmss": "1300"]', "203.0.113.0/24 via 192.0.2.9 advmss 1200"),
        ("203.0.113.0/24", '["via": "192.0.2.9"]', "203.0.113.0/24 via 192.0.2.9 initcwnd 2"),
        ("203.0.113.0/24", _TWO, "203.0.113.0/24 nexthop via 192.0.2.9 nexthop via 198.51.100.9"),
        ("203.0.113.0/24", _TWO, "203.0.113.0/24 via 192.0.2.9"),
        ("203.0.113.0/24", '["via": "192.0.2.9", "tos": "8"]', "203.0.113.0/24 tos 8 via 192.0.2.8"),
        ("2001:db8:9::/48", '["via": "2001:db8::9", "hoplimit": "9"]', "2001:db8:9::/48 via 2001:db8::9 hoplimit 8"),
    ],
)
async def test_what_somebody_changes_of_it_is_noticed(
    world: "World", destination: str, options: str, line: str
) -> None:
    prepare(world)
    told = world.as_statement()

    statement = world.up_now(route, destination, options)
    world.ip(f"{family(destination)} route replace {line}")
    reason = await told.losses.get()
    after = shown(world)
    world.down_now(statement)

    assert ": another route is in its place: " in reason
    assert reason.endswith(" proto boot")
    assert shown(world) == after
    assert len(after) == 1


async def test_one_way_that_somebody_takes_out_is_noticed_and_the_other_one_goes_too(world: "World") -> None:
    prepare(world)
    told = world.as_statement()

    statement = world.up_now(route, "2001:db8:9::/48", _TWO6)
    world.ip("-6 route del 2001:db8:9::/48 via 2001:db8::9 metric 5")
    reason = await told.losses.get()
    world.down_now(statement)

    assert reason.endswith(": someone removed or replaced it")
    assert shown(world) == []


@pytest.mark.parametrize(("destination", "options"), [("203.0.113.0/24", _TWO), ("2001:db8:9::/48", _TWO6)])
async def test_a_route_of_two_ways_stays_while_one_of_its_links_is_down(
    world: "World", destination: str, options: str
) -> None:
    prepare(world)
    world.sysctl("net/ipv6/conf/vc/keep_addr_on_down", "1")
    told = world.as_statement()
    statement = world.up_now(route, destination, options)

    world.ip("link set vc down")
    world.netlink.monitor.drain()
    hops = shown(world)[0]["nexthops"]
    world.ip("link set vc up")
    world.netlink.monitor.drain()

    assert [hop["flags"] for hop in hops] == [[], ["dead", "linkdown"]]
    assert told.losses.empty()
    world.down_now(statement)
    assert shown(world) == []


@pytest.mark.parametrize(("destination", "options"), [("203.0.113.0/24", _TWO), ("2001:db8:9::/48", _TWO6)])
async def test_a_route_of_two_ways_is_lost_with_one_of_its_links_and_leaves_nothing(
    world: "World", destination: str, options: str
) -> None:
    prepare(world)
    told = world.as_statement()
    statement = world.up_now(route, destination, options)

    world.ip("link del vc")
    reason = await told.losses.get()
    world.down_now(statement)

    assert reason.endswith(": vc is gone or has a new name")
    assert shown(world) == []


async def test_a_way_of_an_ipv6_route_of_somebody_else_stays(world: "World") -> None:
    prepare(world)
    statement = world.up_now(route, "2001:db8:9::/48", _TWO6)
    world.ip("-6 route append 2001:db8:9::/48 via 2001:db8::7 metric 5")
    world.netlink.monitor.drain()

    world.down_now(statement)

    assert [(one["dst"], one["gateway"]) for one in shown(world)] == [("2001:db8:9::/48", "2001:db8::7")]


async def test_routes_that_differ_only_in_their_type_of_service_do_not_meet(world: "World") -> None:
    prepare(world)
    world.as_statement()
    world.ip("route add 203.0.113.0/24 via 192.0.2.8 tos 0x08")
    before = shown(world)

    plain = world.up_now(route, "203.0.113.0/24", '["via": "192.0.2.9"]')
    other = world.up_now(route, "203.0.113.0/24", '["via": "192.0.2.7", "tos": "0x10"]')
    held = shown(world)
    world.down_now(plain)
    one_less = shown(world)
    world.down_now(other)

    assert [(one.get("tos"), one["gateway"]) for one in held] == [
        ("0x10", "192.0.2.7"), ("0x08", "192.0.2.8"), (None, "192.0.2.9"),
    ]  # fmt: skip
    assert [one["gateway"] for one in one_less] == ["192.0.2.7", "192.0.2.8"]
    assert shown(world) == before


async def test_another_route_of_two_ways_is_in_the_way_and_stays(world: "World") -> None:
    prepare(world)
    world.ip("route add 203.0.113.0/24 nexthop via 192.0.2.9 nexthop via 198.51.100.9")
    before = shown(world)

    with pytest.raises(Unavailable, match=r"cannot add route 203\.0\.113\.0/24 nexthop via 192\.0\.2\.9 weight 2 "):
        world.up_now(route, "203.0.113.0/24", _TWO)

    assert shown(world) == before


@pytest.mark.parametrize(
    ("destination", "options", "message"),
    [
        ("203.0.113.0/24", '["nexthops": {["weight": "2"]}]', "option nexthops: next hop 1: it needs `via` or `dev`"),
        (
            "203.0.113.0/24", '["nexthops": {["dev": "va"], ["dev": "vc", "weight": "257"]}]',
            "option nexthops: next hop 2: option weight: expected a weight: whole, 1 to 256",
        ),
        ("203.0.113.0/24", '["nexthops": {["gw": "192.0.2.1"]}]', "option nexthops: next hop 1: there is no option"),
        ("203.0.113.0/24", '["nexthops": {}]', "option nexthops: expected next hops: a list of a map of dev"),
        ("203.0.113.0/24", '["nexthops": {["dev": "va"]}, "dev": "vc"]', "a route with `nexthops` is unicast"),
        ("203.0.113.0/24", '["type": "local"]', "a local route needs `dev`, and takes no `via`"),
        ("203.0.113.0/24", '["type": "multicast", "via": "192.0.2.1"]', "a multicast route needs"),
        ("203.0.113.0/24", '["type": "nat"]', "option type: expected a kind of route: unicast, local, broadcast"),
        ("203.0.113.0/24", '["dev": "va", "advmss": "65496"]', "option advmss: expected a segment size: whole bytes"),
        ("203.0.113.0/24", '["dev": "va", "mtu": "65535"]', "option mtu: expected an MTU: whole bytes, 68 to 65520"),
        ("203.0.113.0/24", '["dev": "va", "hoplimit": "256"]', "option hoplimit: expected a hop limit: whole, 1"),
        ("203.0.113.0/24", '["dev": "va", "tos": "17"]', "option tos: expected a type of service: a multiple of 4"),
        ("203.0.113.0/24", '["dev": "va", "scope": "world"]', "option scope: expected a scope: global or site or link"),
        ("203.0.113.0/24", '["dev": "va", "table": "7x"]', "option table: expected a routing table: whole, 1 to"),
        ("2001:db8::/48", '["dev": "va", "tos": "8"]', "an IPv6 route has no `tos`"),
        ("2001:db8::/48", '["dev": "va", "scope": "link"]', "an IPv6 route has no `scope`"),
        ("2001:db8::1", '["dev": "va", "type": "broadcast"]', "IPv6 has no broadcast"),
        ("2001:db8::/48", '["nexthops": {["via": "192.0.2.1"]}]', "an IPv6 route cannot go via an IPv4 gateway"),
        ("2001:db8::/48", '["nexthops": {["via": "fe80::1"]}]', "a link-local gateway needs `dev`"),
    ],
)  # fmt: skip
async def test_what_no_route_can_be_is_refused_by_name(
    world: "World", destination: str, options: str, message: str
) -> None:
    with pytest.raises(Refused) as refused:
        world.up_now(route, destination, options)

    assert refused.value.message.startswith(message)
    assert refused.value.argument == 1
