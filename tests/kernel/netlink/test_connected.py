"""The routes that the kernel makes for an address, when what is said about them is lost."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.kernel.netlink.test_addresses import packed
from tests.kernel.netlink.test_routes import route

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

BURST = "".join(f"addr add 10.9.{n}.1/24 dev vb\n" for n in range(200))


def no_dad(world: "World") -> None:
    """Let no address be tentative."""
    for link in ("all", "va", "vb"):
        world.sysctl(f"net/ipv6/conf/{link}/accept_dad", "0")
    world.links_up()


@pytest.mark.parametrize(
    ("address", "prefix", "line", "lost"),
    [
        ("192.0.2.3", 24, "route del 192.0.2.0/24 dev va", "192.0.2.0/24"),
        ("192.0.2.3", 24, "route del local 192.0.2.3 dev va table local", "192.0.2.3/32"),
        ("192.0.2.3", 32, "route del local 192.0.2.3 dev va table local", "192.0.2.3/32"),
        ("2001:db8::5", 64, "-6 route del 2001:db8::/64 dev va", "2001:db8::/64"),
        ("2001:db8::5", 128, "-6 route del local 2001:db8::5 dev va table local", "2001:db8::5/128"),
    ],
)
async def test_a_route_of_the_kernel_that_goes_unheard_is_missed(
    world: "World", address: str, prefix: int, line: str, lost: str
) -> None:
    no_dad(world)
    netlink = world.another_netlink(queue_bytes=1)
    statement = world.as_statement()

    async with netlink.addresses.held_address("va", packed(address), prefix, {"wait": 0}):
        world.batch(BURST)
        world.ip(line)
        reason = await statement.losses.get()

    assert netlink.monitor.overruns > 0
    assert reason == f"cannot hold {address}/{prefix} on va: someone removed the kernel's own route to {lost}"
    assert address not in world.ip("addr show")
    netlink.close()


@pytest.mark.parametrize("up", [True, False])
async def test_an_address_that_has_the_routes_it_should_is_kept_when_messages_are_lost(
    world: "World", up: bool
) -> None:
    no_dad(world)
    world.ip("link add vd type veth peer name ve")
    world.ip("link set ve up")
    world.ip("addr add 203.0.113.9/24 dev vd noprefixroute")
    world.ip("-6 addr add 2001:db8:9::9/64 dev vd noprefixroute")
    world.ip("addr add 203.0.113.65/26 dev vd")
    if up:
        world.ip("link set vd up")
    world.sysctl("net/ipv6/conf/vb/accept_dad", "1")
    netlink = world.another_netlink(queue_bytes=1)
    statement = world.as_statement()
    wishes = [
        ("va", "192.0.2.1", 24), ("va", "192.0.2.2", 24), ("va", "192.0.2.3", 32), ("va", "198.51.100.2", 31),
        ("va", "10.0.0.1", 0), ("va", "2001:db8::5", 64), ("va", "2001:db8::6", 64), ("va", "2001:db8::7", 128),
        ("vb", "192.0.2.9", 24), ("vb", "2001:db8::8", 64), ("lo", "127.0.0.2", 8), ("lo", "198.51.100.9", 28),
        ("lo", "2001:db8:5::1", 64), ("vd", "203.0.113.9", 24), ("vd", "2001:db8:9::9", 64),
        ("vd", "203.0.113.65", 26), ("vd", "203.0.113.129", 25),
    ]  # fmt: skip
    at_once = {"wait": 0}
    holdings = [netlink.addresses.held_address(link, packed(one), prefix, at_once) for link, one, prefix in wishes]
    for holding in holdings:
        await holding.__aenter__()

    world.batch(BURST)
    for _ in range(3):  # turns of the event loop: messages are read in the first one
        await asyncio.sleep(0)

    assert netlink.monitor.overruns > 0
    assert statement.losses.empty(), statement.losses.get_nowait()
    for holding in reversed(holdings):
        await holding.__aexit__(None, None, None)
    netlink.close()


async def test_what_was_put_before_a_route_unheard_is_noticed(world: "World") -> None:
    no_dad(world)
    world.ip("addr add 192.0.2.1/24 dev va")
    netlink = world.another_netlink(queue_bytes=1)
    statement = world.as_statement()

    async with netlink.routes.held_route(route("198.51.100.0/24 dev va metric 7")):
        world.batch(BURST)
        world.ip("route prepend blackhole 198.51.100.0/24 metric 7")
        reason = await statement.losses.get()

    assert netlink.monitor.overruns > 0
    assert reason.startswith("cannot hold route 198.51.100.0/24 on va metric 7: ")
    assert world.routes() == ["blackhole 198.51.100.0/24 metric 7"]
    netlink.close()


@pytest.mark.parametrize(
    ("address", "prefix", "lines", "lost"),
    [
        ("192.0.2.3", 24, "route replace 192.0.2.0/24 dev vb", "192.0.2.0/24"),
        ("192.0.2.3", 24, "route replace blackhole 192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.3", 24, "route replace 192.0.2.0/24 dev va proto static scope link", "192.0.2.0/24"),
        ("2001:db8::5", 64, "-6 route replace 2001:db8::/64 dev vb metric 256", "2001:db8::/64"),
    ],
)
async def test_a_route_of_the_kernel_that_somebody_replaces_is_missed_and_comes_back(
    world: "World", address: str, prefix: int, lines: str, lost: str
) -> None:
    no_dad(world)
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed(address), prefix):
        world.ip(lines)
        reason = await statement.losses.get()

    assert reason == f"cannot hold {address}/{prefix} on va: someone removed the kernel's own route to {lost}"
    async with world.netlink.addresses.held_address("va", packed(address), prefix):
        assert f"{lost} proto kernel" in world.ip(f"{'-6' if ':' in address else '-4'} route show dev va")
        for _ in range(3):
            await asyncio.sleep(0)
        assert statement.losses.empty()


async def test_what_others_put_beside_the_route_of_the_kernel_is_no_loss(world: "World") -> None:
    no_dad(world)
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        for line in ("prepend 192.0.2.0/24 dev vb", "add 192.0.2.0/24 dev vb metric 9"):
            world.ip(f"route {line}")
        for _ in range(3):
            await asyncio.sleep(0)

    assert statement.losses.empty()


def ways(world: "World") -> list[str]:
    return [" ".join(line.split()) for line in world.ip("-4 route show dev va").splitlines()]


async def until(world: "World", there: Callable[["World"], list[str]] = ways) -> None:
    for _ in range(1000):
        if there(world) == [WAY]:
            return
        await asyncio.sleep(0)
    raise AssertionError(there(world))


WAY = "192.0.2.0/24 proto kernel scope link src 192.0.2.3"


async def test_an_address_beside_one_with_noprefixroute_has_its_route_too(world: "World") -> None:
    """Linux 6.18 makes none: `ip route` shows nothing, and a gateway in the network is refused."""
    no_dad(world)
    world.ip("addr add 192.0.2.1/24 dev va noprefixroute")
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        assert ways(world) == [WAY]
        async with world.netlink.routes.held_route(route("198.51.100.0/24 via 192.0.2.254 dev va")):
            assert len(ways(world)) == 2

    assert ways(world) == []
    assert world.addresses() == ["192.0.2.1/24"]
    assert statement.losses.empty()


async def test_such_a_route_comes_back_with_its_link(world: "World") -> None:
    no_dad(world)
    world.ip("addr add 192.0.2.1/24 dev va noprefixroute")
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        world.ip("link set va down")
        world.ip("link set va up")
        await until(world)

    assert ways(world) == []
    assert statement.losses.empty()


async def test_such_a_route_is_made_when_its_link_comes_up_for_the_first_time(world: "World") -> None:
    no_dad(world)
    world.ip("link set va down")
    world.ip("addr add 192.0.2.1/24 dev va noprefixroute")
    world.as_statement()

    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        assert ways(world) == []
        world.ip("link set va up")
        await until(world)


async def test_such_a_route_that_somebody_deletes_is_missed_and_comes_back(world: "World") -> None:
    no_dad(world)
    world.ip("addr add 192.0.2.1/24 dev va noprefixroute")
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        world.ip("route del 192.0.2.0/24 dev va")
        reason = await statement.losses.get()

    assert reason == "cannot hold 192.0.2.3/24 on va: someone removed the kernel's own route to 192.0.2.0/24"
    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        assert ways(world) == [WAY]


@pytest.mark.parametrize("promotes", [0, 1])
async def test_such_a_route_stays_when_the_other_address_goes_if_ours_does(world: "World", promotes: int) -> None:
    no_dad(world)
    world.sysctl("net/ipv4/conf/va/promote_secondaries", str(promotes))
    world.ip("addr add 192.0.2.1/24 dev va noprefixroute")
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        world.ip("addr del 192.0.2.1/24 dev va")
        if not promotes:
            assert await statement.losses.get() == "cannot hold 192.0.2.3/24 on va: someone removed it"
        assert ways(world) == ([WAY] if promotes else [])

    assert ways(world) == []


async def test_an_address_that_was_there_without_a_route_to_its_network_is_left_without_one(world: "World") -> None:
    no_dad(world)
    world.ip("addr add 192.0.2.3/24 dev va noprefixroute")
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        assert ways(world) == []
        world.ip("route add 192.0.2.0/24 dev vb")
        world.ip("route replace 192.0.2.0/24 dev va metric 0")
        for _ in range(3):
            await asyncio.sleep(0)

    assert statement.losses.empty()


def in_vrf(world: "World", *lines: str) -> None:
    """Put va into a VRF, and do more."""
    no_dad(world)
    world.ip("link add vr type vrf table 77")
    world.ip("link set vr up")
    world.ip("link set va master vr")
    for line in lines:
        world.ip(line)


def ways_of_vrf(world: "World") -> list[str]:
    lines = (" ".join(line.split()) for line in world.ip("-4 route show table 77 type unicast").splitlines())
    return [line.replace(" dev va", "") for line in lines]


@pytest.mark.vm("vrf")
async def test_such_a_route_of_a_port_of_a_vrf_is_in_its_table(world: "World") -> None:
    in_vrf(world, "addr add 192.0.2.1/24 dev va noprefixroute")
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        assert ways_of_vrf(world) == [WAY]
        assert ways(world) == []
        world.ip("route del 192.0.2.0/24 dev va table 77")
        reason = await statement.losses.get()
    assert reason == "cannot hold 192.0.2.3/24 on va: someone removed the kernel's own route to 192.0.2.0/24"

    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        assert ways_of_vrf(world) == [WAY]
    assert ways_of_vrf(world) == []


@pytest.mark.vm("vrf")
@pytest.mark.parametrize("beside", [["addr add 192.0.2.1/24 dev va noprefixroute"], []])
async def test_the_route_to_its_network_goes_with_a_link_into_a_vrf_and_out_of_it(
    world: "World", beside: list[str]
) -> None:
    in_vrf(world, "link set va nomaster", *beside)
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        assert ways(world) == [WAY]
        for master, there in (("master vr", ways_of_vrf), ("nomaster", ways)):
            world.ip(f"link set va {master}")
            await until(world, there)

    assert (ways(world), ways_of_vrf(world)) == ([], [])
    assert statement.losses.empty()
