"""VLANs of bridges and their ports, in a real kernel, with bridge(8) as the judge.

iproute2 6.1.0; Linux 6.1 (Debian) and 6.18 with CONFIG_BRIDGE_VLAN_FILTERING.
"""

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from netstrata.statements.net.bridge.vlan import vlan
from netstrata.values import Refused, Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

pytestmark = pytest.mark.vm("VLAN-filtering bridge")
FIRST = {1: ["PVID", "Egress Untagged"]}  # what a bridge gives to each port


def bridge(words: str) -> str:
    done = subprocess.run(["bridge", *words.split()], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"bridge {words}: {done.stderr}"
    return done.stdout


def vlans(link: str = "va") -> dict[int, list[str]]:
    rows = json.loads(bridge("-j vlan show"))
    return {
        one["vlan"] + more: one.get("flags", [])
        for row in rows
        if row["ifname"] == link
        for one in row["vlans"]
        for more in range(one.get("vlanEnd", one["vlan"]) - one["vlan"] + 1)
    }


def in_a_bridge(world: "World") -> None:
    world.ip("link add vz type bridge vlan_filtering 1")
    world.ip("link set va master vz")
    assert vlans() == FIRST


@pytest.mark.parametrize(
    ("link", "words", "by_bridge"),
    [
        ("va", ("10",), ("dev va vid 10",)),
        ("vz", ("10",), ("dev vz vid 10 self",)),
        ("va", ("10, 20-22",), ("dev va vid 10", "dev va vid 20-22")),
        ("va", ("10", '["pvid": "on", "untagged": "on"]'), ("dev va vid 10 pvid untagged",)),
        ("vz", ("10", '["pvid": "on", "untagged": "on"]'), ("dev vz vid 10 pvid untagged self",)),
        ("va", ("10", '["pvid": "on"]'), ("dev va vid 10 pvid",)),
        ("va", ("10-12", '["untagged": "on"]'), ("dev va vid 10-12 untagged",)),
        ("va", ("1", '["untagged": "off"]'), ("dev va vid 1 pvid",)),  # the PVID was found, and stays
        ("va", ("1", '["pvid": "on", "untagged": "on"]'), ()),
        ("va", ("2-60, 4094",), ("dev va vid 2-60", "dev va vid 4094")),
    ],
)
async def test_a_port_is_in_vlans_as_bridge_puts_it_there_and_in_what_it_was_in_after(
    world: "World", link: str, words: tuple[str, ...], by_bridge: tuple[str, ...]
) -> None:
    in_a_bridge(world)
    world.as_statement()

    statement = world.up_now(vlan, link, *words)
    held = vlans(link)
    world.down_now(statement)
    after = vlans(link)
    for line in by_bridge:
        bridge(f"vlan add {line}")

    assert held == vlans(link)
    assert after == FIRST
    assert world.netlink.monitor.groups() == set()


@pytest.mark.parametrize(
    ("words", "line", "reason"),
    [
        (
            ("10-12",), "vlan del dev va vid 11",
            "cannot hold VLAN 11 of va to tagged: someone has set VLAN 11 of va to absent",
        ),
        (
            ("10",), "vlan add dev va vid 10 untagged",
            "cannot hold VLAN 10 of va to tagged: someone has set VLAN 10 of va to untagged",
        ),
        (
            ("10", '["pvid": "on"]'), "vlan add dev va vid 1 pvid",
            "cannot hold the PVID of va to 10: someone has set the PVID of va to 1",
        ),
        (("10",), "link set dev va master nobody", "cannot hold VLAN 10 of va to tagged: va is no bridge, and in none"),
        (("10",), "link del", "cannot hold VLAN 10 of va to tagged: the link is gone"),
    ],
)  # fmt: skip
async def test_a_vlan_that_somebody_changes_is_lost(
    world: "World", words: tuple[str, ...], line: str, reason: str
) -> None:
    in_a_bridge(world)
    told = world.as_statement()

    statement = world.up_now(vlan, "va", *words)
    if line.startswith("vlan"):
        bridge(line)
    else:
        world.ip("link del va" if "del" in line else "link set va nomaster")
    lost = await told.losses.get()
    world.down_now(statement)

    assert lost == reason
    assert told.notes == []


async def test_what_somebody_else_adds_stays(world: "World") -> None:
    in_a_bridge(world)
    told = world.as_statement()

    statement = world.up_now(vlan, "va", "10", '["pvid": "on"]')
    bridge("vlan add dev va vid 30")
    world.netlink.monitor.drain()
    world.down_now(statement)

    assert vlans() == FIRST | {30: []}
    assert told.losses.empty()


async def test_of_two_about_one_vlan_the_last_counts_and_each_gives_back_the_others(world: "World") -> None:
    in_a_bridge(world)
    first = world.up_now(vlan, "va", "10-11", '["untagged": "on"]')
    second = world.up_now(vlan, "va", "11-12")
    both = vlans()
    world.down_now(first)
    one = vlans()
    world.down_now(second)

    assert both == FIRST | {10: ["Egress Untagged"], 11: [], 12: []}
    assert one == FIRST | {11: [], 12: []}
    assert vlans() == FIRST


async def test_a_pvid_comes_back_only_to_a_vlan_that_is_there(world: "World") -> None:
    in_a_bridge(world)
    told = world.as_statement()

    statement = world.up_now(vlan, "va", "10", '["pvid": "on"]')
    bridge("vlan del dev va vid 1")
    world.down_now(statement)

    assert vlans() == {}
    assert told.notes == []


async def test_a_link_in_no_bridge_is_in_no_vlan(world: "World") -> None:
    world.as_statement()

    with pytest.raises(Unavailable) as refused:
        world.up_now(vlan, "va", "10")

    assert str(refused.value) == "cannot set VLAN 10 of va to tagged: va is no bridge, and in none"
    assert world.netlink.monitor.groups() == set()


async def test_a_range_has_no_pvid(world: "World") -> None:
    with pytest.raises(Refused, match="only one VLAN of a port can be its `pvid`"):
        world.up_now(vlan, "va", "10-12", '["pvid": "on"]')
