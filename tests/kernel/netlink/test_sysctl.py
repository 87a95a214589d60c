"""Settings of the kernel, in a namespace of its own, read as files."""

from typing import TYPE_CHECKING

import pytest

from netstrata.statements.net.sysctl import sysctl
from netstrata.values import Refused, Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

pytestmark = pytest.mark.real_kernel("it is about files in /proc/sys")

TTL = "net.ipv4.ip_default_ttl"
PATH = "net/ipv4/ip_default_ttl"


@pytest.mark.parametrize(
    ("key", "path", "value", "held"),
    [
        (TTL, PATH, "77", "77"),
        (PATH, PATH, "0x4d", "77"),
        ("net.ipv4.ip_local_port_range", "net/ipv4/ip_local_port_range", "2000 3001", "2000\t3001"),
        ("net.ipv4.conf.v/1.forwarding", "net/ipv4/conf/v.1/forwarding", "1", "1"),
        ("net/ipv6/conf/v.1/accept_ra", "net/ipv6/conf/v.1/accept_ra", "2", "2"),
    ],
)
async def test_a_setting_stands_while_held_and_is_as_before_after(
    world: "World", key: str, path: str, value: str, held: str
) -> None:
    world.ip("link add v.1 type bridge")
    before = world.sysctl(path)

    statement = world.up_now(sysctl, key, value)
    stood = world.sysctl(path)
    world.down_now(statement)

    assert stood == held != before
    assert world.sysctl(path) == before


async def test_a_setting_that_was_so_before_stays_so(world: "World") -> None:
    world.sysctl(PATH, "77")

    world.down_now(world.up_now(sysctl, TTL, "77"))

    assert world.sysctl(PATH) == "77"


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
async def test_the_last_of_several_counts_and_the_first_one_found_comes_back(
    world: "World", order: tuple[int, ...]
) -> None:
    before = world.sysctl(PATH)
    values = ["11", "22", "33"]
    held = [world.up_now(sysctl, TTL, value) for value in values]
    left = [0, 1, 2]

    for which in order:
        assert world.sysctl(PATH) == values[max(left)]
        world.down_now(held[which])
        left.remove(which)

    assert world.sysctl(PATH) == before


async def test_what_somebody_else_wrote_meanwhile_stays_with_a_word(world: "World") -> None:
    told = world.as_statement()

    statement = world.up_now(sysctl, TTL, "77")
    world.sysctl(PATH, "88")
    world.down_now(statement)

    assert world.sysctl(PATH) == "88"
    assert told.notes == [f"cannot put back {TTL} to 64: someone has set {TTL} to 88 meanwhile; ignoring"]


async def test_a_second_holder_finds_what_somebody_else_wrote_and_the_first_is_told(world: "World") -> None:
    told = world.as_statement()

    first = world.up_now(sysctl, TTL, "77")
    world.sysctl(PATH, "88")
    second = world.up_now(sysctl, TTL, "99")
    reason = await told.losses.get()
    world.down_now(second)
    between = world.sysctl(PATH)
    world.down_now(first)

    assert reason == f"cannot set {TTL} to 99: someone has set {TTL} to 88"
    assert (between, world.sysctl(PATH)) == ("88", "88")


async def test_a_setting_of_a_link_that_vanishes_is_undone_without_a_word(world: "World") -> None:
    told = world.as_statement()

    statement = world.up_now(sysctl, "net.ipv4.conf.va.forwarding", "1")
    world.ip("link del va")
    world.down_now(statement)

    assert told.notes == []


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("net.ipv4.no_such_setting", "1", "there is no net/ipv4/no_such_setting in /proc/sys"),
        ("net.ipv4.conf", "1", "it is a folder of settings"),
        ("net.ipv4.route.flush", "1", "it cannot be read, so it could not be put back"),
        (TTL, "1000", "Invalid argument"),
        (TTL, "many", "Invalid argument"),
    ],
)
async def test_what_cannot_be_set_is_said_and_nothing_is_changed(
    world: "World", key: str, value: str, reason: str
) -> None:
    before = world.sysctl(PATH)

    with pytest.raises(Unavailable) as refused:
        world.up_now(sysctl, key, value)

    assert str(refused.value) == f"cannot set {key} to {value}: {reason}"
    assert world.sysctl(PATH) == before


@pytest.mark.parametrize("key", ["net/../kernel/hostname", "net.//.kernel", "/etc/passwd", "../x/y", "net.", "net..x"])
async def test_a_key_that_leaves_the_settings_is_refused(world: "World", key: str) -> None:
    with pytest.raises(Refused, match="expected a kernel setting"):
        world.started(sysctl, key, "1")
