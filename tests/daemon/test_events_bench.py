"""A short run of bench/events.py: what it says of readers must hold; how fast it is does not matter here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import netstrata

SOURCES = Path(netstrata.__file__).parents[1]
BENCH = Path(__file__).parents[2] / "bench/events.py"


@pytest.mark.timeout(400)
def test_a_stuck_reader_is_let_go_and_the_other_misses_nothing() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH), "--seconds", "4", "--windows", "2"],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
    )

    found = json.loads(done.stdout)

    assert {name: found["holds"][name] for name in ("nothing_missed", "stuck_dropped", "memory")} == {
        "nothing_missed": True,
        "stuck_dropped": True,
        "memory": True,
    }, found
    assert found["readers"]["read"] > 0
