"""What the kernel takes from routes, or changes about them, without a word.

All was seen with `ip route` and `ip monitor` of iproute2 6.1 on Linux 6.18.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from netstrata.statements.net.route import route
from netstrata.system.held import Recovery
from netstrata.system.undo_journal import Identity, UndoJournal
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

TO6 = "2001:db8:7::/48"
WITH_MTU = '["via": "fe80::9", "dev": "va", "mtu": "1400"]'
ELSEWHERE6 = '["via": "fe80::9", "dev": "va", "src": "2001:db8:5::3"]'
ADDRESS4 = "addr add 203.0.113.1/32 dev vc"
ADDRESS6 = "addr add 2001:db8:5::3/128 dev vc nodad"
GONE4 = "addr del 203.0.113.1/32 dev vc"
GONE = "addr del 2001:db8:5::3/128 dev vc"
TO4 = "198.51.100.0/24"
VIA4 = '"via": "192.0.2.9", "dev": "va", "src": "203.0.113.1"'


def prepare(world: "World") -> None:
    world.links_up()
    world.ip("addr add 192.0.2.3/24 dev va")
    world.ip("link add vc address 02:00:00:00:0c:01 type veth peer name vd address 02:00:00:00:0d:01")
    world.ip("link set vc up")
    world.ip(ADDRESS4)
    world.ip("addr add 2001:db8::3/64 dev va nodad")
    world.ip(ADDRESS6)


def ours(world: "World") -> list[str]:
    """Return the routes with our mark, of both families and in all tables."""
    lines = world.routes("-4 -N route show table all") + world.routes("-6 -N route show table all")
    return [line.removesuffix(" pref medium") for line in lines if "proto 110" in line]


async def hear(world: "World") -> None:
    """Let the ports hear what the kernel has said until now, and do something about it."""
    heard = asyncio.Event()
    world.netlink.links.call_on_change(heard.set)
    world.ip(f"link set vd mtu {world.link('vd')['mtu'] - 1}")
    await heard.wait()


@pytest.mark.parametrize("table", ["", '"table": "7", '])
async def test_a_source_that_is_gone_for_a_moment_is_put_back_into_an_ipv6_route(world: "World", table: str) -> None:
    prepare(world)
    told = world.as_statement()
    statement = world.up_now(route, TO6, f'[{table}"via": "fe80::9", "dev": "va", "src": "2001:db8:5::3"]')
    held = ours(world)

    world.ip(GONE)
    world.ip(ADDRESS6)
    changed = ours(world)
    await hear(world)
    again = ours(world)
    world.down_now(statement)

    assert "src" in held[0]
    assert "src" not in changed[0]
    assert again == held
    assert told.losses.empty()
    assert ours(world) == []


async def test_the_mtu_of_an_ipv6_route_is_what_its_link_takes_and_as_asked_again_after(world: "World") -> None:
    prepare(world)
    told = world.as_statement()
    statement = world.up_now(route, TO6, WITH_MTU)
    held = ours(world)

    world.ip("link set va mtu 1300")
    await hear(world)
    lower = ours(world)
    world.ip("link set va mtu 1500")
    raised = ours(world)
    await hear(world)
    again = ours(world)
    world.down_now(statement)

    assert lower == [held[0].replace("mtu 1400", "mtu 1300")]
    assert raised == [held[0].replace("mtu 1400", "mtu 1500")]
    assert again == held
    assert told.losses.empty()
    assert ours(world) == []


async def test_an_ipv6_route_never_has_a_greater_mtu_than_its_link(world: "World") -> None:
    # Linux 6.18 takes it, and then sends what is too large for the link.
    prepare(world)
    world.ip("link set va mtu 1300")

    statement = world.up_now(route, TO6, WITH_MTU)
    held = ours(world)
    world.down_now(statement)

    assert held == [f"{TO6} via fe80::9 dev va proto 110 metric 1024 mtu 1300"]
    assert ours(world) == []


async def test_one_of_several_ways_is_put_right_alone(world: "World") -> None:
    prepare(world)
    told = world.as_statement()
    statement = world.up_now(route, TO6, ELSEWHERE6)
    before = ours(world)
    world.ip(f"-6 route append {TO6} via fe80::8 dev va proto 110")
    await hear(world)

    world.ip(GONE)
    world.ip(ADDRESS6)
    await hear(world)
    world.ip(f"-6 route del {TO6} via fe80::8 dev va proto 110")
    after = ours(world)
    world.down_now(statement)

    assert after == before
    assert told.losses.empty()
    assert ours(world) == []


@pytest.mark.parametrize(
    ("destination", "options", "act"),
    [
        (TO6, ELSEWHERE6, GONE),
        (TO6, ELSEWHERE6, "link set vc down"),
        (TO6, ELSEWHERE6, "link set vc mtu 1200"),
        (TO6, ELSEWHERE6, "link del vc"),
        (TO6, f'["table": "7", {ELSEWHERE6[1:]}', GONE),
        (TO6, f'["table": "7", {ELSEWHERE6[1:]}', "link set vc down"),
        (TO6, '["type": "unreachable", "src": "2001:db8:5::3"]', GONE),
        (TO6, '["type": "unreachable", "src": "2001:db8:5::3"]', "link del vc"),
        (TO4, f"[{VIA4}]", GONE4),
        (TO4, f"[{VIA4}]", "link del vc"),
        (TO4, f'[{VIA4}, "metric": "9"]', GONE4),
        (TO4, f'[{VIA4}, "table": "7"]', GONE4),
        (TO4, f'[{VIA4}, "table": "7"]', "link del vc"),
        (TO4, f'[{VIA4}, "table": "1000", "metric": "9"]', GONE4),
    ],
)
async def test_a_route_whose_source_is_gone_is_lost_and_nothing_of_it_is_left(
    world: "World", destination: str, options: str, act: str
) -> None:
    prepare(world)
    told = world.as_statement()
    statement = world.up_now(route, destination, options)

    world.ip(act)
    lost = await told.losses.get()
    left = ours(world)
    world.down_now(statement)
    with pytest.raises(Unavailable, match=r"Invalid (source address|prefsrc address)"):
        world.up_now(route, destination, options)
    for address in (ADDRESS4, ADDRESS6):
        world.run(address.replace("vc", "va").split())
    again = world.up_now(route, destination, options)
    held = ours(world)
    world.down_now(again)

    assert lost.endswith(f": its source {'203.0.113.1' if destination == TO4 else '2001:db8:5::3'} is gone")
    assert (left, len(held), ours(world)) == ([], 1, [])
    assert told.losses.empty()
    assert told.notes == []


async def test_a_route_of_others_that_loses_its_source_is_lost_and_stays_theirs(world: "World") -> None:
    prepare(world)
    world.ip(f"-6 route add {TO6} via fe80::9 dev va src 2001:db8:5::3 proto static")
    told = world.as_statement()
    statement = world.up_now(route, TO6, ELSEWHERE6)

    world.ip(GONE)
    await told.losses.get()
    world.down_now(statement)

    theirs = [line for line in world.routes("-6 route show") if "proto static" in line]
    assert [line.split(" metric")[0] for line in theirs] == [f"{TO6} via fe80::9 dev va proto static"]


@pytest.mark.parametrize("kind", ["prohibit", "unreachable", "blackhole", "throw"])
async def test_a_route_that_leads_nowhere_needs_no_source(world: "World", kind: str) -> None:
    prepare(world)
    told = world.as_statement()
    statement = world.up_now(route, TO4, f'["type": "{kind}", "table": "7", "src": "203.0.113.1"]')
    other = world.up_now(route, TO4, f"[{VIA4}]")
    held = ours(world)

    world.ip(GONE4)
    lost = await told.losses.get()
    left = ours(world)
    world.down_now(other)
    world.down_now(statement)

    assert lost == f"cannot hold route {TO4} via 192.0.2.9 on va: its source 203.0.113.1 is gone"
    assert left == [line for line in held if " via " not in line]
    assert told.losses.empty()
    assert ours(world) == []


async def test_another_address_that_goes_touches_no_route_with_a_source(world: "World") -> None:
    prepare(world)
    world.ip("addr add 203.0.113.2/32 dev vc")
    told = world.as_statement()
    statement = world.up_now(route, TO4, f'[{VIA4}, "table": "7"]')
    held = ours(world)

    world.ip("addr del 203.0.113.2/32 dev vc")
    world.ip("addr del 192.0.2.3/24 dev va")  # the last one of the link of the route, which then goes
    lost = await told.losses.get()
    world.down_now(statement)

    assert len(held) == 1
    assert lost.endswith("the kernel dropped it when va went down or lost its last address")


async def test_a_route_that_was_left_without_its_source_is_in_nobodys_way(world: "World") -> None:
    # As a daemon leaves it that was killed, and kept no journal.
    prepare(world)
    world.ip(f"-6 route add {TO6} via fe80::9 dev va proto 110")

    statement = world.up_now(route, TO6, ELSEWHERE6)
    held = ours(world)
    world.down_now(statement)

    assert held[0].split(" metric")[0] == f"{TO6} via fe80::9 dev va proto 110 src 2001:db8:5::3"
    assert ours(world) == []


@pytest.mark.parametrize("act", ["link set va down", "link set va mtu 1200"])
async def test_an_ipv6_route_that_goes_with_ipv6_on_its_link_is_lost(world: "World", act: str) -> None:
    prepare(world)
    told = world.as_statement()
    statement = world.up_now(route, TO6, '["via": "fe80::9", "dev": "va"]')

    world.ip(act)
    await told.losses.get()
    world.down_now(statement)

    assert ours(world) == []


@pytest.mark.real_kernel("the model has no net.ipv6.route.skip_notify_on_dev_down")
@pytest.mark.parametrize("options", ['["via": "fe80::9", "dev": "va"]', '["dev": "va", "table": "7"]'])
@pytest.mark.parametrize("act", ["link set va down", "link set va mtu 1200", "disable_ipv6", "disable_ipv6 everywhere"])
async def test_ipv6_routes_of_which_the_kernel_is_not_to_tell_are_lost(world: "World", options: str, act: str) -> None:
    prepare(world)
    world.sysctl("net/ipv6/route/skip_notify_on_dev_down", "1")
    told = world.as_statement()
    statement = world.up_now(route, TO6, options)

    if act.startswith("disable_ipv6"):
        world.sysctl(f"net/ipv6/conf/{'va' if act == 'disable_ipv6' else 'all'}/disable_ipv6", "1")
    else:
        world.ip(act)
    lost = await told.losses.get()
    world.down_now(statement)

    assert lost.endswith("the kernel dropped it when va went down or lost its last address")
    assert ours(world) == []


@pytest.mark.real_kernel("the model has no nexthop objects")
@pytest.mark.parametrize("act", ["nexthop del id 3", "nexthop flush", "link set vb down"])
async def test_a_route_of_others_that_goes_with_its_nexthop_object_is_lost(world: "World", act: str) -> None:
    prepare(world)
    world.ip("nexthop add id 3 via 192.0.2.9 dev va")
    world.ip("route add 198.51.100.0/24 nhid 3")
    told = world.as_statement()
    statement = world.up_now(route, TO4, '["via": "192.0.2.9", "dev": "va"]')

    world.ip(act)
    await told.losses.get()
    world.down_now(statement)
    again = world.up_now(route, TO4, '["via": "192.0.2.9", "dev": "va"]')
    held = ours(world)
    world.down_now(again)

    assert len(held) == 1
    assert world.netlink.monitor.groups() == set()


HERE = Identity("a boot", "a namespace")


@pytest.mark.parametrize("again", [True, False])
@pytest.mark.parametrize(
    ("destination", "options", "acts", "stands"),
    [
        (TO6, ELSEWHERE6, [GONE, ADDRESS6], True),
        (TO6, ELSEWHERE6, [GONE], False),
        (TO6, ELSEWHERE6, ["link del vc"], False),
        (TO6, WITH_MTU, ["link set va mtu 1300", "link set va mtu 1500"], True),
        (TO6, WITH_MTU, ["link set va mtu 1300"], True),
        (TO4, f'[{VIA4}, "table": "7"]', [GONE4], False),
    ],
)
async def test_what_changes_while_no_daemon_runs_is_put_right_or_taken_away(
    world: "World", tmp_path: Path, destination: str, options: str, acts: list[str], stands: bool, again: bool
) -> None:
    prepare(world)
    path = f"{tmp_path}/journal/a"
    first = UndoJournal(path, HERE)
    world.ports.routes = world.another_netlink(recovery=Recovery(first)).routes
    world.up_now(route, destination, options)
    wanted = ours(world)
    assert first._file is not None
    first._file.close()
    for act in acts:
        world.ip(act)

    journal = UndoJournal(path, HERE)
    recovery = Recovery(journal)
    world.ports.routes = world.another_netlink(recovery=recovery).routes
    held: list[str] = []
    if again and stands:
        statement = world.up_now(route, destination, options)
        held = ours(world)
        world.down_now(statement)
    elif again:
        with pytest.raises(Unavailable, match=r"Invalid (source address|prefsrc address)"):
            world.up_now(route, destination, options)
    undone = await recovery.sweep()
    journal.close()

    lower = [line.replace("mtu 1400", "mtu 1300") for line in wanted] if "1500" not in acts[-1] else wanted
    assert held == (lower if again and stands else [])
    assert [one.problem for one in undone] == ([] if again else [""])
    assert ours(world) == []
