"""A daemon that is killed at any point of a bring-up is followed by one that nobody notices.

`tools/kills` does that at each point; here are some of them.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
ROOT = Path(__file__).parents[3]
NOTHING = """\
not as without a crash: 0
deletions of what is kept: 0
children not taken over: 0
datagrams lost: 0
objects left after the end: 0
"""


def kills(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run the command."""
    command = [sys.executable, str(ROOT / "tools/kills"), "--jobs", "2", *words]
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=250, check=False
    )


@pytest.mark.parametrize(("way", "first"), [((), 5), (("--twice",), 23), (("--new-version",), 41)])
def test_whatever_a_daemon_does_when_it_is_killed_the_next_one_goes_on_with_it(
    lab: Lab, way: tuple[str, ...], first: int
) -> None:
    ran = kills("--every", "66", "--first", str(first), *way)

    assert ran.stdout.endswith(NOTHING), ran.stdout
    assert ran.returncode == 0


def test_where_the_next_one_knows_nothing_of_the_one_before_it_everything_wrong_is_told(lab: Lab) -> None:
    ran = kills("--at", "before record 100", "--forget", "--patience", "1")

    wrong = dict(line.rpartition(": ")[::2] for line in ran.stdout.splitlines()[-5:])
    assert ran.returncode == 1
    assert wrong["not as without a crash"] == "1"
    assert int(wrong["objects left after the end"]) > 10
