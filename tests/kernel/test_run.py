"""`netstrata run` on a real host."""

import sys
from pathlib import Path

import pytest

from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
RUN = (sys.executable, "-m", "netstrata", "run")


def test_what_the_kernel_refused_is_tried_again_as_soon_as_a_link_appears(lab: Lab, tmp_path: Path) -> None:
    program = tmp_path / "waits.ncd"
    program.write_text('process main { net.ipv4.addr("late0", "192.0.2.1/24"); println("up"); }')
    host, other = lab.host("host"), lab.host("other")
    daemon = host.start((*RUN, str(program), "--retry-time", "600000"))
    daemon.wait_output("Trying again in 600 s")

    lab.cable((host, "late0"), (other, "eth0"))
    daemon.wait_output("net.ipv4.addr")
    daemon.wait_output("down -> up")

    assert "addr 192.0.2.1/24 dev late0" in host.kernel()
    daemon.end()


def test_an_address_that_somebody_takes_away_comes_back_with_all_above_it(lab: Lab, tmp_path: Path) -> None:
    program = tmp_path / "drift.ncd"
    program.write_text(
        'process main { net.up("eth0"); net.ipv4.addr("eth0", "192.0.2.1/24");'
        ' net.ipv4.route("198.51.100.0/24", "192.0.2.9", "5", "eth0"); println("complete"); rprintln("undone"); }'
    )
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0")
    lab.remember()
    daemon = host.start((*RUN, str(program), "--quiet"))
    daemon.wait_output("complete")

    host.ip("addr del 192.0.2.1/24 dev eth0")
    daemon.wait_output("undone\ncomplete")

    assert "route 198.51.100.0/24 via 192.0.2.9 dev eth0" in host.kernel()
    daemon.end()


def test_the_daemon_lives_on_when_it_may_not_change_the_network(lab: Lab, tmp_path: Path) -> None:
    program = tmp_path / "refused.ncd"
    program.write_text('process main { net.ipv4.addr("lo", "192.0.2.1/32"); }\nprocess other { println("goes on"); }')
    host = lab.host("host")
    lab.remember()

    daemon = host.start(("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", *RUN, str(program)))
    daemon.wait_output("cannot add 192.0.2.1/32 to lo")
    daemon.wait_output("goes on\n")

    assert "Traceback" not in daemon.output()
    daemon.end()
