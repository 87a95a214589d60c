"""The MTU of links on a link whose MTU is held: Linux 6.18 lowers theirs with it, and does not raise it again."""

from typing import TYPE_CHECKING

import pytest

from netstrata.statements.net.mtu import mtu
from netstrata.system.held import Leaving

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

LINES = {"vlan": "type vlan id 5", "macvlan": "type macvlan mode bridge"}


def stacked(world: "World", kinds: tuple[str, str]) -> None:
    """Have a link on va, and one on that, which is smaller."""
    world.links_up()
    world.ip(f"link add link va name up1 {LINES[kinds[0]]}")
    world.ip(f"link add link up1 name up2 {LINES[kinds[1]]}")
    world.ip("link set up2 mtu 1450")


def sizes(world: "World") -> list[int]:
    return [world.link(name)["mtu"] for name in ("va", "up1", "up2", "vb")]


KINDS = pytest.mark.parametrize(
    "kinds",
    [
        pytest.param(("macvlan", "macvlan"), marks=pytest.mark.real_kernel("the model has no macvlans")),
        pytest.param(("vlan", "macvlan"), marks=pytest.mark.vm("vlan")),
        pytest.param(("vlan", "vlan"), marks=pytest.mark.vm("vlan")),
    ],
)


@KINDS
async def test_links_on_a_link_have_their_own_mtu_again_after(world: "World", kinds: tuple[str, str]) -> None:
    stacked(world, kinds)
    before = sizes(world)

    outer = world.up_now(mtu, "va", "1400")
    held = sizes(world)
    inner = world.up_now(mtu, "va", "1300")
    lower = sizes(world)
    world.down_now(outer)
    world.down_now(inner)

    assert held[:3] == [1400, 1400, 1400]
    assert lower[:3] == [1300, 1300, 1300]
    assert sizes(world) == before
    assert before[:3] == [1500, 1500, 1450]


@KINDS
async def test_what_somebody_made_of_it_meanwhile_stays(world: "World", kinds: tuple[str, str]) -> None:
    stacked(world, kinds)

    statement = world.up_now(mtu, "va", "1400")
    world.ip("link set up1 mtu 1350")
    world.down_now(statement)

    assert sizes(world)[:2] == [1500, 1350]


@KINDS
async def test_the_mtu_of_a_link_on_it_that_is_held_as_well_stands_on(world: "World", kinds: tuple[str, str]) -> None:
    stacked(world, kinds)
    told = world.as_statement()

    upper = world.up_now(mtu, "up1", "1300")
    lower = world.up_now(mtu, "va", "1400")
    both = sizes(world)[:2]
    world.down_now(lower)
    after = sizes(world)[:2]
    world.down_now(upper)

    assert (both, after) == ([1400, 1300], [1500, 1300])
    assert sizes(world)[:3] == [1500, 1500, 1450]
    assert told.losses.empty()


@pytest.mark.parametrize(
    ("size", "also"), [("1280", ""), ("1279", ", which takes IPv6 from it, with its addresses and routes")]
)
async def test_a_plan_says_what_a_small_mtu_takes_for_good(world: "World", size: str, also: str) -> None:
    holding = world.netlink.links.held_settings("va", {"mtu": int(size)})

    assert holding.to_do(Leaving()) == [f"set the MTU of va to {size}{also}"]
