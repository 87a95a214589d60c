"""`netstrata metrics`, against a real daemon."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.daemons import daemon
from tests.cli.programs import netstrata
from tests.control.test_metrics import parsed

PROGRAM = """process up { call("one", {}); }
process broken { net.tun("0/0", "tun"); }
template one { var("x") v; }
"""


@pytest.fixture
def control(tmp_path: Path) -> Iterator[str]:
    """Run a program, and return where it answers."""
    with daemon(tmp_path, PROGRAM) as path:
        yield path


def test_metrics_say_what_the_program_has_come_to(control: str) -> None:
    code, out, _ = netstrata("metrics", "--control", control)

    found = parsed(out)
    assert code == 0
    assert found["netstrata_processes"]['{state="complete"}'] == "2"
    assert found["netstrata_processes"]['{state="failed"}'] == "1"
    assert found["netstrata_floors"]['{layer="0",state="up"}'] == "2"
    assert found["netstrata_floors"]['{layer="4",state="gone"}'] == "1"
    assert found["netstrata_layer_up"] == {'{process="broken",layer="4"}': "0"}
    assert int(found["netstrata_errors_total"][""]) == int(found["netstrata_retries_total"][""]) >= 1
    assert int(found["netstrata_engine_steps_total"][""]) > 5
    assert int(found["netstrata_events_total"][""]) > 5
    assert float(found["netstrata_uptime_seconds"][""]) > 0
    assert int(found["netstrata_link_receive_bytes_total"]['{link="lo"}']) >= 0
    assert found["netstrata_link_up"]['{link="lo"}'] in ("0", "1")


def test_a_file_is_replaced_in_one_stroke_and_readable_for_all(control: str, tmp_path: Path) -> None:
    target = tmp_path / "netstrata.prom"
    target.write_text("old")
    with target.open() as reading:
        code, out, _ = netstrata("metrics", "--control", control, "--output", str(target))

        assert reading.read() == "old"
    assert (code, out) == (0, "")
    assert parsed(target.read_text())["netstrata_up"] == {"": "1"}
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    assert [name for name in os.listdir(tmp_path) if "prom" in name] == ["netstrata.prom"]


def test_without_a_daemon_the_file_says_that_it_is_down(tmp_path: Path) -> None:
    target = tmp_path / "netstrata.prom"

    code, _, err = netstrata("metrics", "--control", str(tmp_path / "none"), "--output", str(target))

    assert code == 8
    assert "no daemon answers at" in err
    assert parsed(target.read_text()) == {"netstrata_up": {"": "0"}}


def test_a_file_that_cannot_be_written_is_a_clear_error(control: str, tmp_path: Path) -> None:
    code, _, err = netstrata("metrics", "--control", control, "--output", str(tmp_path / "no" / "x.prom"))

    assert (code, err) == (1, f"error: {tmp_path}/no/x.prom: No such file or directory\n")
