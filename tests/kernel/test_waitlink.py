"""A process on a link that somebody else sets up and down: net.backend.waitlink without net.up."""

import sys
from pathlib import Path

import pytest

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
PROGRAM = """process main {
    println("begun");
    net.backend.waitlink("va");
    net.ipv4.addr("va", "192.0.2.3/24");
    println("complete");
    rprintln("undone");
}"""


def test_an_address_is_there_only_while_somebody_has_the_link_up(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "va"), (other, "vb"))
    other.up("vb")
    lab.remember()
    program = tmp_path / "x.ncd"
    program.write_text(PROGRAM)
    daemon = host.start((sys.executable, "-m", "netstrata", "run", "--quiet", "--control", "none", str(program)))
    daemon.wait_output("begun\n")
    seen = [host.kernel()]

    host.ip("link set va up")
    daemon.wait_output("complete\n")
    seen.append(host.kernel())
    host.ip("link set va down")
    daemon.wait_output("undone\n")
    wait_until("the address gone", lambda: "addr" not in host.kernel())
    seen.append(host.kernel())
    host.ip("link set va up")
    wait_until("it again", lambda: daemon.output().count("complete\n") == 2)
    seen.append(host.kernel())
    host.ip("link set va down")
    wait_until("it gone again", lambda: daemon.output().count("undone\n") == 2)

    up = "link va up carrier\naddr 192.0.2.3/24 dev va"
    assert seen == ["link va down", up, "link va down", up]
    assert daemon.end() == 0
    said = [line for line in daemon.output().splitlines() if line in ("begun", "complete", "undone")]
    assert said == ["begun", "complete", "undone", "complete", "undone"]
