"""A short run of bench/attack: it measures, and finds nothing lost; how much it costs does not matter here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.kernel
ATTACK = Path(__file__).parents[2] / "bench/attack"
AS_ROOT = ("-m", "netstrata.testing.unprivileged", sys.executable)


def attacked(*words: str) -> dict[str, dict[str, Any]]:
    """Return what scenarios have found, by their names and those of the figures."""
    done = subprocess.run(
        [sys.executable, *AS_ROOT, str(ATTACK), *words, "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    return {name: {figure["name"]: figure["value"] for figure in figures} for name, figures in found.items()}


def test_what_is_removed_under_attack_is_back() -> None:
    found = attacked("storm", "overrun", "fights", "--scale", "0.02")

    assert found["storm"]["foreign changes"] > 0
    assert found["storm"]["removals missed"] == 0
    assert found["overrun"]["lines of the kernel's state gone"] == 10
    assert found["overrun"]["never back"] == 0
    assert found["fights"]["removals of a route that was back"] > 0


def test_a_scenario_that_there_is_not_is_refused_with_those_that_are() -> None:
    done = subprocess.run([sys.executable, str(ATTACK), "strom"], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "no scenario strom: choose from storm, overrun" in done.stderr
