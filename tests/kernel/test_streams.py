"""Connections between hosts: half-open ones, whose other end is there no more and has not said so."""

import re
import sys
from pathlib import Path

import pytest

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
LISTEN = """process main {
    sys.listen({"tcp", {"ipv4", "192.0.2.1", "7"}}, "client", {}) l;
    println("listening ", l.is_error);
}
template client { println("came"); sleep("1000000"); }
"""
CONNECT = """process main {
    sys.connect({"tcp", {"ipv4", "192.0.2.1", "7"}}) c;
    println("connected ", c.is_error);
    SAYS
    sleep("1000000");
}
"""


def running(host: Host, folder: Path, text: str) -> Child:
    program = folder / f"{host.name}.ncd"
    program.write_text(text)
    return host.start((sys.executable, "-m", "netstrata", "run", "--quiet", "--control", "none", str(program)))


def timers(host: Host) -> list[str]:
    """Return what the kernel waits for on established connections, and about how long it still does."""
    lines = host.run("ss", "-tnoH", "state", "established").splitlines()
    return [found[1] for line in lines if (found := re.search(r"timer:\((\w+),", line))]


def test_the_kernel_asks_whether_a_silent_peer_is_still_there_at_both_ends(lab: Lab, tmp_path: Path) -> None:
    server, client = lab.host("server"), lab.host("client")
    lab.cable((server, "eth0"), (client, "eth0"))
    server.up("eth0", "192.0.2.1/24")
    client.up("eth0", "192.0.2.2/24")
    listening = running(server, tmp_path, LISTEN)
    listening.wait_output("listening false\n")
    connected = running(client, tmp_path, CONNECT.replace("SAYS", ""))
    connected.wait_output("connected false\n")
    listening.wait_output("came\n")

    wait_until("both timers", lambda: timers(server) == timers(client) == ["keepalive"])

    assert connected.end() == 0
    assert listening.end() == 0


def test_a_peer_that_comes_back_without_remembering_us_breaks_the_connection(lab: Lab, tmp_path: Path) -> None:
    server, client = lab.host("server"), lab.host("client")
    cable = lab.cable((server, "eth0"), (client, "eth0"))
    server.up("eth0", "192.0.2.1/24")
    client.up("eth0", "192.0.2.2/24")
    listening = running(server, tmp_path, LISTEN)
    listening.wait_output("listening false\n")
    says = 'backtrack_point() again; sleep("100"); c->write("x"); again->go();'
    connected = running(client, tmp_path, CONNECT.replace("SAYS", says))
    connected.wait_output("connected false\n")
    listening.wait_output("came\n")

    cable.pull()
    listening.end()  # nobody at the other end hears of it
    cable.plug()
    connected.wait_output("connected true\n")  # what is written is answered by a reset

    assert connected.end() == 0
    assert "Traceback" not in connected.output()
