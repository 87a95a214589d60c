"""`net.route` in a real kernel, with ip as the judge; what all routes share is in test_routes."""

from typing import TYPE_CHECKING

import pytest
from tests.kernel.netlink.judged import Hold, as_by_ip, missed, stays

from netstrata.statements.net.route import route
from netstrata.values import Refused, Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

# A statement's words, and how ip makes the same.
ROUTES = [
    ("198.51.100.0/24", '["via": "192.0.2.9", "dev": "va"]', "198.51.100.0/24 via 192.0.2.9 dev va"),
    ("198.51.100.0/24", '["via": "192.0.2.9"]', "198.51.100.0/24 via 192.0.2.9"),
    ("0.0.0.0/0", '["dev": "va", "metric": "7"]', "default dev va metric 7"),
    (
        "198.51.100.0/24", '["via": "192.0.2.9", "dev": "va", "table": "7", "src": "192.0.2.3", "mtu": "1400"]',
        "198.51.100.0/24 via 192.0.2.9 dev va table 7 src 192.0.2.3 mtu 1400",
    ),
    (
        "198.51.100.1", '["via": "203.0.113.9", "dev": "va", "onlink": "on", "table": "1000"]',
        "198.51.100.1 via 203.0.113.9 dev va onlink table 1000",
    ),
    ("198.51.100.0/24", '["via": "2001:db8::9", "dev": "va"]', "198.51.100.0/24 via inet6 2001:db8::9 dev va"),
    ("198.51.100.0/24", '["type": "unreachable", "metric": "9"]', "unreachable 198.51.100.0/24 metric 9"),
    ("198.51.100.0/24", '["type": "prohibit"]', "prohibit 198.51.100.0/24"),
    ("198.51.100.0/24", '["type": "blackhole", "table": "7"]', "blackhole 198.51.100.0/24 table 7"),
    ("198.51.100.0/24", '["type": "throw", "table": "7"]', "throw 198.51.100.0/24 table 7"),
    (
        "2001:db8:1::/48", '["via": "2001:db8::9", "src": "2001:db8::3", "mtu": "1300"]',
        "2001:db8:1::/48 via 2001:db8::9 src 2001:db8::3 mtu 1300",
    ),
    ("::/0", '["dev": "va", "table": "7"]', "default dev va table 7"),
    (
        "2001:db8:2::/48", '["via": "2001:db8:7::1", "dev": "va", "onlink": "on"]',
        "2001:db8:2::/48 via 2001:db8:7::1 dev va onlink",
    ),
    ("2001:db8:1::/48", '["type": "unreachable"]', "unreachable 2001:db8:1::/48"),
    ("2001:db8:1::/48", '["type": "prohibit", "table": "7"]', "prohibit 2001:db8:1::/48 table 7"),
]  # fmt: skip
EACH = pytest.mark.parametrize(("destination", "options", "by_ip"), ROUTES)


def prepare(world: "World") -> None:
    world.links_up()
    world.ip("addr add 192.0.2.3/24 dev va")
    world.ip("addr add 2001:db8::3/64 dev va nodad")


def family(destination: str) -> str:
    return "-6" if ":" in destination else "-4"


def holding(world: "World", destination: str, options: str) -> Hold:
    """Return what holds a route."""
    return lambda: world.up_now(route, destination, options)


def shown(world: "World") -> list[str]:
    """Return all routes that the kernel did not make, of both families."""
    lines = world.routes("-4 -N route show table all") + world.routes("-6 -N route show table all")
    return [line for line in lines if "proto 2" not in line]


@EACH
async def test_a_route_is_as_ip_makes_it_while_held_and_gone_after(
    world: "World", destination: str, options: str, by_ip: str
) -> None:
    prepare(world)
    words = f"{family(destination)} route"

    before, held = as_by_ip(
        world,
        holding(world, destination, options),
        shown,
        f"{words} add {by_ip} proto 110",
        f"{words} del {by_ip}",
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
    ("there", "options", "shown_as"),
    [
        ("via 192.0.2.9 mtu 1300", '["via": "192.0.2.9", "mtu": "1400"]', "via 192.0.2.9 dev va proto boot"),
        ("via 192.0.2.9 src 192.0.2.3", '["via": "192.0.2.9"]', "via 192.0.2.9 dev va proto boot"),
        ("via 192.0.2.9", '["type": "prohibit"]', "via 192.0.2.9 dev va proto boot"),
    ],
)
async def test_a_route_that_differs_in_one_word_is_in_the_way_and_stays(
    world: "World", there: str, options: str, shown_as: str
) -> None:
    prepare(world)
    world.ip(f"route add 198.51.100.0/24 {there}")
    before = shown(world)

    with pytest.raises(Unavailable) as refused:
        world.up_now(route, "198.51.100.0/24", options)

    assert str(refused.value).endswith(f": another route is there: 198.51.100.0/24 {shown_as}")
    assert shown(world) == before


async def test_a_gateway_that_is_on_no_link_is_refused(world: "World") -> None:
    prepare(world)
    world.ip("route add default via 192.0.2.1")

    with pytest.raises(Unavailable, match=r"its gateway is on no link of ours"):
        world.up_now(route, "198.51.100.0/24", '["via": "203.0.113.9"]')


async def test_a_gateway_without_any_way_to_it_is_refused_by_the_kernel(world: "World") -> None:
    with pytest.raises(Unavailable, match="Network is unreachable"):
        world.up_now(route, "198.51.100.0/24", '["via": "203.0.113.9"]')


@pytest.mark.parametrize(
    ("destination", "options"),
    [
        ("198.51.100.0/24", "[]"),
        ("198.51.100.0/24", '["type": "prohibit", "via": "192.0.2.1"]'),
        ("198.51.100.0/24", '["dev": "va", "src": "2001:db8::3"]'),
        ("::/0", '["via": "fe80::1"]'),
    ],
)
async def test_options_that_do_not_go_together_are_refused(world: "World", destination: str, options: str) -> None:
    with pytest.raises(Refused) as refused:
        world.up_now(route, destination, options)

    assert refused.value.argument == 1
