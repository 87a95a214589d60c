"""What drivers of links do, in a real kernel, with ethtool(8) as the judge.

ethtool 6.1; Linux 6.18: a veth knows features and channels.  Linux 6.12: netdevsim knows rings and pause, and no
wake-on-LAN.  That was tried in QEMU with Linux 6.1: 8139cp knows it, and it was held, noticed and put back; e1000 says
that it does, and refuses to (`Operation not supported`).
"""

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from netstrata.statements.net.ethtool import ethtool
from netstrata.values import Refused, Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

pytestmark = pytest.mark.real_kernel("the model has no drivers")


def asked(words: str) -> Any:
    done = subprocess.run(["ethtool", "--json", *words.split()], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"ethtool {words}: {done.stderr}"
    return json.loads(done.stdout)[0]


def changed(words: str) -> None:
    done = subprocess.run(["ethtool", *words.split()], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"ethtool {words}: {done.stderr}"


def is_on(feature: str, link: str = "va") -> bool:
    """Say whether a feature is active; ethtool has names of its own for some."""
    return asked(f"-k {link}")[feature]["active"] is True


FEATURES = [
    ("rx-gro", "on", "generic-receive-offload", "gro off"),
    ("tx-checksum-ip-generic", "off", "tx-checksum-ip-generic", "tx-checksum-ip-generic on"),
    ("tx-tcp-segmentation", "off", "tx-tcp-segmentation", "tx-tcp-segmentation on"),
    ("tx-scatter-gather", "off", "tx-scatter-gather", "tx-scatter-gather on"),
]


@pytest.mark.parametrize(("word", "value", "shown", "by_hand"), FEATURES)
async def test_a_feature_is_as_asked_while_held_and_as_before_after(
    world: "World", word: str, value: str, shown: str, by_hand: str
) -> None:
    before = asked("-k va")
    world.as_statement()

    statement = world.up_now(ethtool, "va", f'["{word}": "{value}"]')
    held = is_on(shown)
    world.down_now(statement)

    assert held is (value == "on")
    assert before[shown]["active"] is not held
    assert asked("-k va") == before
    assert world.netlink.monitor.groups() == set()


@pytest.mark.parametrize(("word", "value", "shown", "by_hand"), FEATURES)
async def test_a_feature_that_somebody_changes_is_lost(
    world: "World", word: str, value: str, shown: str, by_hand: str
) -> None:
    told = world.as_statement()

    statement = world.up_now(ethtool, "va", f'["{word}": "{value}"]')
    changed(f"-K va {by_hand}")
    lost = await told.losses.get()
    world.down_now(statement)

    other = "off" if value == "on" else "on"
    what = f"the {word} of va to"
    assert lost == f"cannot hold {what} {value}: someone has set {what} {other}"
    assert is_on(shown) is (other == "on")
    assert told.notes == []


async def test_channels_are_as_asked_and_noticed_when_somebody_changes_them(world: "World") -> None:
    world.ip("link del va")
    world.ip("link add va numtxqueues 4 numrxqueues 4 type veth peer name vb numtxqueues 4 numrxqueues 4")
    changed("-L va rx 1 tx 1")
    told = world.as_statement()

    statement = world.up_now(ethtool, "va", '["channels-rx": "3", "channels-tx": "2"]')
    held = channels()
    changed("-L va rx 2")
    lost = await told.losses.get()
    world.down_now(statement)

    assert held == (3, 2)
    assert lost == "cannot hold the channels-rx of va to 3: someone has set the channels-rx of va to 2"
    assert channels() == (2, 1)


def channels() -> tuple[int, int]:
    """Return how many channels va has; ethtool 6.1 has no JSON for that."""
    done = subprocess.run(["ethtool", "-l", "va"], capture_output=True, text=True, timeout=60)
    now = done.stdout.partition("Current")[2].split()
    return int(now[now.index("RX:") + 1]), int(now[now.index("TX:") + 1])


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ('["ring-rx": "512"]', "the driver of va knows no ring-rx"),
        ('["wol": "g"]', "the driver of va knows no wol"),
        ('["pause-rx": "on"]', "the driver of va knows no pause-rx"),
        ('["rx-lro": "on"]', "the driver does not let it be changed"),
        ('["tx-checksum-ipv4": "on"]', "the driver does not let it be changed"),
        ('["channels-rx": "4000"]', "requested channel count exceeds maximum"),
    ],
)
async def test_what_a_driver_does_not_do_is_said_and_all_is_as_before(
    world: "World", settings: str, reason: str
) -> None:
    before = asked("-k va")
    told = world.as_statement()

    with pytest.raises(Unavailable) as refused:
        world.up_now(ethtool, "va", f'["rx-gro": "on", {settings[1:]}')

    assert str(refused.value).endswith(f" of va to {settings.split(chr(34))[3]}: {reason}")
    assert asked("-k va") == before
    assert told.notes == []
    assert world.netlink.monitor.groups() == set()


async def test_a_driver_is_lost_with_its_link(world: "World") -> None:
    told = world.as_statement()

    statement = world.up_now(ethtool, "va", '["rx-gro": "on"]')
    world.ip("link del va")
    lost = await told.losses.get()
    world.down_now(statement)

    assert lost == "cannot hold the rx-gro of va to on: the link is gone"
    assert told.notes == []


def current(words: str) -> dict[str, str]:
    """Return what ethtool says is so now, word by word; ethtool 6.1 has no JSON for it."""
    done = subprocess.run(["ethtool", *words.split()], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"ethtool {words}: {done.stderr}"
    lines = done.stdout.rpartition("Current hardware settings:")[2].splitlines()
    return {word.strip(): value.strip() for word, colon, value in (line.partition(":") for line in lines) if colon}


@pytest.mark.vm("netdevsim")
@pytest.mark.parametrize(
    ("settings", "question", "expected", "by_hand", "lost"),
    [
        (
            '["ring-rx": "700", "ring-tx": "300"]', "-g", {"RX": "700", "TX": "300"}, "-G {} rx 600",
            "the ring-rx of {} to 600",
        ),
        (
            '["pause-rx": "on", "pause-tx": "on"]', "-a", {"RX": "on", "TX": "on"}, "-A {} tx off",
            "the pause-tx of {} to off",
        ),
    ],
)  # fmt: skip
async def test_rings_and_pause_are_as_asked_and_noticed_when_somebody_changes_them(
    world: "World", settings: str, question: str, expected: dict[str, str], by_hand: str, lost: str
) -> None:
    card = new_card(world)
    before = current(f"{question} {card}")
    told = world.as_statement()

    first = world.up_now(ethtool, card, settings)
    held = current(f"{question} {card}")
    world.down_now(first)
    after = current(f"{question} {card}")
    second = world.up_now(ethtool, card, settings)
    changed(by_hand.format(card))
    reason = await told.losses.get()
    world.down_now(second)

    assert {word: held[word] for word in expected} == expected
    assert after == before != held
    assert reason.endswith(f"someone has set {lost.format(card)}")


@pytest.mark.vm("netdevsim")
async def test_a_simulated_card_wakes_nobody(world: "World") -> None:
    with pytest.raises(Unavailable, match=r"the driver of .* knows no wol"):
        world.up_now(ethtool, new_card(world), '["wol": "g"]')


def new_card(world: "World") -> str:
    """Make a card that is only simulated, in this network namespace, and return its name."""
    before = links_of(world)
    number = 1 + max((int(name[9:]) for name in os.listdir("/sys/bus/netdevsim/devices")), default=0)
    Path("/sys/bus/netdevsim/new_device").write_text(f"{number} 1")
    (name,) = links_of(world) - before
    return name


def links_of(world: "World") -> set[str]:
    """Return the links here; /sys shows those of another network namespace."""
    return {str(row["ifname"]) for row in json.loads(world.ip("-j link"))}


async def test_a_feature_by_the_name_that_people_say_is_refused_with_the_kernels(world: "World") -> None:
    with pytest.raises(Refused) as refused:
        world.started(ethtool, "va", '["gro": "off"]')

    assert refused.value.message.startswith("there is no option `gro`")
    assert refused.value.hint == "did you mean `rx-gro`?"
