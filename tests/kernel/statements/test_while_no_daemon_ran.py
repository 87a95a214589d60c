"""What happens to a link, or is changed by hand, while no daemon runs: the next one holds what the first one did.

A link that is set down loses its IPv4 routes without a word, and IPv6 addresses; routes of the kernel itself that are
deleted are not made again by anybody (Linux 6.18).
"""

from pathlib import Path

import pytest
from tests.kernel.statements.drifts import DRIFTS, Drift
from tests.kernel.statements.rows import ROWS, Row
from tests.kernel.statements.test_every_statement import SLOW_S, cabled, holding, killed, prepared, seen

from netstrata.testing.child import wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
_BY_NAME = {row.name: row for row in ROWS}
_LAYER_3 = ("net.addr", "net.ipv4.", "net.ipv6.", "net.route", "net.rule", "net.neigh")
_CLAIMS = "ip addr change "  # makes the address another manager's from then on
_BY_ITSELF = ("fe80::", "ff00::", "multicast")  # comes and goes with the link
FLAPS = {
    "the link was set down and up": "ip link set va down; ip link set va up",
    "its addresses were taken away": "ip link set va down; ip addr flush dev va; ip link set va up",
}


def is_layer_3(name: str) -> bool:
    return name.startswith(_LAYER_3) and not _BY_NAME[name].needs


def looked(host: Host, drift: Drift) -> list[str]:
    """Return what shows a change, without what the link does by itself."""
    lines = host.run("sh", "-c", drift.look).splitlines()
    return [line for line in lines if not any(word in line for word in _BY_ITSELF)]


@pytest.mark.parametrize("line", FLAPS.values(), ids=FLAPS)
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS if is_layer_3(row.name)])
def test_a_link_that_was_down_meanwhile_has_all_of_it_again(lab: Lab, tmp_path: Path, row: Row, line: str) -> None:
    host = prepared(lab, row)
    before = seen(host, row)
    daemon = holding(host, row, tmp_path)
    daemon.wait_output("complete\n", SLOW_S)
    wait_until("it", lambda: set(row.up) <= set(seen(host, row)), SLOW_S)
    killed(daemon)
    host.run("sh", "-c", line)
    if not row.above:
        host.run("ip", "link", "set", "va", "down")  # as it was

    following = holding(host, row, tmp_path)
    following.wait_output("complete\n", SLOW_S)
    wait_until("it again", lambda: set(row.up) <= set(seen(host, row)), SLOW_S)

    assert following.end(SLOW_S) == 0
    assert seen(host, row) == before
    assert "Traceback" not in following.output()


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in ROWS if is_layer_3(row.name)])
def test_a_cable_that_was_pulled_and_plugged_meanwhile_changes_nothing(lab: Lab, tmp_path: Path, row: Row) -> None:
    host, cable = cabled(lab, row)
    before = seen(host, row)
    daemon = holding(host, row, tmp_path)
    daemon.wait_output("complete\n", SLOW_S)
    wait_until("it", lambda: set(row.up) <= set(seen(host, row)), SLOW_S)
    stood = seen(host, row)
    killed(daemon)
    cable.pull()
    wait_until("no carrier", lambda: "LOWER_UP" not in host.run("ip", "link", "show", "va"))
    cable.plug()

    following = holding(host, row, tmp_path)
    following.wait_output("complete\n", SLOW_S)
    wait_until("it again", lambda: seen(host, row) == stood, SLOW_S)

    assert following.end(SLOW_S) == 0
    assert seen(host, row) == before


@pytest.mark.parametrize(
    "drift",
    [
        pytest.param(one, id=f"{one.name}: {one.line}")
        for one in DRIFTS
        if is_layer_3(one.name) and not one.line.startswith(_CLAIMS)
    ],
)
def test_what_was_changed_by_hand_meanwhile_is_mended_or_told_of(lab: Lab, tmp_path: Path, drift: Drift) -> None:
    row = _BY_NAME[drift.name]
    host = prepared(lab, row)
    host.run("sh", "-c", drift.ready)
    row = row._replace(program=drift.program or row.program)
    daemon = holding(host, row, tmp_path)
    daemon.wait_output("complete\n", SLOW_S)
    stood = looked(host, drift)
    killed(daemon)
    host.run("sh", "-c", drift.line)

    following = holding(host, row, tmp_path)
    following.wait_output(drift.told or "complete\n", SLOW_S)
    if not drift.told:
        wait_until("what was held", lambda: looked(host, drift) == stood, SLOW_S)

    assert following.end(SLOW_S) == 0
    assert "Traceback" not in following.output()
