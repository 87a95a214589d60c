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
DEMO = [sys.executable, "-m", "netstrata", "demo", "--json"]


def played(words: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run a command line to its end."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=380, check=False)


@pytest.mark.timeout(400)
def test_the_demo_comes_true_and_leaves_nothing_behind() -> None:
    ran = played([*DEMO, "--keep-going"])

    told = json.loads(ran.stdout or "null")
    assert told is not None, ran.stderr
    assert [step for step in told["steps"] if not step["passed"]] == []
    assert told["left_behind"] == []
    assert (told["passed"], ran.returncode) == (True, 0)


NO_RIGHTS = 'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --inh-caps=-all --bounding-set=-all "$@"'


def test_without_the_right_to_make_networks_the_demo_says_what_to_do() -> None:
    shell = ["unshare", "--user", "--map-root-user", "sh", "-c", NO_RIGHTS, "sh"]
    if played([*shell, "true"]).returncode:
        pytest.skip("this kernel lets us make no user namespace in which to try it")

    ran = played([*shell, *DEMO])

    assert "user namespaces" in ran.stderr
    assert "run it as root" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert (ran.returncode, json.loads(ran.stdout)["passed"]) == (1, False)
