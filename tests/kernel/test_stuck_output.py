"""A network that stands while nobody reads what its daemon says."""

import sys
from pathlib import Path

import pytest

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
FLAPS = 300  # what is logged of them fills a pipe twice
PROGRAM = """
process main { net.up("eth0"); net.backend.waitlink("eth0"); net.ipv4.addr("eth0", "192.0.2.1/24"); println("up"); }
"""
UNREAD = 'exec 3<>"$0"; exec "$@" >"$0" 2>&1'  # a pipe that is open for reading, and is not read


def test_the_network_follows_its_cable_while_nobody_reads_the_log(lab: Lab, tmp_path: Path) -> None:
    program = tmp_path / "follows.ncd"
    program.write_text(PROGRAM)
    host, other = lab.host("host"), lab.host("other")
    cable = lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0")
    lab.remember()
    run = (sys.executable, "-m", "netstrata", "run", str(program))
    host.run("mkfifo", "/run/log")
    daemon = host.start(("sh", "-c", UNREAD, "/run/log", *run))

    for _ in range(FLAPS):
        wait_until("the address", lambda: "192.0.2.1/24" in host.kernel())
        cable.pull(host)
        wait_until("no address", lambda: "192.0.2.1/24" not in host.kernel())
        cable.plug(host)

    wait_until("the address", lambda: "192.0.2.1/24" in host.kernel())
    assert daemon.end() == 0
    host.run("rm", "/run/log")
