"""Links in bridges, in a real kernel, with ip as the judge."""

from typing import TYPE_CHECKING

import pytest

from netstrata.ports import NewPort
from netstrata.statements.net.bond.port import port as bond_port
from netstrata.statements.net.bridge import bridge
from netstrata.statements.net.bridge.port import port
from netstrata.statements.net.vrf.port import port as vrf_port
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

OPTIONS = '["hairpin": "on", "cost": "17", "priority": "9", "learning": "off", "isolated": "on", "mcast_router": "2"]'


async def test_a_link_is_a_port_while_held_as_ip_makes_it_and_no_port_after(world: "World") -> None:
    world.ip("link add br0 address 02:00:00:00:0c:01 type bridge")
    world.as_statement()
    before = world.links()
    world.ip("link set va master br0")
    world.ip("link set va type bridge_slave hairpin on cost 17 priority 9 learning off isolated on mcast_router 2")
    expected = world.links()
    world.ip("link set va nomaster")

    statement = world.up_now(port, "br0", "va", OPTIONS)
    held = world.links()
    world.down_now(statement)

    assert held == expected
    assert world.links() == before
    assert world.netlink.monitor.groups() == set()


@pytest.mark.parametrize("words", [(), (OPTIONS,)])
async def test_a_port_that_was_there_before_stays(world: "World", words: tuple[str, ...]) -> None:
    world.ip("link add br0 address 02:00:00:00:0c:01 type bridge")
    world.ip("link set va master br0")
    world.ip("link set va type bridge_slave hairpin on cost 17 priority 9 learning off isolated on mcast_router 2")
    before = world.links()

    statement = world.up_now(port, "br0", "va", *words)
    held = world.links()
    world.down_now(statement)

    assert held == before
    assert world.links() == before


async def test_a_port_with_other_options_or_of_another_bridge_is_left_alone(world: "World") -> None:
    world.ip("link add br0 address 02:00:00:00:0c:01 type bridge")
    world.ip("link add br1 type bridge")
    world.ip("link set va master br0")
    before = world.links()

    with pytest.raises(Unavailable) as options:
        world.up_now(port, "br0", "va", '["learning": "off"]')
    with pytest.raises(Unavailable) as other:
        world.up_now(port, "br1", "va")
    with pytest.raises(Unavailable) as wrong:
        world.up_now(port, "vb", "va")

    reason = "it is in it already, but with another learning"
    assert str(options.value) == f"cannot put va into bridge br0: {reason}"
    assert str(other.value) == "cannot put va into bridge br1: it is in br0"
    assert str(wrong.value) == "cannot put va into bridge vb: vb is no bridge"
    assert world.links() == before


async def test_a_port_that_someone_takes_out_is_lost_and_can_be_put_in_again(world: "World") -> None:
    world.ip("link add br0 address 02:00:00:00:0c:01 type bridge")
    before = world.links()
    told = world.as_statement()

    statement = world.up_now(port, "br0", "va", OPTIONS)
    world.ip("link set va nomaster")
    reason = await told.losses.get()
    world.down_now(statement)
    again = world.up_now(port, "br0", "va", OPTIONS)
    master = world.link("va")["master"]
    world.down_now(again)

    assert reason == "cannot hold va in bridge br0: someone took it out"
    assert master == "br0"
    assert world.links() == before
    assert told.notes == []


async def test_a_port_whose_options_someone_changes_is_lost(world: "World") -> None:
    world.ip("link add br0 address 02:00:00:00:0c:01 type bridge")
    before = world.links()
    told = world.as_statement()

    statement = world.up_now(port, "br0", "va", OPTIONS)
    world.ip("link set va type bridge_slave learning on")
    reason = await told.losses.get()
    world.down_now(statement)

    assert reason == "cannot hold va in bridge br0: someone changed its options"
    assert world.links() == before


async def test_a_port_that_somebody_put_elsewhere_stays_there(world: "World") -> None:
    world.ip("link add br0 address 02:00:00:00:0c:01 type bridge")
    world.ip("link add br1 type bridge")
    told = world.as_statement()

    statement = world.up_now(port, "br0", "va")
    world.ip("link set va master br1")
    reason = await told.losses.get()
    world.down_now(statement)

    assert reason == "cannot hold va in bridge br0: someone took it out"
    assert world.link("va")["master"] == "br1"


@pytest.mark.parametrize("gone", ["va", "br0"])
async def test_a_port_is_lost_when_it_or_its_bridge_vanishes(world: "World", gone: str) -> None:
    world.ip("link add br0 address 02:00:00:00:0c:01 type bridge")
    told = world.as_statement()

    statement = world.up_now(port, "br0", "va")
    world.ip(f"link del {gone}")
    reason = await told.losses.get()
    world.down_now(statement)

    assert reason.startswith("cannot hold va in bridge br0: ")
    assert told.notes == []


async def test_bridge_and_ports_of_one_program_go_up_and_down_in_one_step_each(world: "World") -> None:
    before = world.links()
    world.as_statement()

    program = [world.up_now(bridge, "br0"), world.up_now(port, "br0", "va"), world.up_now(port, "br0", "vb")]
    masters = [world.link(name)["master"] for name in ("va", "vb")]
    for statement in reversed(program):
        world.down_now(statement)

    assert masters == ["br0", "br0"]
    assert world.links() == before


async def test_a_port_whose_bridge_is_made_anew_is_lost_to_all_who_held_it_in_the_old_one(world: "World") -> None:
    told = world.as_statement()
    below = world.up_now(bridge, "br0")
    statement = world.up_now(port, "br0", "va")

    world.down_now(below)
    world.up_now(bridge, "br0")
    world.up_now(port, "br0", "va")
    reason = await told.losses.get()
    world.down_now(statement)

    assert str(reason) == "cannot hold va in bridge br0: someone took it out"
    assert "master br0" in world.ip("link show va")


async def test_an_option_that_the_kernel_refuses_leaves_no_port_behind(world: "World") -> None:
    """The shape would not let it through."""
    world.ip("link add br0 address 02:00:00:00:0c:01 type bridge")
    before = world.links()

    with pytest.raises(Unavailable):
        await world.netlink.links.held_port(NewPort("bridge", "br0", "va", {"cost": 0})).__aenter__()

    assert world.links() == before


@pytest.mark.vm("vrf")
async def test_a_link_is_in_a_vrf_while_held_and_comes_back_when_someone_takes_it_out(world: "World") -> None:
    world.ip("link add blue type vrf table 100")
    before = world.links()
    told = world.as_statement()

    statement = world.up_now(vrf_port, "blue", "va")
    master = world.link("va")["master"]
    world.ip("link set va nomaster")
    reason = await told.losses.get()
    world.down_now(statement)
    again = world.up_now(vrf_port, "blue", "va")
    second = world.link("va")["master"]
    world.down_now(again)

    assert (master, second) == ("blue", "blue")
    assert reason == "cannot hold va in vrf blue: someone took it out"
    assert world.links() == before


@pytest.mark.vm("bond")
async def test_links_are_in_a_bond_while_held_and_as_before_after(world: "World") -> None:
    world.ip("link add bond0 type bond mode active-backup miimon 100")
    before = [world.link("va"), world.link("vb")]
    told = world.as_statement()

    program = [world.up_now(bond_port, "bond0", "va"), world.up_now(bond_port, "bond0", "vb")]
    masters = [world.link(name)["master"] for name in ("va", "vb")]
    for statement in reversed(program):
        world.down_now(statement)

    assert masters == ["bond0", "bond0"]
    after = [world.link("va"), world.link("vb")]
    assert [row | {"qdisc": "", "tso_max_size": 0} for row in after] == [
        row | {"qdisc": "", "tso_max_size": 0} for row in before
    ]
    assert (told.notes, told.losses.empty()) == ([], True)


@pytest.mark.vm("bond")
async def test_a_link_that_is_up_goes_into_a_bond_and_is_up_afterwards(world: "World") -> None:
    world.ip("link add bond0 type bond mode active-backup miimon 100")
    world.links_up()
    told = world.as_statement()

    statement = world.up_now(bond_port, "bond0", "va")
    held = world.link("va")
    world.down_now(statement)
    after = world.link("va")

    assert (held["master"], "UP" in held["flags"]) == ("bond0", True)
    assert ("master" in after, "UP" in after["flags"]) == (False, True)
    assert told.notes == []


@pytest.mark.vm("bond")
async def test_a_link_that_a_bond_refuses_is_up_as_before(world: "World") -> None:
    world.ip("link add bond0 type bond mode active-backup miimon 100")
    world.ip("link add bond1 type bond")
    world.ip("link set bond1 up")

    with pytest.raises(Unavailable):
        world.up_now(bond_port, "bond1", "bond1")

    assert "UP" in world.link("bond1")["flags"]
