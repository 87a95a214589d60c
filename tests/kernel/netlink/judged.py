"""What a statement makes, with ip as the judge: the same as ip makes, kept if it was there, and missed if it goes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import Life, World

Shown = Callable[["World"], list[Any]]  # what is there, as far as it matters
Hold = Callable[[], "Life"]


def as_by_ip(world: "World", hold: Hold, shown: Shown, add: str, *delete: str) -> tuple[list[Any], list[Any]]:
    """See that it is as ip makes it while it is held, and gone after; return what was there before, and then."""
    before = shown(world)
    world.ip(add)
    expected = shown(world)
    for line in delete:
        world.ip(line)
    world.as_statement()

    statement = hold()
    held = shown(world)
    world.down_now(statement)

    assert held == expected
    assert shown(world) == before
    assert world.netlink.monitor.groups() == set()
    return before, held


def stays(world: "World", hold: Hold, shown: Shown, add: str) -> None:
    """See that an equal one that was there before is as it was, while it is held and after."""
    world.ip(add)
    before = shown(world)

    statement = hold()
    held = shown(world)
    world.down_now(statement)

    assert held == before
    assert shown(world) == before


async def missed(world: "World", hold: Hold, shown: Shown, *delete: str) -> tuple[str, list[Any], list[Any]]:
    """See that it is lost when ip deletes it, and can be held again; return why, what was there before, and then."""
    before = shown(world)
    told = world.as_statement()

    statement = hold()
    expected = shown(world)
    for line in delete:
        world.ip(line)
    reason = await told.losses.get()
    world.down_now(statement)
    again = hold()
    held = shown(world)
    world.down_now(again)

    assert held == expected
    assert shown(world) == before
    return reason, before, held
