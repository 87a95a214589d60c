"""A routing table full of foreign routes: what is ours, or the same as ours, is found without reading all of them."""

import asyncio
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from tests.kernel.netlink.test_routes import ready, route

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

# 100,000 routes are 6 MB of messages, and took 37 MB when all of them were kept.  With a million (14 s of `ip -batch`),
# on two busy cores: 0.3 ms for the route that counts, 0.3 to 1 s for one behind another, 5 MB.
COUNT = 100_000
MOST = 10 << 20  # bytes
BURST = "".join(f"route add 30.0.{n >> 8}.{n & 255}/32 dev va proto 110\n" for n in range(2000))  # others go unheard


def filled(world: "World", table: int) -> None:
    """Put foreign routes into a table."""
    ready(world)
    addresses = (f"20.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(COUNT))
    world.batch("".join(f"route add {one}/32 via 192.0.2.9 table {table} proto bird\n" for one in addresses))


@pytest.mark.real_kernel("it measures what a table of 100,000 routes takes")
@pytest.mark.parametrize(
    ("table", "same", "other"),
    [
        pytest.param(
            254, "198.51.100.0/24 dev va metric 7", "198.51.100.0/24 dev vb metric 8", id="the one that counts"
        ),
        pytest.param(
            254, "198.51.100.0/24 dev va metric 7", "198.51.100.0/24 dev va metric 5", id="one behind another"
        ),
        pytest.param(254, "20.0.1.0/24 dev va", "20.0.1.9/32 dev vb metric 5", id="one with parts that go elsewhere"),
        pytest.param(7, "198.51.100.0/24 dev va", "198.51.100.0/25 dev va", id="one that no rule leads to"),
        pytest.param(254, "default dev va metric 7", "default dev vb metric 5", id="a default route behind another"),
        pytest.param(254, "20.1.2.3/32 via 192.0.2.9 dev va", "20.1.0.0/16 dev vb", id="one of them"),
    ],
)
async def test_the_same_route_among_many_is_found_again_without_keeping_them(
    world: "World", table: int, same: str, other: str
) -> None:
    filled(world, table)
    if "20.1.2.3" not in same:
        world.ip(f"route add {same} table {table} proto static")
    world.ip(f"route add {other} table {table} proto static")
    before = world.routes(f"route show table {table}")
    netlink = world.another_netlink(queue_bytes=1)
    told = world.as_statement()
    holding = netlink.routes.held_route(route(same.replace("default", "0.0.0.0/0"))._replace(table=table))
    tracemalloc.start()

    await holding.__aenter__()
    world.batch(BURST)
    for _ in range(3):  # turns of the event loop: messages are read in the first one
        await asyncio.sleep(0)
    overruns = netlink.monitor.overruns
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    kept = told.losses.empty()
    world.ip(f"route del {same} table {table}")
    reason = await told.losses.get()
    await holding.__aexit__(None, None, None)

    assert overruns > 0
    assert kept
    assert peak < MOST
    assert reason.endswith("someone removed or replaced it")
    assert len(before) - 1 <= len(world.routes(f"route show table {table}"))
    netlink.close()


@pytest.mark.real_kernel("it measures what a table of 100,000 routes takes")
async def test_a_route_of_ours_among_many_is_found_missing_after_an_overrun(world: "World") -> None:
    filled(world, 254)
    netlink = world.another_netlink(queue_bytes=1)
    told = world.as_statement()
    await netlink.routes.held_route(route("198.51.100.0/24 dev va")).__aenter__()
    world.batch(BURST)
    world.ip("route del 198.51.100.0/24")
    tracemalloc.start()

    reason = await told.losses.get()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert netlink.monitor.overruns > 0
    assert "198.51.100.0/24 on va: " in reason
    assert peak < MOST
    netlink.close()


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("route prepend 198.51.100.0/24 dev vb metric 7", id="another one before it"),
        pytest.param("route replace 198.51.100.0/24 dev va metric 7", id="the same, but theirs, in its place"),
    ],
)
async def test_a_route_that_does_not_count_any_more_is_lost(world: "World", line: str) -> None:
    ready(world)
    told = world.as_statement()
    holding = world.netlink.routes.held_route(route("198.51.100.0/24 dev va metric 7"))
    await holding.__aenter__()
    world.ip(line)

    reason = await told.losses.get()
    await holding.__aexit__(None, None, None)

    assert reason.startswith("cannot hold route 198.51.100.0/24 on va metric 7: another route is in its place: ")
    assert len(world.routes()) == 1
