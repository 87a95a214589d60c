"""Statements about links, addresses and routes as a program writes them, driven by hand as the engine does."""

from typing import TYPE_CHECKING, Any

import pytest

from netstrata.contract import DOWN
from netstrata.statements.net.backend.waitdevice import waitdevice
from netstrata.statements.net.backend.waitlink import waitlink
from netstrata.statements.net.ipv4.addr import addr as addr4
from netstrata.statements.net.ipv4.route import route as route4
from netstrata.statements.net.ipv6.addr import addr as addr6
from netstrata.statements.net.ipv6.route import route as route6
from netstrata.statements.net.up import up
from netstrata.values import Refused, Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

AT_ONCE = '["wait": "off"]'


async def test_a_whole_program_goes_up_and_down_without_suspending_once(world: "World") -> None:
    world.ip("link set vb up")
    world.as_statement()

    program = [
        world.up_now(up, "va"),
        world.up_now(addr4, "va", "10.1.2.3", "24"),
        world.up_now(addr4, "va", "10.1.2.4/24"),
        world.up_now(addr4, "va", "172.16.0.1/32"),
        world.up_now(addr6, "va", "2001:DB8:0:0:0::5", "64", AT_ONCE),
        world.up_now(addr6, "va", "2001:db8:9::1/128", AT_ONCE),
        world.up_now(route4, "0.0.0.0", "0", "10.1.2.1", "20", "va"),
        world.up_now(route4, "10.50.0.0/16", "none", "5", "va"),
        world.up_now(route4, "10.51.0.0/16", "10.1.2.9", "0", "va"),
        world.up_now(route4, "10.52.0.0/16", "blackhole", "7", "ignored"),
        world.up_now(route6, "::/0", "2001:db8::1", "20", "va"),
        world.up_now(route6, "2001:db8:1::", "48", "none", "5", "va"),
        world.up_now(route6, "2001:db8:2::/48", "none", "0", "va"),
        world.up_now(route6, "2001:db8:3::/48", "blackhole", "9", "ignored"),
    ]
    addresses, routes4, routes6 = world.addresses(), world.routes(), world.routes("-6 route show")
    for statement in reversed(program):
        world.down_now(statement)

    assert sorted(addresses) == [
        "10.1.2.3/24",
        "10.1.2.4/24",
        "172.16.0.1/32",
        "2001:db8:9::1/128",
        "2001:db8::5/64",
    ]
    assert routes4 == [
        "default via 10.1.2.1 dev va proto 110 metric 20",
        "10.50.0.0/16 dev va proto 110 scope link metric 5",
        "10.51.0.0/16 via 10.1.2.9 dev va proto 110",
        "blackhole 10.52.0.0/16 proto 110 metric 7",
    ]
    assert sorted(routes6) == [
        "2001:db8:1::/48 dev va proto 110 metric 5 pref medium",
        "2001:db8:2::/48 dev va proto 110 metric 1024 pref medium",
        "blackhole 2001:db8:3::/48 dev lo proto 110 metric 9 pref medium",
        "default via 2001:db8::1 dev va proto 110 metric 20 pref medium",
    ]
    assert (world.addresses(), world.routes(), world.routes("-6 route show dev va")) == ([], [], [])
    assert not world.is_up()


async def test_waitlink_follows_the_peer_and_stays_down_when_its_link_is_another_one(world: "World") -> None:
    world.links_up()
    statement = world.started(waitlink, "va")
    seen = [world.in_one_step(anext(statement))]
    world.ip("link set vb down")
    seen.append(await anext(statement))
    world.ip("link set vb up")
    seen.append(await anext(statement))
    world.ip("link del va")
    seen.append(await anext(statement))
    world.in_one_step(statement.aclose())

    assert seen == [None, DOWN, None, DOWN]
    assert world.netlink.monitor.groups() == set()


async def test_waitlink_of_no_link_is_unavailable(world: "World") -> None:
    with pytest.raises(Unavailable, match="there is no link vq"):
        await anext(world.started(waitlink, "vq"))


async def test_waitdevice_goes_down_and_up_when_a_link_is_replaced_and_down_when_it_is_renamed(world: "World") -> None:
    statement = world.started(waitdevice, "vq")
    seen = [world.in_one_step(anext(statement))]
    for words in ("link add vq type veth peer name vr", "link del vq", "link add vq type veth peer name vr"):
        world.ip(words)
        seen.append(await anext(statement))
    world.ip("link set vq name vq2")
    seen.append(await anext(statement))
    world.in_one_step(statement.aclose())

    assert seen == [DOWN, None, DOWN, None, DOWN]


async def test_a_link_that_vanishes_under_a_program_is_undone_without_a_word(world: "World") -> None:
    statement = world.as_statement()
    program = [
        world.up_now(up, "va"),
        world.up_now(addr4, "va", "192.0.2.3/24"),
        world.up_now(addr6, "va", "2001:db8::5/64", AT_ONCE),
        world.up_now(route4, "198.51.100.0/24", "none", "0", "va"),
    ]
    world.ip("link del va")
    reasons = [await statement.losses.get() for _ in program]

    for one in reversed(program):
        world.down_now(one)

    # What is at the bottom is told first.
    assert reasons[0] == "cannot hold va up: the link is gone"
    assert statement.notes == []


@pytest.mark.parametrize(
    ("function", "words", "index"),
    [
        (route4, ("198.51.100.0/24", "2001:db8::1", "0", "va"), 1),
        (route4, ("198.51.100.0/33", "none", "0", "va"), 0),
        (route6, ("2001:db8::/32", "192.0.2.1", "0", "va"), 1),
        (route6, ("2001:db8::/32", "none", "2147483648", "va"), 2),
        (up, ("a name",), 0),
    ],
)
async def test_a_word_that_does_not_fit_is_refused_at_its_place(
    world: "World", function: Any, words: tuple[str, ...], index: int
) -> None:
    with pytest.raises(Refused) as refused:
        world.started(function, *words)

    assert refused.value.argument == index
