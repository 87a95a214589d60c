"""How much links let through, in a real kernel, with tc(8) as the judge.  iproute2 6.1.0, Linux 6.18 and 6.1."""

import json
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from netstrata.statements.net.shape import shape
from netstrata.values import Refused, Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

pytestmark = pytest.mark.real_kernel("the model has no queues")


def tc(words: str) -> str:
    done = subprocess.run(["tc", *words.split()], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"tc {words}: {done.stderr}"
    return done.stdout


def shown(what: str = "qdisc show dev va") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(tc(f"-j {what}"))
    return [row for row in found if row]


def rate_out() -> tuple[str, int]:
    """Return the kind of what goes out, and its rate in bytes per second as tc shows it."""
    [root] = [row for row in shown() if row.get("root")]
    options = root["options"]
    if root["kind"] == "htb":
        words = tc("class show dev va").split()  # tc 6.1 has no JSON for that
        number = words[words.index("rate") + 1]
        return "htb", int(number[:-4]) * {"M": 10**6, "G": 10**9}[number[-4]] // 8
    rate = options.get("rate", options.get("bandwidth", 0))
    return root["kind"], 0 if rate == "unlimited" else int(rate)


OUT = [
    pytest.param('["up": "20mbit", "qdisc": "htb"]', ("htb", 2_500_000), id="htb"),
    pytest.param('["up": "100gbit", "qdisc": "htb"]', ("htb", 12_500_000_000), id="htb, more than 32 bits"),
    pytest.param('["up": "20mbit", "qdisc": "tbf"]', ("tbf", 2_500_000), id="tbf"),
    pytest.param('["up": "8kbit", "qdisc": "tbf"]', ("tbf", 1_000), id="tbf, slowly"),
    pytest.param('["up": "20mbit"]', ("cake", 2_500_000), id="cake", marks=pytest.mark.vm("cake")),
    pytest.param('["qdisc": "cake"]', ("cake", 0), id="cake without a rate", marks=pytest.mark.vm("cake")),
    pytest.param('["qdisc": "fq_codel"]', ("fq_codel", 0), id="fq_codel", marks=pytest.mark.vm("fq_codel")),
]


@pytest.mark.parametrize(("rates", "expected"), OUT)
async def test_what_goes_out_is_limited_while_held_and_as_before_after(
    world: "World", rates: str, expected: tuple[str, int]
) -> None:
    world.links_up()
    before = shown()
    world.as_statement()

    statement = world.up_now(shape, "va", rates)
    held = rate_out()
    world.down_now(statement)

    assert held == expected
    assert shown() == before
    assert world.netlink.monitor.groups() == set()


_TBF = "root tbf rate 1mbit burst 32k latency 50ms"


@pytest.mark.parametrize(
    ("kind", "line", "how", "stays"),
    [
        ("htb", "qdisc del dev va root", "removed", True),
        ("tbf", "qdisc del dev va root", "removed", True),
        ("htb", f"qdisc replace dev va {_TBF}", "removed", True),
        ("tbf", f"qdisc replace dev va handle 7: {_TBF}", "removed", True),
        ("tbf", f"qdisc replace dev va {_TBF}", "changed", False),  # in place: it is ours still
    ],
)
async def test_what_somebody_takes_away_is_lost(world: "World", kind: str, line: str, how: str, stays: bool) -> None:
    world.links_up()
    before = shown()
    told = world.as_statement()

    statement = world.up_now(shape, "va", f'["up": "20mbit", "qdisc": "{kind}"]')
    tc(line)
    changed = shown()
    lost = await told.losses.get()
    world.down_now(statement)

    assert lost == f"cannot hold 20mbit out of va by {kind}: someone {how} it"
    assert shown() == (changed if stays else before)
    assert told.notes == []


async def test_a_rate_that_somebody_changes_is_lost(world: "World") -> None:
    world.links_up()
    told = world.as_statement()

    statement = world.up_now(shape, "va", '["up": "20mbit", "qdisc": "htb"]')
    tc("class change dev va parent 6e73: classid 6e73:1 htb rate 5mbit")
    lost = await told.losses.get()
    world.down_now(statement)

    assert lost == "cannot hold 20mbit out of va by htb: someone changed it"
    assert told.notes == []


@pytest.mark.parametrize("ready", ["tbf rate 1mbit burst 32k latency 50ms", "handle 7: htb default 1"])
async def test_what_somebody_else_has_put_there_is_in_the_way_and_stays(world: "World", ready: str) -> None:
    tc(f"qdisc add dev va root {ready}")
    before = shown()
    world.as_statement()
    kind = "tbf" if "tbf" in ready else "htb"

    with pytest.raises(Unavailable) as refused:
        world.up_now(shape, "va", '["up": "20mbit", "qdisc": "htb"]')

    reason = f"it has a queueing discipline {kind} of somebody else"
    assert str(refused.value) == f"cannot let 20mbit out of va by htb: {reason}"
    assert shown() == before


async def test_the_same_that_was_there_before_stays(world: "World") -> None:
    tc("qdisc add dev va root tbf rate 20mbit burst 32k latency 50ms")
    before = shown()

    statement = world.up_now(shape, "va", '["up": "20mbit", "qdisc": "tbf"]')
    held = shown()
    world.down_now(statement)

    assert held == before == shown()


async def test_a_rate_is_lost_with_its_link(world: "World") -> None:
    told = world.as_statement()

    statement = world.up_now(shape, "va", '["up": "20mbit", "qdisc": "htb"]')
    world.ip("link del va")
    lost = await told.losses.get()
    world.down_now(statement)

    assert lost == "cannot hold 20mbit out of va by htb: the link is gone"
    assert told.notes == []


async def test_a_discipline_that_this_kernel_lacks_is_named_and_nothing_is_left(world: "World") -> None:
    before = shown()
    lacks = subprocess.call(["tc", "qdisc", "add", "dev", "vb", "root", "cake"])  # noqa: ASYNC221 - it takes 10 ms
    said = ""

    try:
        world.down_now(world.up_now(shape, "va", '["up": "20mbit"]'))
    except Unavailable as error:
        said = str(error)

    expected = "cannot let 20mbit out of va by cake: this kernel has no queueing discipline cake"
    assert said == (expected if lacks else "")
    assert shown() == before


def police() -> list[int]:
    """Return the rates to which what comes in is policed, in bits per second; tc 6.1 has no JSON for that."""
    words = tc("filter show dev va ingress").split()
    return [int(float(after[:-4]) * 1e6) for word, after in pairwise(words) if word == "rate"]


@pytest.mark.vm("act_police")
@pytest.mark.parametrize("there", ["", "qdisc add dev va ingress", "qdisc add dev va clsact"])
async def test_what_comes_in_is_policed_while_held_and_as_before_after(world: "World", there: str) -> None:
    if there:
        tc(there)
    before = shown()
    world.as_statement()

    statement = world.up_now(shape, "va", '["down": "20mbit"]')
    held = police()
    world.down_now(statement)

    assert held == [20_000_000]
    assert shown() == before
    assert police() == []
    assert world.netlink.monitor.groups() == set()


@pytest.mark.vm("act_police")
@pytest.mark.parametrize("line", ["filter del dev va ingress", "qdisc del dev va ingress"])
async def test_policing_that_somebody_takes_away_is_lost(world: "World", line: str) -> None:
    told = world.as_statement()

    statement = world.up_now(shape, "va", '["down": "20mbit"]')
    tc(line)
    lost = await told.losses.get()
    world.down_now(statement)

    assert lost == "cannot hold 20mbit into va: someone removed it"
    assert [row["kind"] for row in shown() if "parent" in row] == []
    assert told.notes == []


@pytest.mark.vm("act_police")
async def test_a_filter_of_somebody_else_keeps_what_it_is_on(world: "World") -> None:
    statement = world.up_now(shape, "va", '["down": "20mbit"]')
    tc("filter add dev va ingress protocol all prio 7 matchall action pass")
    world.down_now(statement)

    assert "pref 7" in tc("filter show dev va ingress")
    assert [row["kind"] for row in shown() if "parent" in row] == ["ingress"]


@pytest.mark.parametrize(
    ("rates", "reason"),
    [
        ('["qdisc": "htb"]', "`htb` needs `up`: without a rate it does nothing"),
        ('["qdisc": "tbf", "down": "20mbit"]', "`tbf` needs `up`: without a rate it does nothing"),
        ('["up": "20mbit", "qdisc": "fq_codel"]', "fq_codel knows no rate: with `up` take cake, htb or tbf"),
        ("[]", "expected `up`, `down` or `qdisc`"),
    ],
)
async def test_what_does_not_fit_together_is_refused(world: "World", rates: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        world.up_now(shape, "va", rates)

    assert (refused.value.message, refused.value.argument) == (reason, 1)
