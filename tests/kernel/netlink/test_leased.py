"""Addresses that somebody has granted: deprecated in place, and declined if another host has them."""

import asyncio
from typing import TYPE_CHECKING

from tests.kernel.netlink.test_addresses import packed

from netstrata.system.netlink.leased import Leased

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

ADDRESS, LAN = packed("2001:db8::5"), packed("2001:db8:1:1::1")
ONE, PREFIX, NEXT = (ADDRESS, 128), (packed("2001:db8:1::"), 48), (packed("2001:db8:2::"), 48)
QUIET = {"nodad": 1}


def shown(world: "World") -> list[str]:
    """The addresses of a link that are not its own, and whether they are deprecated."""
    lines = world.ip("-6 -o addr show dev va scope global").splitlines()
    found = [line.partition("inet6 ")[2] for line in lines]
    return sorted(line.split()[0] + " deprecated" * (" deprecated" in line) for line in found)


def ignore(address: bytes) -> None:
    raise AssertionError(address)


async def test_an_address_follows_what_it_lies_in_and_nothing_else_is_touched(world: "World") -> None:
    store = world.netlink.address_store
    async with (
        world.netlink.addresses.held_address("va", ADDRESS, 128, QUIET),
        world.netlink.addresses.held_address("va", LAN, 64, QUIET),
    ):
        store.leased.has(ignore, Leased((ONE, PREFIX)))
        before = shown(world)
        store.leased.has(ignore, Leased((ONE,), (PREFIX,)))
        prefix_old = shown(world)
        store.leased.has(ignore, Leased((PREFIX,), (ONE,)))
        address_old = shown(world)
        store.leased.has(ignore, Leased((), (), (PREFIX,)))
        replaced = shown(world)
        store.leased.has(ignore, Leased())
        after = shown(world)

    assert before == after == ["2001:db8:1:1::1/64", "2001:db8::5/128"]
    assert prefix_old == replaced == ["2001:db8:1:1::1/64 deprecated", "2001:db8::5/128"]
    assert address_old == ["2001:db8:1:1::1/64", "2001:db8::5/128 deprecated"]
    assert shown(world) == []


async def test_what_is_deprecated_when_it_comes_is_made_so(world: "World") -> None:
    world.netlink.address_store.leased.has(ignore, Leased((), (PREFIX,)))
    async with world.netlink.addresses.held_address("va", LAN, 64, QUIET):
        assert shown(world) == ["2001:db8:1:1::1/64 deprecated"]
    world.netlink.address_store.leased.has(ignore, Leased())


async def test_what_a_program_says_of_its_lifetime_counts(world: "World") -> None:
    options = {**QUIET, "preferred_lft": 900, "valid_lft": 1000}
    async with world.netlink.addresses.held_address("va", LAN, 64, options):
        world.netlink.address_store.leased.has(ignore, Leased((), (PREFIX,)))
        assert shown(world) == ["2001:db8:1:1::1/64"]
    world.netlink.address_store.leased.has(ignore, Leased())


async def test_what_was_replaced_is_told_to_who_has_a_network_beside_it(world: "World") -> None:
    leased = world.netlink.address_store.leased
    leased.has(ignore, Leased((PREFIX,)))
    watched = leased.watch_replaced(NEXT)
    assert await anext(watched) == ()

    leased.has(ignore, Leased((NEXT,), (), (PREFIX,)))
    gone = await anext(watched)
    leased.has(ignore, Leased((NEXT,)))
    nothing = await asyncio.wait_for(anext(watched), 5)

    assert (gone, nothing) == ((PREFIX,), ())
    await watched.aclose()
    assert len(leased.changed) == 1  # who holds addresses
