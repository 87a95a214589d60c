"""When an IPv6 address can be used, and what is waited for until then.

Seen on Linux 6.18: an address that is added on a link without carrier is tentative until carrier comes, unless the link
has had carrier since it was set up: then it can be used a second or two later, and nobody is ever asked.
"""

import asyncio
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.kernel.netlink.test_addresses import packed
from tests.system.undo_journal.acts import reading

from netstrata.system.held import Recovery
from netstrata.system.undo_journal import Identity, UndoJournal
from netstrata.testing.child import wait_until
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import Statement, World

HERE = Identity("a boot", "a namespace")
ADDRESS = packed("2001:db8::5")
ASKED = "duplicate address detection on va"
UNASKED = "no carrier: the address was never checked"
TAKEN = "another host on the link has this address (duplicate address detection failed)"


class Holding:
    """An address that is about to be held, beside the test."""

    def __init__(self, world: "World", netlink: Any = None, **options: int) -> None:
        addresses = (netlink or world.netlink).addresses
        self.context = addresses.held_address("va", ADDRESS, 64, options)
        self.entering = asyncio.get_running_loop().create_task(self.context.__aenter__())

    async def leave(self) -> None:
        await self.context.__aexit__(None, None, None)


async def until_awaited(statement: "Statement", what: str) -> None:
    """Wait until a statement is told that it waits for something."""
    while await statement.told.get() != what:
        pass


def awaited(statement: "Statement") -> list[str]:
    """Return what a statement was told that it waits for; what it was told twice in a row, once."""
    told = statement.awaited
    return [what for at, what in enumerate(told) if told[at - 1 : at] != [what]]


async def without_carrier(world: "World") -> None:
    world.ip("link set vb down")
    world.wait_carrier("va", False)


def counted(world: "World") -> str:
    return world.ip("-6 addr show dev va tentative")


async def test_it_is_held_only_when_it_can_be_used(world: "World") -> None:
    world.links_up()
    statement = world.as_statement()

    holding = Holding(world)
    await until_awaited(statement, ASKED)
    was_tentative = "2001:db8::5/64" in counted(world)
    world.finish_dad()
    await holding.entering

    assert was_tentative
    assert "2001:db8::5/64" not in counted(world)
    assert awaited(statement) == [ASKED, ""]
    await holding.leave()
    assert world.addresses() == []


@pytest.mark.real_kernel  # a socket is bound
async def test_a_server_can_be_bound_to_it_at_once(world: "World") -> None:
    world.links_up()
    world.as_statement()

    async with world.netlink.addresses.held_address("va", ADDRESS, 64):
        with socket.socket(socket.AF_INET6) as server:
            server.bind(("2001:db8::5", 0))


@pytest.mark.parametrize("options", [{"wait": 0}, {"nodad": 1}])
async def test_it_is_held_at_once_if_that_is_asked_for(world: "World", options: dict[str, int]) -> None:
    world.links_up()
    statement = world.as_statement()
    context = world.netlink.addresses.held_address("va", ADDRESS, 64, options)

    world.in_one_step(context.__aenter__())

    assert ("2001:db8::5/64" in counted(world)) is ("wait" in options)
    assert statement.awaited == []
    world.in_one_step(context.__aexit__(None, None, None))
    assert world.addresses() == []


@pytest.mark.real_kernel  # the model knows no setting `optimistic_dad` that is on
@pytest.mark.parametrize("on", [True, False])
async def test_an_optimistic_one_is_waited_for_only_where_the_kernel_has_none(world: "World", on: bool) -> None:
    world.sysctl("net/ipv6/conf/va/optimistic_dad", str(int(on)))
    world.links_up()
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", ADDRESS, 64, {"optimistic": 1}):
        tentative = counted(world)

    assert ("optimistic" in tentative) is on
    assert (ASKED in statement.awaited) is not on


@pytest.mark.real_kernel  # the model leaves it tentative as long as there is no carrier
async def test_what_was_added_without_carrier_is_checked_when_carrier_comes(world: "World") -> None:
    world.links_up()
    await without_carrier(world)
    statement = world.as_statement()
    holding = Holding(world)
    await until_awaited(statement, UNASKED)
    wait_until("it can be used", lambda: "2001:db8::5/64" not in counted(world))  # and nobody was asked
    await asyncio.sleep(0)
    is_up = holding.entering.done()

    world.ip("addr add 2001:db8::5/64 dev vb nodad")
    world.ip("link set vb up")

    with pytest.raises(Unavailable) as refused:
        await holding.entering
    assert not is_up
    assert refused.value.reason == TAKEN
    assert awaited(statement) == [UNASKED, ASKED, ""]
    assert world.addresses() == []


@pytest.mark.parametrize("ready", [True, False])
async def test_it_is_held_once_carrier_has_come_and_nobody_else_has_it(world: "World", ready: bool) -> None:
    world.links_up() if ready else world.ip("link set va up")
    await without_carrier(world)
    statement = world.as_statement()
    holding = Holding(world)
    await until_awaited(statement, UNASKED)

    world.ip("link set vb up")
    await until_awaited(statement, ASKED)
    world.finish_dad()
    await holding.entering

    assert "2001:db8::5/64" not in counted(world)
    assert world.addresses() == ["2001:db8::5/64"]
    assert statement.losses.empty()
    await holding.leave()
    assert world.addresses() == []


async def test_carrier_that_goes_while_others_are_asked_has_them_asked_again(world: "World") -> None:
    world.links_up()
    statement = world.as_statement()
    holding = Holding(world)
    await until_awaited(statement, ASKED)

    await without_carrier(world)
    await until_awaited(statement, UNASKED)
    world.ip("link set vb up")
    await until_awaited(statement, ASKED)
    world.finish_dad()
    await holding.entering

    assert awaited(statement) == [ASKED, UNASKED, ASKED, ""]
    await holding.leave()


async def test_a_link_that_is_down_is_named(world: "World") -> None:
    statement = world.as_statement()
    holding = Holding(world)
    await until_awaited(statement, "tentative: va is down")

    world.links_up()
    await until_awaited(statement, ASKED)
    world.finish_dad()
    await holding.entering

    await holding.leave()


@pytest.mark.real_kernel  # the model's bridges have carrier only with their ports
async def test_a_bridge_without_members_is_named_until_it_has_one(world: "World") -> None:
    world.ip("link add br0 address 02:00:00:00:0c:01 type bridge")  # with a MAC of its own it has no carrier
    for link in ("br0", "va", "vb"):
        world.ip(f"link set {link} up")
    statement = world.as_statement()
    context = world.netlink.addresses.held_address("br0", ADDRESS, 64)
    entering = asyncio.get_running_loop().create_task(context.__aenter__())
    await until_awaited(statement, "tentative: br0 has no members")

    world.ip("link set va master br0")
    await entering

    assert statement.awaited[-2:] == ["duplicate address detection on br0", ""]
    await context.__aexit__(None, None, None)


@pytest.mark.parametrize("link", ["lo", "va"])
async def test_where_nobody_is_ever_asked_carrier_is_not_waited_for(world: "World", link: str) -> None:
    world.sysctl(f"net/ipv6/conf/{'va' if link == 'lo' else link}/accept_dad", "0")
    world.links_up()
    await without_carrier(world)
    world.as_statement()

    async with world.netlink.addresses.held_address(link, ADDRESS, 64):
        assert world.addresses(link) == ["2001:db8::5/64"]


async def test_one_that_another_host_has_is_refused_and_not_left(world: "World") -> None:
    world.links_up()
    world.ip("addr add 2001:db8::5/64 dev vb nodad")
    statement = world.as_statement()
    holding = Holding(world)
    await until_awaited(statement, ASKED)

    world.finish_dad()
    with pytest.raises(Unavailable) as refused:
        await holding.entering

    assert refused.value.reason == TAKEN
    assert [awaited.kind for awaited in refused.value.awaits] == ["link"]  # another network, perhaps
    assert statement.losses.empty()
    assert world.addresses() == []


async def test_one_that_another_host_had_is_waited_for_also_by_who_would_not_wait(world: "World") -> None:
    world.links_up()
    world.ip("addr add 2001:db8::5/64 dev vb nodad")
    statement = world.as_statement()
    async with world.netlink.addresses.held_address("va", ADDRESS, 64, {"wait": 0}):
        world.finish_dad()
        await statement.losses.get()

    again = Holding(world, wait=0)
    await until_awaited(statement, ASKED)
    world.finish_dad()
    with pytest.raises(Unavailable):
        await again.entering
    world.ip("addr del 2001:db8::5/64 dev vb")
    third = Holding(world, wait=0)
    await until_awaited(statement, ASKED)
    world.finish_dad()
    await third.entering
    await third.leave()

    at_once = world.netlink.addresses.held_address("va", ADDRESS, 64, {"wait": 0})
    world.in_one_step(at_once.__aenter__())
    assert statement.losses.empty()


async def test_who_has_it_too_waits_for_the_same(world: "World") -> None:
    world.links_up()
    first_statement = world.as_statement()
    first = Holding(world)
    await until_awaited(first_statement, ASKED)
    second_statement = world.as_statement()
    second = Holding(world)
    await until_awaited(second_statement, ASKED)

    first.entering.cancel()
    await asyncio.wait([first.entering])
    stays = world.addresses()
    world.finish_dad()
    await second.entering

    assert stays == ["2001:db8::5/64"]
    await second.leave()
    assert world.addresses() == []


async def test_who_is_told_to_go_while_it_waits_leaves_nothing(world: "World") -> None:
    world.links_up()
    statement = world.as_statement()
    holding = Holding(world)
    await until_awaited(statement, ASKED)

    holding.entering.cancel()
    await asyncio.wait([holding.entering])

    assert world.addresses() == []
    assert world.netlink.monitor.groups() == set()


async def test_one_that_is_deleted_meanwhile_is_lost(world: "World") -> None:
    world.links_up()
    statement = world.as_statement()
    holding = Holding(world)
    await until_awaited(statement, ASKED)

    world.ip("addr del 2001:db8::5/64 dev va")
    reason = await statement.losses.get()

    assert reason == "cannot hold 2001:db8::5/64 on va: someone removed it"
    holding.entering.cancel()
    await asyncio.wait([holding.entering])


async def test_lost_messages_do_not_leave_it_waiting(world: "World") -> None:
    world.links_up()
    netlink = world.another_netlink(queue_bytes=1)
    statement = world.as_statement()
    holding = Holding(world, netlink)
    await until_awaited(statement, ASKED)

    world.batch("".join(f"addr add 10.9.{n}.1/24 dev vb\n" for n in range(200)))
    await until_awaited(statement, ASKED)
    world.finish_dad()
    await holding.entering

    assert netlink.monitor.overruns > 0
    await holding.leave()
    netlink.close()


@pytest.mark.parametrize(("checked", "deleted"), [(True, False), (False, False), (True, True)])
async def test_what_a_daemon_before_has_left_is_asked_for_again_only_if_it_was_not_up(
    world: "World", tmp_path: Path, checked: bool, deleted: bool
) -> None:
    world.links_up()
    path = f"{tmp_path}/journal/a"
    first = UndoJournal(path, HERE)
    before = world.another_netlink(recovery=Recovery(first))
    statement = world.as_statement()
    holding = Holding(world, before)
    await until_awaited(statement, ASKED)
    if checked:
        world.finish_dad()
        await holding.entering
    assert first._file is not None
    first._file.close()
    if deleted:
        world.ip("addr del 2001:db8::5/64 dev va")
    journal = UndoJournal(path, HERE)
    after = world.another_netlink(recovery=Recovery(journal))
    statement = world.as_statement()

    taken_over = Holding(world, after)
    if deleted or not checked:
        await until_awaited(statement, ASKED)
        world.finish_dad()
    await taken_over.entering

    assert bool(statement.awaited) is (deleted or not checked)
    assert [entry.undo for entry in reading(Path(path)).entries.values()] == [b""]
    await taken_over.leave()
    journal.close()
    assert reading(Path(path)).entries == {}
    assert world.addresses() == []
    holding.entering.cancel()


async def test_a_link_that_is_too_small_for_ipv6_is_named_when_it_is_asked_for_and_when_it_is_lost(
    world: "World",
) -> None:
    # the kernel itself says "Invalid argument", and only that the address is deleted
    world.links_up()
    statement = world.as_statement()
    holding = Holding(world, wait=0)
    await holding.entering

    world.ip("link set va mtu 1200")
    reason = await statement.losses.get()
    await holding.leave()

    small = "va has an MTU of 1200 bytes, and IPv6 takes 1280"
    assert reason == f"cannot hold 2001:db8::5/64 on va: {small}"
    with pytest.raises(Unavailable, match=small):
        await Holding(world, wait=0).entering
