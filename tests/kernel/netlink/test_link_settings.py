"""The size, address and name of links in a real kernel, with ip as the judge."""

from typing import TYPE_CHECKING, Any

import pytest

from netstrata.statements.net.ipv4.addr import addr
from netstrata.statements.net.mac import mac
from netstrata.statements.net.mtu import mtu
from netstrata.statements.net.rename import rename
from netstrata.statements.net.up import up
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

pytestmark = pytest.mark.kernel

MAC = "02:00:00:00:0A:77"
SETTINGS = [
    pytest.param(mtu, ("va", "1400"), "va mtu 1400", "va mtu 1300", id="mtu"),
    pytest.param(mac, ("va", MAC), f"va address {MAC}", "va address 02:00:00:00:0a:66", id="mac"),
    pytest.param(rename, ("va", "vz"), "va name vz", "vz name vy", id="rename"),
]


@pytest.mark.parametrize(("function", "words", "by_ip", "other"), SETTINGS)
async def test_a_setting_is_as_ip_makes_it_while_held_and_as_before_after(
    world: "World", function: Any, words: tuple[str, ...], by_ip: str, other: str
) -> None:
    world.as_statement()
    statement = world.up_now(function, *words)
    held = world.links()
    world.down_now(statement)
    before = world.links()
    world.ip(f"link set {by_ip}")
    expected = world.links()

    assert held == expected
    assert before != expected
    assert world.netlink.monitor.groups() == set()


@pytest.mark.parametrize(("function", "words", "by_ip", "other"), SETTINGS)
async def test_a_setting_that_someone_changes_is_lost_and_stays_as_it_was_changed(
    world: "World", function: Any, words: tuple[str, ...], by_ip: str, other: str
) -> None:
    told = world.as_statement()

    statement = world.up_now(function, *words)
    world.ip(f"link set {other}")
    changed = world.links()
    reason = await told.losses.get()
    world.down_now(statement)

    noun = {mtu: "MTU", mac: "hardware address", rename: "name"}[function]
    value = {mtu: "1300", mac: "02:00:00:00:0A:66", rename: "vy"}[function]
    assert reason == (f"cannot hold the {noun} of va to {words[1]}: someone has set the {noun} of va to {value}")
    assert world.links() == changed
    assert told.notes == []


@pytest.mark.parametrize(("function", "words", "by_ip", "other"), SETTINGS)
async def test_a_setting_of_a_link_that_vanishes_is_lost_without_a_word_at_the_end(
    world: "World", function: Any, words: tuple[str, ...], by_ip: str, other: str
) -> None:
    told = world.as_statement()

    statement = world.up_now(function, *words)
    world.ip("link del vb")
    reason = await told.losses.get()
    world.down_now(statement)

    assert reason.endswith(": the link is gone")
    assert told.notes == []


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
async def test_the_last_of_several_counts_and_the_first_one_found_comes_back(
    world: "World", order: tuple[int, ...]
) -> None:
    before = world.links()
    sizes = ["1400", "1300", "1200"]
    held = [world.up_now(mtu, "va", size) for size in sizes]
    left = [0, 1, 2]

    for which in order:
        assert world.link("va")["mtu"] == int(sizes[max(left)])
        world.down_now(held[which])
        left.remove(which)

    assert world.links() == before


async def test_what_was_changed_unheard_is_left_alone_with_a_word(world: "World") -> None:
    told = world.as_statement()

    statement = world.up_now(mtu, "va", "1400")
    world.ip("link set va mtu 1300")
    world.down_now(statement)

    assert world.link("va")["mtu"] == 1300
    assert told.notes == [
        "cannot put back the MTU of va to 1500: someone has set the MTU of va to 1300 meanwhile; ignoring"
    ]


async def test_a_setting_is_put_back_under_another_name(world: "World") -> None:
    statement = world.up_now(mtu, "va", "1400")
    world.ip("link set va name vz")

    world.down_now(statement)

    assert world.link("vz")["mtu"] == 1500


async def test_a_renamed_link_is_called_by_its_new_name_in_the_same_step(world: "World") -> None:
    before = world.links()
    world.as_statement()

    program = [
        world.up_now(mtu, "va", "1400"),
        world.up_now(rename, "va", "wan"),
        world.up_now(up, "wan"),
        world.up_now(addr, "wan", "192.0.2.1/24"),
    ]
    held = world.addresses("wan")
    with pytest.raises(Unavailable, match="there is no link va"):
        world.up_now(up, "va")
    for statement in reversed(program):
        world.down_now(statement)

    assert held == ["192.0.2.1/24"]
    assert world.links() == before


@pytest.mark.vm("tun")
async def test_what_the_kernel_refuses_is_said_in_its_words_and_changes_nothing(world: "World") -> None:
    world.ip("tuntap add vz mode tap")
    before = world.links()
    world.as_statement()

    with pytest.raises(Unavailable) as taken:
        world.up_now(rename, "va", "vb")
    with pytest.raises(Unavailable) as large:
        world.up_now(mtu, "vz", "65535")

    assert str(taken.value) == "cannot set the name of va to vb: the name vb is taken"
    assert str(large.value) == "cannot set the MTU of vz to 65535: mtu greater than device maximum"
    assert world.links() == before
    assert world.netlink.monitor.groups() == set()
