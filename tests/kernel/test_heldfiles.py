"""file.write where the disk is full, or a file is a mount point."""

import os
import signal
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


def test_no_other_user_reads_a_secret_and_what_one_makes_of_its_mode_is_undone(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    program = tmp_path / "x.ncd"
    host.write("/run/given", "horses of straw")
    program.write_text("""process main {
        file_read("/run/given") given;
        concat("psk=", given) line;
        file_write("/run/written", line);
        file.write("/run/held", line);
        file_open("/run/opened", "w") opened;
        opened->write(line);
        opened->close();
        println("complete");
        sleep("1000000", "0");
        net.wpa("eth0", ["ssid": "home", "psk": given]);
    }""")
    daemon = host.start((sys.executable, "-m", "netstrata", "run", "--quiet", str(program)))
    daemon.wait_output("complete")
    files = ("/run/written", "/run/held", "/run/opened")

    modes = host.run("stat", "-c", "%a %u", *files)
    host.run("chmod", "666", "/run/held")
    wait_until("it again", lambda: daemon.output().count("complete\n") == 2)
    after = host.run("stat", "-c", "%a %u", *files)
    daemon.end()

    assert modes == after == "600 0\n" * 3
    assert "cannot hold /run/held: somebody has changed its mode or owner" in daemon.output()
    assert "straw" not in daemon.output()


@pytest.mark.parametrize("next_content", ["ours", "another one"])
def test_after_a_kill_a_changed_program_puts_back_what_the_first_one_found(
    lab: Lab, tmp_path: Path, next_content: str
) -> None:
    host = lab.host("host")
    program = tmp_path / "x.ncd"
    host.write("/run/folder/a", "old")
    program.write_text('process main { file.write("/run/folder/a", "ours"); println("complete"); }')
    words = (sys.executable, "-m", "netstrata", "run", "--quiet", str(program))
    first = host.start(words)
    first.wait_output("complete")
    os.kill(first.pid, signal.SIGKILL)
    first.status()

    program.write_text(f'process main {{ file.write("/run/folder/a", "{next_content}"); println("complete"); }}')
    second = host.start(words)
    second.wait_output("complete")
    seen = host.read("/run/folder/a")
    second.end()

    assert seen == next_content
    assert host.read("/run/folder/a") == "old"
    assert host.run("ls", "-A", "/run/folder") == "a\n"
