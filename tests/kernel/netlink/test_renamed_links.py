"""A link that a statement has renamed: who waits for it by the name that it had has not lost it."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from netstrata.contract import DOWN
from netstrata.statements.net.backend.waitdevice import waitdevice
from netstrata.statements.net.rename import rename
from netstrata.statements.net.watch_interfaces import watch_interfaces

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

pytestmark = pytest.mark.kernel


async def test_a_link_is_there_for_who_waited_for_it_whatever_it_is_called_until_it_goes(world: "World") -> None:
    waiting, other = waiters(world, "va", "lan")
    world.as_statement()
    renamed = world.up_now(rename, "va", "lan")
    seen = [await anext(other)]
    world.down_now(renamed)
    seen.append(await anext(other))
    renamed = world.up_now(rename, "va", "lan")
    seen.append(await anext(other))
    is_disturbed = waiting.done()

    world.ip("link del lan")
    seen.append(await waiting)

    assert seen == [None, DOWN, None, DOWN]
    assert not is_disturbed
    world.down_now(renamed)


async def test_a_link_that_somebody_else_renames_is_gone_also_after_a_statement_has_done_so(world: "World") -> None:
    waiting, other = waiters(world, "va", "lan")
    world.as_statement()
    renamed = world.up_now(rename, "va", "lan")
    seen = [await anext(other)]
    world.down_now(renamed)
    seen.append(await anext(other))
    is_disturbed = waiting.done()

    world.ip("link set va name wan")
    seen.append(await waiting)

    assert seen == [None, DOWN, DOWN]
    assert not is_disturbed


async def test_another_link_that_gets_the_name_waits_until_the_first_one_is_gone(world: "World") -> None:
    waiting, other = waiters(world, "va", "vx")
    world.as_statement()
    renamed = world.up_now(rename, "va", "lan")

    world.ip("link add va type veth peer name vx")
    seen = [await anext(other)]
    is_disturbed = waiting.done()
    world.ip("link del lan")
    seen.append(await waiting)

    assert seen == [None, DOWN]
    assert not is_disturbed
    assert world.in_one_step(anext(world.started(waitdevice, "va"))) is None
    world.down_now(renamed)


async def test_who_begins_to_wait_after_the_rename_finds_the_link_by_both_names(world: "World") -> None:
    world.as_statement()
    renamed = world.up_now(rename, "va", "lan")
    waiting = [world.started(waitdevice, name) for name in ("va", "lan")]

    seen = [world.in_one_step(anext(one)) for one in waiting]
    world.ip("link del lan")
    seen += [await anext(one) for one in waiting]

    assert seen == [None, None, DOWN, DOWN]
    world.down_now(renamed)


async def test_a_link_is_shown_by_the_name_that_it_had_and_the_one_that_it_is_given(world: "World") -> None:
    statement = world.started(watch_interfaces)
    seen: list[str] = []
    while not seen or seen[-1] != "added va":
        change = await anext(statement)
        seen = [f"{change.event_type.decode()} {change.devname}"]
    world.as_statement()

    renamed = world.up_now(rename, "va", "lan")
    seen.append(await told(statement, "lan"))
    world.down_now(renamed)
    seen.append(await told(statement, "lan"))
    renamed = world.up_now(rename, "va", "wan")
    seen.append(await told(statement, "wan"))
    world.ip("link del wan")
    seen += sorted([await told(statement, "va", "wan"), await told(statement, "va", "wan")])

    assert seen == ["added va", "added lan", "removed lan", "added wan", "removed va", "removed wan"]
    world.down_now(renamed)


def waiters(world: "World", name: str, other: str) -> tuple[asyncio.Future[Any], Any]:
    """Return what is told next to who waits for a link that is there, and who waits for one that is not."""
    statement, another = world.started(waitdevice, name), world.started(waitdevice, other)
    assert world.in_one_step(anext(statement)) is None
    assert world.in_one_step(anext(another)) == DOWN
    return asyncio.ensure_future(anext(statement)), another


async def told(statement: Any, *names: str) -> str:
    """Return the next that is told of links of some names, or of the link `va`."""
    while True:
        change = await anext(statement)
        if change.devname in (*names, "va"):
            return f"{change.event_type.decode()} {change.devname}"


@pytest.mark.vm
async def test_a_link_that_is_up_is_renamed_and_is_up_under_either_name(world: "World") -> None:
    world.links_up()
    told = world.as_statement()

    renamed = world.up_now(rename, "va", "lan")
    held = world.is_up("lan")
    world.down_now(renamed)

    assert (held, world.is_up("va")) == (True, True)
    assert told.notes == []
