"""file.write where the disk is full, or a file is a mount point."""

import sys
from pathlib import Path

import pytest

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel


def test_on_a_full_disk_the_old_file_survives(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    program = tmp_path / "x.ncd"
    program.write_text('process main { file.write("/run/small/a", "' + "x" * 200_000 + '"); println("up"); }')
    host.run("sh", "-c", "mkdir /run/small && mount -t tmpfs -o size=64k small /run/small && echo old >/run/small/a")

    daemon = host.start((sys.executable, "-m", "netstrata", "run", str(program)))
    daemon.wait_output("cannot write /run/small/a: No space left on device")
    daemon.end()

    assert host.read("/run/small/a") == "old\n"
    assert host.run("ls", "-A", "/run/small") == "a\n"


def test_a_mount_point_is_refused_and_named(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    program = tmp_path / "x.ncd"
    program.write_text('process main { file.write("/run/a", "new"); }')
    host.run("sh", "-c", "echo old >/run/b; touch /run/a; mount --bind /run/b /run/a")

    daemon = host.start((sys.executable, "-m", "netstrata", "run", str(program)))
    daemon.wait_output("cannot write /run/a: it is a mount point: only a file can be replaced")
    daemon.end()

    assert host.read("/run/a") == "old\n"
    assert ".a" not in host.run("ls", "-A", "/run")


def test_a_file_that_somebody_writes_is_written_again_with_all_above_it(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    program = tmp_path / "x.ncd"
    program.write_text('process main { file.write("/run/a", "ours"); println("complete"); rprintln("undone"); }')
    host.write("/run/a", "old")
    daemon = host.start((sys.executable, "-m", "netstrata", "run", "--quiet", str(program)))
    daemon.wait_output("complete")

    host.write("/run/a", "theirs")
    daemon.wait_output("undone\n")
    wait_until("it again", lambda: daemon.output().count("complete\n") == 2)

    assert host.read("/run/a") == "ours"
    daemon.end()
    assert host.read("/run/a") == "theirs"
    assert "cannot hold /run/a: somebody has changed it" in daemon.output()
