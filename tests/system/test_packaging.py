"""The unit of packaging/ gives the daemon what it counts on."""

import inspect
from pathlib import Path

from netstrata.system.ports import SystemPorts

UNIT = Path(__file__).parents[2] / "packaging" / "netstrata.service"


def test_what_a_killed_daemon_has_noted_for_the_next_one_outlives_the_unit() -> None:
    settings = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and line[0] != "#")

    noted_in = inspect.signature(SystemPorts).parameters["run"].default
    assert f"/run/{settings['RuntimeDirectory']}" == noted_in
    assert settings["RuntimeDirectoryPreserve"] == "yes"
