"""A link that a daemon before us has made, changed meanwhile or not: taken over as it is, and undone as it is."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.system.undo_journal.acts import reading

from netstrata.ports.kernel import NewLink
from netstrata.system.held import Recovery
from netstrata.system.undo_journal import Identity, UndoJournal

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

HERE = Identity("a boot", "a namespace")
PLAIN = NewLink("br0", "bridge")
QUICK = NewLink("br0", "bridge", options={"forward_delay": 1200})
PAIR = NewLink("br0", "veth", peer="br1")


async def left(world: "World", journal: str, spec: NewLink) -> None:
    """Make a link, and die."""
    first = UndoJournal(journal, HERE)
    await world.another_netlink(recovery=Recovery(first)).links.held_link(spec).__aenter__()
    assert first._file is not None
    first._file.close()


@pytest.mark.parametrize("spec", [PLAIN, QUICK, PAIR])
@pytest.mark.parametrize("change", ["", "link set br0 address 02:00:00:00:0c:01", "link set br0 mtu 1400"])
async def test_a_link_that_was_left_is_taken_over_as_it_is_now(
    world: "World", tmp_path: Path, spec: NewLink, change: str
) -> None:
    path = f"{tmp_path}/journal/a"
    await left(world, path, spec)
    if change:
        world.ip(change)
    shown = world.link("br0")
    journal = UndoJournal(path, HERE)
    netlink = world.another_netlink(recovery=Recovery(journal))

    async with netlink.links.held_link(spec):
        written = netlink.requests.changes
        after = world.link("br0")
        (entry,) = reading(Path(path)).entries.values()

    journal.close()
    assert (written, after) == (0, shown)
    assert shown["address"].replace(":", "") in entry.undo.decode()  # by which the daemon after us knows it
    assert '"br0"' not in world.links()


async def test_another_link_that_has_its_name_now_is_not_taken_over(world: "World", tmp_path: Path) -> None:
    path = f"{tmp_path}/journal/a"
    await left(world, path, PLAIN)
    world.ip("link delete br0")
    world.ip("link add br0 type bridge")
    journal = UndoJournal(path, HERE)

    async with world.another_netlink(recovery=Recovery(journal)).links.held_link(PLAIN):
        pass

    journal.close()
    assert reading(Path(path)).entries == {}
    assert '"br0"' in world.links()
