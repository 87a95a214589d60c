"""Links of ours that somebody moves into another network namespace, by either half, in every order with what else
may happen to them there.

What iproute2 6.1 on Linux 6.18 shows: a link that moves is told of as deleted here; a veth half stays and says that its
other half is elsewhere; a macvlan stays although the link below it has left; a vxlan goes when its `dev` leaves.
"""

import asyncio
import itertools
import os
import subprocess
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from netstrata.statements.net.bridge.port import port as bridge_port
from netstrata.statements.net.macvlan import macvlan
from netstrata.statements.net.netkit import netkit
from netstrata.statements.net.tun import tun
from netstrata.statements.net.veth import veth
from netstrata.statements.net.vlan import vlan
from netstrata.statements.net.vxlan import vxlan
from netstrata.testing.child import wait_until
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import Statement, World

pytestmark = pytest.mark.real_kernel("it is about two network namespaces")


class Elsewhere:
    """Another network namespace, as long as its only program runs."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(["unshare", "-n", "sleep", "1000"])
        own = os.readlink("/proc/thread-self/ns/net")
        wait_until("another namespace", lambda: os.readlink(f"/proc/{self._child.pid}/ns/net") != own)

    def does(self, words: str) -> bool:
        """Run `ip` there, which may have nothing to do it to."""
        inside = ["nsenter", "-t", str(self._child.pid), "-n", "ip", *words.split()]
        return subprocess.run(inside, capture_output=True, timeout=60).returncode == 0

    def takes(self, link: str) -> bool:
        """Move a link from here to there, if it is here."""
        words = ["ip", "link", "set", link, "netns", str(self._child.pid)]
        return subprocess.run(words, capture_output=True, timeout=60).returncode == 0

    def returns(self, link: str) -> bool:
        """Move a link from there to here, if it is there."""
        return self.does(f"link set {link} netns {threading.get_native_id()}")

    def ends(self) -> None:
        """End the namespace with all that is in it."""
        self._child.kill()
        self._child.wait()


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    other = Elsewhere()
    yield other
    other.ends()


def happen(world: "World", elsewhere: Elsewhere, step: str) -> None:
    """Let one thing happen, if it can."""
    what, *words = step.split()
    if what == "move":
        elsewhere.takes(words[0])
    elif what == "return":
        elsewhere.returns(words[0])
    elif what == "rename":
        subprocess.run(["ip", "link", "set", words[0], "name", words[1]], capture_output=True, timeout=60)
    elif what == "delete":
        elsewhere.does(f"link del {words[0]}")
    else:
        elsewhere.ends()
        # The kernel takes such a namespace apart in a moment of leisure, and a pair's half here with it.
        wait_until("the end of the other halves", lambda: "link-netnsid" not in world.ip("link show"))


async def mended(world: "World", told: "Statement", held: Any, function: Any, words: tuple[str, ...]) -> Any:
    """Do as the engine does when something was lost: undo, and begin again."""
    world.netlink.monitor.drain()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    while not told.losses.empty():
        told.losses.get_nowait()
        world.down_now(held)
        held = world.up_now(function, *words)
        world.netlink.monitor.drain()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    return held


STEPS = ["move vz", "move vy", "rename vy vx", "delete vz", "return vz", "return vy"]


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "one by one"])
@pytest.mark.parametrize("first", STEPS[:3])
@pytest.mark.parametrize(("pair", "steps"), [(veth, 2), pytest.param(netkit, 1, marks=pytest.mark.vm("netkit"))])
async def test_a_pair_is_made_again_and_leaves_no_half_behind(
    world: "World", elsewhere: Elsewhere, pair: Any, steps: int, first: str, at_once: bool
) -> None:
    before = world.links()
    for others in [*itertools.permutations(STEPS, steps), ("end",)]:
        told = world.as_statement()
        held = world.up_now(pair, "vz", "vy")
        for step in (first, *others):
            happen(world, elsewhere, step)
            if not at_once:
                held = await mended(world, told, held, pair, ("vz", "vy"))
        held = await mended(world, told, held, pair, ("vz", "vy"))
        stood = "vz" in world.ip("-br link show")
        world.down_now(held)

        assert (first, others, stood) == (first, others, True)
        assert (first, others, world.links()) == (first, others, before)
        assert told.notes == []


async def test_a_half_of_ours_whose_index_a_foreign_link_has_now_is_left_alone(
    world: "World", elsewhere: Elsewhere
) -> None:
    told = world.as_statement()
    held = world.up_now(veth, "vz", "vy")
    index = world.link("vy")["ifindex"]
    elsewhere.takes("vy")
    elsewhere.does("link set vy name vw")
    elsewhere.does(f"link add guest index {index + 1000} type bridge")  # what a link keeps when it moves
    world.ip(f"link add foreign index {index} type bridge")
    elsewhere.takes("vz")

    reason = await told.losses.get()
    world.down_now(held)

    assert reason == "cannot hold veth vz: the link is gone"
    assert world.link("foreign")["ifindex"] == index


@pytest.mark.parametrize(
    ("function", "words"),
    [
        pytest.param(macvlan, ("va", "vz"), id="macvlan", marks=pytest.mark.vm("macvlan")),
        pytest.param(vlan, ("va", "7", "vz"), id="vlan", marks=pytest.mark.vm("vlan")),
    ],
)
async def test_what_stands_on_a_link_that_leaves_is_lost_and_comes_back_with_it(
    world: "World", elsewhere: Elsewhere, function: Any, words: tuple[str, ...]
) -> None:
    before = world.links()
    told = world.as_statement()
    held = world.up_now(function, *words)
    elsewhere.takes("va")

    reason = await told.losses.get()
    world.down_now(held)
    without = world.ip("-br link show")
    elsewhere.returns("va")
    world.down_now(world.up_now(function, *words))

    assert reason.endswith(" vz: va, which it stands on, is gone")
    assert "vz" not in without
    assert world.links() == before


@pytest.mark.parametrize(
    ("function", "words"),
    [
        pytest.param(bridge_port, ("br0", "va"), id="bridge port"),
        pytest.param(vxlan, ("vz", '["id": "9", "remote": "192.0.2.9", "dstport": "4789", "dev": "va"]'), id="vxlan"),
    ],
)
async def test_what_needs_a_link_that_moves_and_returns_is_as_it_was_after(
    world: "World", elsewhere: Elsewhere, function: Any, words: tuple[str, ...]
) -> None:
    world.ip("link add br0 address 02:00:00:00:0c:01 type bridge")
    before = world.links()
    told = world.as_statement()
    held = world.up_now(function, *words)
    elsewhere.takes("va")

    await told.losses.get()
    world.down_now(held)
    elsewhere.returns("va")
    again = world.up_now(function, *words)
    world.down_now(again)

    assert world.links() == before
    assert told.notes == []


@pytest.mark.vm("tun")
async def test_a_link_that_was_moved_away_is_made_again(world: "World", elsewhere: Elsewhere) -> None:
    before = world.links()
    told = world.as_statement()
    held = world.up_now(tun, "vz", "tap")
    elsewhere.takes("vz")

    reason = await told.losses.get()
    world.down_now(held)
    again = world.up_now(tun, "vz", "tap")
    stood = "vz" in world.ip("-br link show")
    world.down_now(again)

    assert reason == "cannot hold tun vz: the link is gone"
    assert stood
    assert world.links() == before


async def test_a_link_that_works_on_elsewhere_is_in_the_way_until_it_ends(world: "World", elsewhere: Elsewhere) -> None:
    before = world.links()
    told = world.as_statement()
    words = ("vz", '["id": "9", "remote": "192.0.2.9", "dstport": "4789"]')
    held = world.up_now(vxlan, *words)
    elsewhere.takes("vz")
    await told.losses.get()
    world.down_now(held)

    with pytest.raises(Unavailable) as refused:
        world.up_now(vxlan, *words)
    elsewhere.does("link del vz")
    world.down_now(world.up_now(vxlan, *words))

    assert str(refused.value) == "cannot make vxlan vz: A VXLAN device with the specified VNI already exists"
    assert world.links() == before
