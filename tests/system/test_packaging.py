"""The units of packaging/ give the daemon what it counts on, and no more than they must."""

import inspect
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.kernel.service.systemd import environment

from netstrata.system.ports import SystemPorts

UNIT = Path(__file__).parents[2] / "packaging" / "netstrata.service"


def test_what_a_killed_daemon_has_noted_for_the_next_one_outlives_the_unit() -> None:
    settings = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and line[0] != "#")

    noted_in = inspect.signature(SystemPorts).parameters["run"].default
    assert f"/run/{settings['RuntimeDirectory']}" == noted_in
    assert settings["RuntimeDirectoryPreserve"] == "yes"


@pytest.mark.parametrize(
    ("unit", "tenths"),
    [
        # systemd-analyze 252.39: 3.5, of it 0.5 for the network itself, 0.4 for being root, 0.3 for setuid
        ("netstrata.service", 35),
        ("netstrata-console.service", 11),
    ],
)
def test_a_unit_is_no_more_exposed_than_it_must_be(unit: str, tenths: int) -> None:
    """The scale of systemd-analyze(1): 0 is none, 100 all that a process can be."""
    analyze = shutil.which("systemd-analyze", path=environment()["PATH"])
    if analyze is None:
        pytest.skip("no systemd-analyze here, and none below .peers")
    words = [analyze, "security", "--offline=yes", "--no-pager", f"--threshold={tenths}", str(UNIT.parent / unit)]

    done = subprocess.run(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    assert done.returncode == 0, done.stdout
