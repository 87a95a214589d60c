"""What somebody changes by hand about what a statement holds is mended, or told of."""

from functools import partial
from pathlib import Path

import pytest
from tests.kernel.statements.drifts import DRIFTS, Drift
from tests.kernel.statements.rows import ROWS
from tests.kernel.statements.test_every_statement import SLOW_S, holding, prepared, twice

from netstrata.protocols.rtnetlink.settings import LINK_SETTINGS
from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
_BY_NAME = {row.name: row for row in ROWS}
# What may be done to a packet filter is that something is taken out, which is what their rows take away.
_FILTERS = ("net.iptables.", "net.ip6tables.", "net.ebtables.", "net.nft.")


def test_every_statement_that_holds_something_of_the_network_has_its_drifts() -> None:
    assert {one.name for one in DRIFTS} == {row.name for row in ROWS if not row.name.startswith(_FILTERS)}


def test_every_setting_of_a_link_has_a_drift() -> None:
    done = {word for one in DRIFTS if one.name == "net.link.set" for word in one.line.split()}

    # iproute2 6.1 cannot set these two: tests/kernel/netlink/test_link_settings.py does.
    assert set(LINK_SETTINGS.known) - {"gso_ipv4_max_size", "gro_ipv4_max_size"} <= done


@pytest.mark.parametrize(
    "drift",
    [
        pytest.param(one, id=f"{one.name}: {one.line}", marks=[pytest.mark.vm] if _BY_NAME[one.name].needs else [])
        for one in DRIFTS
    ],
)
def test_what_somebody_changes_by_hand_is_mended_or_told_of(lab: Lab, tmp_path: Path, drift: Drift) -> None:
    row = _BY_NAME[drift.name]
    host = prepared(lab, row)
    host.run("sh", "-c", drift.ready)
    daemon = holding(host, row._replace(program=drift.program or row.program), tmp_path)
    daemon.wait_output("complete\n", SLOW_S)
    stood = host.run("sh", "-c", drift.look)

    host.run("sh", "-c", drift.line)
    daemon.wait_output(drift.told or "undone\n", SLOW_S)
    if not drift.told:
        wait_until("it again", partial(twice, daemon), SLOW_S)
        wait_until("what was held", lambda: host.run("sh", "-c", drift.look) == stood, SLOW_S)

    assert stood
    assert daemon.end(SLOW_S) == 0
    assert "Traceback" not in daemon.output()
