"""Settings of the kernel, in a namespace of its own, read as files."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.kernel.netlink.test_moved_links import Elsewhere

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


async def test_a_secret_is_not_told(world: "World") -> None:
    key = "net.ipv6.conf.v.stable_secret"
    world.ip("link add v type bridge")
    told = world.as_statement()

    statement = world.up_now(sysctl, key, "2001:db8::5ec4:e7")
    world.sysctl(key.replace(".", "/"), "2001:db8::5ec4:e8")
    world.down_now(statement)

    assert told.notes == [f"cannot put back {key} to ********: someone has set {key} to ******** meanwhile; ignoring"]


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


def comes_anew(world: "World") -> None:
    world.ip("link del va")
    world.ip("link add va type veth peer name vb")


def is_too_small_for_ipv6(world: "World") -> None:
    # Linux 6.18: below an MTU of 1280 IPv6 forgets a link, and all that was set of it.
    world.ip("link set va mtu 1200")
    world.ip("link set va mtu 1500")


def goes_elsewhere_and_returns(world: "World") -> None:
    elsewhere = Elsewhere()
    assert elsewhere.takes("va")
    assert elsewhere.returns("va")
    elsewhere.ends()


@pytest.mark.parametrize("link", [comes_anew, is_too_small_for_ipv6, goes_elsewhere_and_returns])
async def test_a_setting_that_falls_back_with_its_link_is_lost_and_set_again(
    world: "World", link: "Callable[[World], None]"
) -> None:
    path = "net/ipv6/conf/va/hop_limit"
    before = world.sysctl(path)
    told = world.as_statement()
    statement = world.up_now(sysctl, path, "33")

    link(world)
    fallen = world.sysctl(path)
    await told.losses.get()
    world.down_now(statement)
    again = world.up_now(sysctl, path, "33")
    held = world.sysctl(path)
    world.down_now(again)

    assert (fallen, held, world.sysctl(path)) == (before, "33", before)
    assert told.notes == []


@pytest.mark.parametrize("told_first", [True, False])
@pytest.mark.parametrize("path", ["ipv4/conf/{}/forwarding", "ipv6/conf/{}/hop_limit", "ipv4/neigh/{}/gc_stale_time"])
async def test_a_setting_of_a_link_that_is_renamed_is_put_back_under_its_new_name(
    world: "World", path: str, told_first: bool
) -> None:
    before = world.sysctl("net/" + path.format("va"))
    told = world.as_statement()
    statement = world.up_now(sysctl, "net/" + path.format("va"), "1")
    other = world.up_now(sysctl, "net/" + path.format("va"), "1")

    world.ip("link set va name vz")
    left = world.sysctl("net/" + path.format("vz"))
    if told_first:
        reasons = [await told.losses.get(), await told.losses.get()]
    world.down_now(statement)
    after = world.sysctl("net/" + path.format("vz"))
    world.down_now(other)

    assert (left, after, world.sysctl("net/" + path.format("vz"))) == ("1", before, before)
    assert told_first is False or reasons[0].endswith(": its link has a new name")
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
