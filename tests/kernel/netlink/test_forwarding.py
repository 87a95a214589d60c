"""Which way frames go, in a real kernel, with bridge(8) as the judge.  iproute2 6.1.0, Linux 6.18."""

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from netstrata.statements.net.bridge.fdb import fdb
from netstrata.values import Refused, Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

pytestmark = pytest.mark.real_kernel("the model sends no frames")
ALL, ONE = "00:00:00:00:00:00", "02:00:00:00:0a:09"


def bridge(words: str) -> str:
    done = subprocess.run(["bridge", *words.split()], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"bridge {words}: {done.stderr}"
    return done.stdout


def ways() -> list[dict[str, Any]]:
    """Return the ways of all links, but those of their own addresses."""
    rows: list[dict[str, Any]] = json.loads(bridge("-j fdb show"))
    return sorted((row for row in rows if row["mac"] in (ALL, ONE)), key=str)


def ready(world: "World") -> None:
    world.ip("link add vx type vxlan id 42 dstport 4789 local 192.0.2.1")
    world.ip("link add br0 type bridge")
    world.ip("link set va master br0")


@pytest.mark.parametrize(
    ("words", "by_bridge"),
    [
        (("vx", ONE, '["dst": "192.0.2.2"]'), f"fdb add {ONE} dev vx dst 192.0.2.2"),
        (("vx", ALL, '["dst": "192.0.2.2"]'), f"fdb append {ALL} dev vx dst 192.0.2.2"),
        (
            ("vx", ONE, '["dst": "192.0.2.2", "port": "4790", "vni": "43", "via": "va"]'),
            f"fdb add {ONE} dev vx dst 192.0.2.2 port 4790 vni 43 via va",
        ),
        (("va", ONE), f"fdb add {ONE} dev va master static"),
    ],
)
async def test_a_way_is_there_as_bridge_makes_it_while_held_and_gone_after(
    world: "World", words: tuple[str, ...], by_bridge: str
) -> None:
    ready(world)
    world.as_statement()

    statement = world.up_now(fdb, *words)
    held = ways()
    world.down_now(statement)
    after = ways()
    bridge(by_bridge)
    expected = ways()
    again = world.up_now(fdb, *words)
    world.down_now(again)

    assert held == expected != []
    assert after == []
    assert ways() == expected  # it was there before, and stays
    assert world.netlink.monitor.groups() == set()


@pytest.mark.parametrize(
    ("words", "line", "reason"),
    [
        (
            ("vx", ONE, '["dst": "192.0.2.2"]'), f"bridge fdb del {ONE} dev vx dst 192.0.2.2",
            "of 02:00:00:00:0A:09 to 192.0.2.2 on vx: someone removed it",
        ),
        (("va", ONE), f"bridge fdb del {ONE} dev va master", "of 02:00:00:00:0A:09 on va: someone removed it"),
        (("va", ONE), "ip link set va nomaster", "of 02:00:00:00:0A:09 on va: someone removed it"),
        (("va", ONE), "ip link del va", "of 02:00:00:00:0A:09 on va: the link is gone"),
    ],
)  # fmt: skip
async def test_a_way_that_somebody_takes_is_lost(
    world: "World", words: tuple[str, ...], line: str, reason: str
) -> None:
    ready(world)
    told = world.as_statement()

    statement = world.up_now(fdb, *words)
    if line.startswith("bridge"):
        bridge(line[7:])
    else:
        world.ip(line[3:])
    lost = await told.losses.get()
    world.down_now(statement)

    assert lost == f"cannot hold way {reason}"
    assert told.notes == []


async def test_several_ways_of_all_addresses_come_and_go_one_by_one(world: "World") -> None:
    ready(world)
    bridge(f"fdb append {ALL} dev vx dst 192.0.2.9")
    held = [world.up_now(fdb, "vx", ALL, f'["dst": "192.0.2.{host}"]') for host in (2, 3)]

    all_of_them = [row["dst"] for row in ways()]
    world.down_now(held[0])
    rest = [row["dst"] for row in ways()]
    world.down_now(held[1])

    assert all_of_them == ["192.0.2.2", "192.0.2.3", "192.0.2.9"]
    assert rest == ["192.0.2.3", "192.0.2.9"]
    assert [row["dst"] for row in ways()] == ["192.0.2.9"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("vx", ONE, '["dst": "192.0.2.3"]'), "to 192.0.2.3 on vx: it is there, but leads elsewhere"),
        (("vb", ONE), "on vb: vb is no bridge's port"),
        (("va", ONE, '["dst": "192.0.2.3"]'), "to 192.0.2.3 on va: va is no VXLAN"),
    ],
)
async def test_a_way_that_cannot_be_is_said_why(world: "World", words: tuple[str, ...], reason: str) -> None:
    ready(world)
    bridge(f"fdb add {ONE} dev vx dst 192.0.2.2")
    before = ways()
    world.as_statement()

    with pytest.raises(Unavailable) as refused:
        world.up_now(fdb, *words)

    assert str(refused.value) == f"cannot add way of 02:00:00:00:0A:09 {reason}"
    assert ways() == before
    assert world.netlink.monitor.groups() == set()


async def test_what_is_of_another_host_needs_its_address(world: "World") -> None:
    with pytest.raises(Refused, match="write its `dst`, too"):
        world.up_now(fdb, "vx", ONE, '["vni": "7"]')
