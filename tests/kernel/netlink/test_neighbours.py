"""Neighbours in a real kernel, with ip as the judge."""

from typing import TYPE_CHECKING

import pytest

from netstrata.statements.net.neigh import neigh
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

MAC = "02:00:00:00:0A:09"
ADDRESSES = pytest.mark.parametrize("address", ["192.0.2.9", "2001:db8::9"])


def shown(world: "World") -> list[str]:
    """Return the permanent neighbours, without those of multicast groups."""
    lines = [line.strip() for line in world.ip("neigh show nud permanent").splitlines()]
    return [line for line in lines if not line.startswith(("ff", "224."))]


@ADDRESSES
async def test_a_neighbour_is_as_ip_makes_it_while_held_and_gone_after(world: "World", address: str) -> None:
    world.links_up()
    world.ip(f"neigh add {address} lladdr {MAC} dev va nud permanent protocol 110")
    expected = shown(world)
    world.ip(f"neigh del {address} dev va")
    world.as_statement()

    statement = world.up_now(neigh, "va", address, MAC)
    held = shown(world)
    world.down_now(statement)

    assert held == expected
    assert len(held) == 1
    assert shown(world) == []
    assert world.netlink.monitor.groups() == set()


@ADDRESSES
async def test_an_equal_neighbour_that_was_there_before_stays(world: "World", address: str) -> None:
    world.links_up()
    world.ip(f"neigh add {address} lladdr {MAC} dev va nud permanent")
    before = shown(world)

    statement = world.up_now(neigh, "va", address, MAC)
    world.down_now(statement)

    assert shown(world) == before


@ADDRESSES
async def test_a_neighbour_that_was_only_learned_is_replaced(world: "World", address: str) -> None:
    world.links_up()
    world.ip(f"neigh add {address} lladdr 02:00:00:00:0a:08 dev va nud stale")

    statement = world.up_now(neigh, "va", address, MAC)
    held = shown(world)
    world.down_now(statement)

    assert held == [f"{address} dev va lladdr {MAC.lower()} PERMANENT proto 110"]
    assert shown(world) == []


async def test_another_permanent_neighbour_is_in_the_way_and_stays(world: "World") -> None:
    world.links_up()
    world.ip("neigh add 192.0.2.9 lladdr 02:00:00:00:0a:08 dev va nud permanent")
    before = shown(world)

    with pytest.raises(Unavailable) as refused:
        world.up_now(neigh, "va", "192.0.2.9", MAC)

    operation = f"add neighbour 192.0.2.9 at {MAC} on va"
    assert str(refused.value) == f"cannot {operation}: it is there at 02:00:00:00:0A:08"
    assert shown(world) == before


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("neigh del 192.0.2.9 dev va", "someone removed or changed it"),
        ("neigh replace 192.0.2.9 lladdr 02:00:00:00:0a:08 dev va nud permanent", "someone removed or changed it"),
        ("link set va down", "someone removed or changed it"),
        ("link del va", "va is gone or has a new name"),
    ],
)
async def test_a_neighbour_that_is_taken_away_or_changed_is_lost(world: "World", change: str, why: str) -> None:
    world.links_up()
    told = world.as_statement()

    statement = world.up_now(neigh, "va", "192.0.2.9", MAC)
    world.ip(change)
    reason = await told.losses.get()
    after = shown(world)
    world.down_now(statement)

    assert reason == f"cannot hold neighbour 192.0.2.9 at {MAC} on va: {why}"
    assert shown(world) == after
    assert told.notes == []


@ADDRESSES
async def test_an_equal_neighbour_that_somebody_puts_in_the_place_of_ours_stays(world: "World", address: str) -> None:
    world.links_up()
    told = world.as_statement()
    statement = world.up_now(neigh, "va", address, MAC)

    world.ip(f"neigh del {address} dev va")
    world.ip(f"neigh add {address} lladdr {MAC} dev va nud permanent")
    await told.losses.get()
    world.down_now(statement)

    assert len(shown(world)) == 1


async def test_two_holders_share_a_neighbour_and_another_address_for_it_is_refused(world: "World") -> None:
    world.links_up()
    first, second = (world.up_now(neigh, "va", "192.0.2.9", MAC) for _ in range(2))

    with pytest.raises(Unavailable, match=r"this program holds 192.0.2.9 at 02:00:00:00:0A:09 on va"):
        world.up_now(neigh, "va", "192.0.2.9", "02:00:00:00:0A:08")
    world.down_now(first)

    assert len(shown(world)) == 1
    world.down_now(second)
    assert shown(world) == []
