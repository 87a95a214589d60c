"""Links in a real kernel."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

import pytest

from netstrata.ports.kernel import LinkChange
from netstrata.testing.namespaces import in_thread
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World


def is_told_more(watching: AsyncGenerator[bool, None]) -> bool:
    """Say whether a watcher has something to say at once; it cannot be used any more afterwards."""
    step = anext(watching).__await__()
    try:
        step.send(None)
    except StopIteration:
        return True
    with suppress(asyncio.CancelledError):
        step.throw(asyncio.CancelledError())
    return False


async def test_a_link_is_up_while_held_and_down_afterwards(world: "World") -> None:
    before = world.is_up()

    async with world.netlink.links.held_up("va"):
        held = world.is_up()

    assert (before, held, world.is_up()) == (False, True, False)


async def test_a_link_that_was_up_before_stays_up(world: "World") -> None:
    world.ip("link set va up")

    async with world.netlink.links.held_up("va"):
        pass

    assert world.is_up()


async def test_the_last_of_two_holders_sets_the_link_down_under_its_new_name(world: "World") -> None:
    first = world.netlink.links.held_up("va")
    second = world.netlink.links.held_up("va")
    await first.__aenter__()
    await second.__aenter__()
    await first.__aexit__(None, None, None)
    still = world.is_up()
    world.ip("link set va name vz")

    await second.__aexit__(None, None, None)

    assert still
    assert not world.is_up("vz")


async def test_no_such_link_is_said_in_the_users_words(world: "World") -> None:
    for name in ("vq", "a-name-that-is-too-long"):
        with pytest.raises(Unavailable) as refused:
            await world.netlink.links.held_up(name).__aenter__()

        assert str(refused.value) == f"cannot set {name} up: there is no link {name}"


async def test_a_link_that_someone_sets_down_is_lost_and_comes_up_again(world: "World") -> None:
    statement = world.as_statement()

    async with world.netlink.links.held_up("va"):
        world.ip("link set va down")
        reason = await statement.losses.get()
    async with world.netlink.links.held_up("va"):
        again = world.is_up()

    assert reason == "cannot hold va up: someone set it down"
    assert again
    assert not world.is_up()


async def test_a_link_that_is_deleted_is_lost_and_the_undo_is_silent(world: "World") -> None:
    statement = world.as_statement()

    async with world.netlink.links.held_up("va"):
        world.ip("link del va")
        reason = await statement.losses.get()

    assert reason == "cannot hold va up: the link is gone"
    assert statement.notes == []


async def test_find_says_what_the_kernel_says(world: "World") -> None:
    world.links_up()

    link = world.netlink.links.find("va")

    assert link.name == "va"
    assert (link.up, link.carrier, link.mtu, link.ethernet) == (True, True, 1500, True)
    assert link.mac == b"\2\0\0\0\x0a\1"
    assert not world.netlink.links.find("lo").ethernet


async def test_presence_follows_a_name_through_deletion_rename_and_replacement(world: "World") -> None:
    seen: list[bool] = []
    async with aclosing(world.netlink.links.watch_present("vq")) as presence:
        seen.append(await anext(presence))
        world.ip("link add vq type veth peer name vr")
        seen.append(await anext(presence))
        world.ip("link del vq")
        world.ip("link add vq type veth peer name vr")
        seen.extend([await anext(presence), await anext(presence)])
        world.ip("link set vq name vq2")
        seen.append(await anext(presence))
        world.ip("link set vr name vq")
        seen.append(await anext(presence))

    assert seen == [False, True, False, True, False, True]


async def test_carrier_that_goes_and_comes_between_two_looks_is_two_changes(world: "World") -> None:
    world.links_up()
    async with aclosing(world.netlink.links.watch_carrier("va")) as carrier:
        first = await anext(carrier)
        world.ip("link set vb down")
        world.wait_carrier("va", False)
        world.ip("link set vb up")
        world.wait_carrier("va", True)
        changes = [await anext(carrier), await anext(carrier)]

    assert first
    assert changes == [False, True]


async def test_what_was_said_before_a_watcher_came_is_not_told_to_it(world: "World") -> None:
    world.links_up()
    links = world.netlink.links
    async with aclosing(links.watch_carrier("va")) as early, aclosing(links.watch_carrier("va")) as late:
        assert await anext(early)
        world.ip("link set vb down")
        world.wait_carrier("va", False)
        world.ip("link set vb up")
        world.wait_carrier("va", True)
        first = await anext(late)
        world.ip("link del va")
        told_early = [await anext(early) for _ in range(3)]
        told_late = [await anext(late)]
        more = is_told_more(late)

    assert told_early == [False, True, False]
    assert first
    assert told_late == [False]
    assert not more


async def test_carrier_stays_lost_when_a_link_of_the_same_name_comes(world: "World") -> None:
    world.links_up()
    links = world.netlink.links
    async with aclosing(links.watch_carrier("va")) as carrier, aclosing(links.watch_present("va")) as presence:
        assert await anext(carrier)
        assert await anext(presence)
        world.ip("link del va")
        world.ip("link add va type veth peer name vb")
        world.links_up()
        lost = await anext(carrier)
        there = [await anext(presence), await anext(presence)]
        world.netlink.monitor.drain()

    assert not lost
    assert there == [False, True]


async def test_watching_the_carrier_of_no_link_is_unavailable(world: "World") -> None:
    with pytest.raises(Unavailable) as refused:
        await anext(world.netlink.links.watch_carrier("vq"))

    assert str(refused.value) == "cannot watch the carrier of vq: there is no link vq"


async def test_links_are_reported_once_and_a_rename_is_old_gone_new_added(world: "World") -> None:
    async with aclosing(world.netlink.links.watch_links()) as changes:
        first = [(await anext(changes)).name for _ in range(3)]
        world.ip("link set va name vz")
        renamed = [await anext(changes), await anext(changes)]
        world.ip("link del vz")
        gone = {(change.added, change.name) for change in (await anext(changes), await anext(changes))}

    assert sorted(first) == ["lo", "va", "vb"]
    index = renamed[0].ifindex
    assert renamed == [LinkChange(False, "va", index), LinkChange(True, "vz", index)]
    assert gone == {(False, "vz"), (False, "vb")}


async def test_a_port_that_leaves_its_bridge_is_not_a_link_that_goes(world: "World") -> None:
    world.ip("link add br0 type bridge")
    world.ip("link set va master br0")
    async with aclosing(world.netlink.links.watch_present("va")) as presence:
        assert await anext(presence)
        world.ip("link set va nomaster")
        world.ip("link set va name vz")
        seen = await anext(presence)
        more = is_told_more(presence)

    assert not seen
    assert not more


async def test_watchers_catch_up_after_their_queue_ran_over(world: "World") -> None:
    netlink = world.another_netlink(queue_bytes=1)
    links = netlink.links
    world.links_up()
    async with (
        aclosing(links.watch_links()) as changes,
        aclosing(links.watch_present("vb")) as presence,
        aclosing(links.watch_carrier("va")) as carrier,
    ):
        for _ in range(3):
            await anext(changes)
        assert await anext(presence)
        assert await anext(carrier)
        world.batch("".join(f"link set lo mtu {2000 + n}\n" for n in range(50)) + "link del va\n")
        gone = {(await anext(changes)).name, (await anext(changes)).name}
        present, running = await anext(presence), await anext(carrier)

    assert netlink.monitor.overruns > 0
    assert gone == {"va", "vb"}
    assert not present
    assert not running
    netlink.close()


async def test_groups_are_joined_only_while_somebody_listens(world: "World") -> None:
    world.as_statement()
    monitor = world.netlink.monitor
    quiet = monitor.groups()

    async with world.netlink.links.held_up("va"):
        listening = monitor.groups()

    assert quiet == set()
    assert listening == {1}
    assert monitor.groups() == set()


async def test_holding_for_a_statement_outside_of_an_event_loop_changes_nothing(world: "World") -> None:
    def without_a_loop() -> None:
        world.as_statement()
        with pytest.raises(RuntimeError, match="no running event loop"):
            world.netlink.links.held_up("va").__aenter__().send(None)

    in_thread(without_a_loop)

    assert not world.is_up()


async def test_a_link_is_down_while_held_and_up_afterwards(world: "World") -> None:
    world.ip("link set va up")
    statement = world.as_statement()

    async with world.netlink.links.held_down("va"):
        held = world.is_up()
        world.ip("link set va up")
        reason = await statement.losses.get()
    async with world.netlink.links.held_down("va"):
        again = world.is_up()

    assert (held, again, world.is_up()) == (False, False, True)
    assert reason == "cannot hold va down: someone set it up"
    assert statement.notes == []


async def test_a_link_that_was_down_before_stays_down(world: "World") -> None:
    async with world.netlink.links.held_down("va"):
        pass

    assert not world.is_up()


@pytest.mark.parametrize(("first", "second"), [("up", "down"), ("down", "up")])
async def test_one_program_does_not_hold_a_link_up_and_down(world: "World", first: str, second: str) -> None:
    links = world.netlink.links
    held = {"up": links.held_up, "down": links.held_down}

    async with held[first]("va"):
        with pytest.raises(Unavailable) as refused:
            await held[second]("va").__aenter__()

    assert str(refused.value) == f"cannot set va {second}: this program holds it {first}"


async def test_a_link_that_is_gone_is_not_set_up_again(world: "World") -> None:
    world.ip("link set va up")
    told = world.as_statement()

    async with world.netlink.links.held_down("va"):
        world.ip("link del va")

    assert told.notes == []
