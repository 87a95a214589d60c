"""Many links that are asked for in one turn of the event loop are read in one go, and none as it was before."""

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from netstrata.system.netlink.socket import RequestSocket

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

MANY = 40


class Asked:
    """Counts what is read of the kernel, one by one and as whole tables."""

    def __init__(self, requests: RequestSocket) -> None:
        self._requests = requests
        self._first = requests._sequence

    @property
    def count(self) -> int:
        return self._requests._sequence - self._first


async def made(world: "World", stack: AsyncExitStack) -> None:
    """Have many links that are up, and hear all that is said of it."""
    links = world.netlink.links.on_behalf_of(world.as_statement())
    await stack.enter_async_context(links.held_up("va"))
    for n in range(MANY):
        world.ip(f"link add br{n} up type bridge")
    world.netlink.monitor.drain()
    await asyncio.sleep(0)


async def test_many_links_are_read_in_one_go(world: "World") -> None:
    async with AsyncExitStack() as stack:
        await made(world, stack)
        asked = Asked(world.netlink.requests)

        up = [world.netlink.links.find(f"br{n}").up for n in range(MANY)]

        assert up == [True] * MANY
        assert asked.count < 20


async def test_what_we_change_ourselves_is_seen_at_once(world: "World") -> None:
    async with AsyncExitStack() as stack:
        await made(world, stack)
        world.ip("link set br7 down")
        for n in range(MANY):
            world.netlink.links.find(f"br{n}")

        await stack.enter_async_context(world.netlink.links.held_up("br7"))

        assert world.netlink.links.find("br7").up


async def test_what_others_change_is_seen_in_the_next_turn(world: "World") -> None:
    async with AsyncExitStack() as stack:
        await made(world, stack)
        for n in range(MANY):
            world.netlink.links.find(f"br{n}")
        world.ip("link set br7 down")

        await asyncio.sleep(0)

        assert not world.netlink.links.find("br7").up


async def test_what_others_change_while_nobody_listens_is_seen_by_who_comes_then(world: "World") -> None:
    async with AsyncExitStack() as stack:
        await made(world, stack)
        for n in range(MANY):
            world.netlink.links.find(f"br{n}")
        await stack.aclose()
        world.ip("link set br7 down")

        holding = world.netlink.links.on_behalf_of(world.as_statement()).held_up("br7")
        async with holding:
            held = world.is_up("br7")

        assert held
        assert not world.is_up("br7")
