"""net.watch_interfaces, as a program on a host."""

import sys
from pathlib import Path

import pytest

from netstrata.testing.child import Child
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
PROGRAM = """process main {
    net.watch_interfaces() change;
    println(change.event_type, " ", change.devname, " ", change.bus);
    change->nextevent();
}
"""


def watching(host: Host, folder: Path) -> Child:
    """Start the program, and wait until it has told of what is there."""
    program = folder / "watch.ncd"
    program.write_text(PROGRAM)
    child = host.start([sys.executable, "-m", "netstrata", "run", "--quiet", "--control", "none", str(program)])
    child.wait_output("added lo unknown")
    return child


def told(child: Child) -> list[str]:
    """Return what was told, without the log."""
    return [line for line in child.output().splitlines() if line.startswith(("added", "removed"))]


def test_links_that_come_and_go_are_told_one_at_a_time(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    child = watching(host, tmp_path)

    host.ip("link add vq type veth peer name vr", "link del vq")
    child.wait_output("removed vq unknown")
    child.wait_output("removed vr unknown")

    assert told(child)[0] == "added lo unknown"
    assert sorted(told(child)[1:3]) == ["added vq unknown", "added vr unknown"]
    assert sorted(told(child)[3:]) == ["removed vq unknown", "removed vr unknown"]
    child.end()


def test_a_rename_is_the_old_name_gone_and_the_new_one_added(lab: Lab, tmp_path: Path) -> None:
    host = lab.host("host")
    child = watching(host, tmp_path)

    host.ip("link add br0 type bridge")
    child.wait_output("added br0 unknown")
    host.ip("link set br0 name br1")
    child.wait_output("added br1 unknown")
    host.ip("link del br1")
    child.wait_output("removed br1 unknown")

    assert told(child)[1:] == [
        "added br0 unknown",
        "removed br0 unknown",
        "added br1 unknown",
        "removed br1 unknown",
    ]
    child.end()
