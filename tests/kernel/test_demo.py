"""The demo, as a user runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import netstrata

pytestmark = pytest.mark.kernel

SOURCES = Path(netstrata.__file__).parents[1]


@pytest.mark.timeout(120)
def test_the_demo_comes_true_and_leaves_nothing_behind() -> None:
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}

    ran = subprocess.run(
        [sys.executable, "-m", "netstrata", "demo", "--json", "--keep-going"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    told = json.loads(ran.stdout or "null")
    assert told is not None, ran.stderr
    assert [step for step in told["steps"] if not step["passed"]] == []
    assert told["left_behind"] == []
    assert (told["passed"], ran.returncode) == (True, 0)
