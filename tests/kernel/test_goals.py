"""Goals on a real host: a tunnel that comes up on demand, with what it needs, and goes away when it is dropped."""

import json
import sys
from pathlib import Path

import pytest
from tests.kernel.filters.programs import SOURCES, started

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel

PROGRAM = """
process internet {
    on_request("internet");
    net.up("eth0");
    net.backend.waitlink("eth0");
    net.ipv4.addr("eth0", "192.0.2.1/24");
    provide("internet");
}
process vpn {
    on_request("vpn0");
    require("internet");
    daemon({"/usr/bin/socat", "UDP:192.0.2.254:5555,bind=192.0.2.1:5555",
        "TUN:198.51.100.2/24,tun-type=tun,tun-name=vpn0,iff-up"}, ["retry_time": "200"]);
    net.backend.waitlink("vpn0");
    provide("vpn0");
}
process ready { println("ready"); }
"""


def test_a_tunnel_comes_up_on_demand_with_its_prerequisites_and_goes_away_when_it_is_dropped(
    lab: Lab, tmp_path: Path
) -> None:
    laptop, gateway = lab.host("laptop"), lab.host("gateway")
    lab.cable((laptop, "eth0"), (gateway, "lan"))
    gateway.up("lan", "192.0.2.254/24")
    tunnel = ["UDP:192.0.2.1:5555,bind=192.0.2.254:5555", "TUN:198.51.100.1/24,tun-type=tun,tun-name=office,iff-up"]
    gateway.start(["/usr/bin/socat", *tunnel])
    wait_until("the tunnel's other end", lambda: "addr 198.51.100.1/24 dev office" in gateway.kernel())
    gateway.page("198.51.100.1", "through the tunnel")
    lab.remember(laptop)
    daemon = started(laptop, tmp_path / "x.ncd", PROGRAM)
    daemon.wait_output("ready\n")

    def ask(*words: str) -> tuple[int, str]:
        child = laptop.start([sys.executable, "-m", "netstrata", *words], {"PYTHONPATH": str(SOURCES)})
        return child.status(), child.output()

    before, why = laptop.kernel(), ask("why", "vpn0")  # the goal: its process is called otherwise
    came_up = ask("up", "vpn0", "--wait", "--timeout", "20", "--json")
    during = laptop.kernel()
    page = laptop.fetch("http://198.51.100.1/")
    listed = ask("goals")
    went_down = ask("down", "vpn0", "--wait", "--timeout", "20")
    after = laptop.kernel()
    idle = ask("goals", "--json")
    daemon.end()

    assert "nobody asked for it: netstrata up vpn0" in why[1]
    assert came_up[0] == 0, came_up[1]
    assert json.loads(came_up[1]) == {"name": "vpn0", "asked": True, "state": "up", "processes": ["vpn"]}
    assert "addr 192.0.2.1/24 dev eth0" in during
    assert page == "through the tunnel"
    assert [line.split()[1:3] for line in listed[1].splitlines()] == [["internet", "up"], ["vpn0", "up"]]
    assert went_down == (0, "")
    assert after == before
    assert [goal["state"] for goal in json.loads(idle[1])["goals"]] == ["idle", "idle"]


def test_who_waits_too_long_is_told_and_a_goal_that_there_is_not_is_told_with_those_that_there_are(
    lab: Lab, tmp_path: Path
) -> None:
    laptop = lab.host("laptop")
    daemon = started(laptop, tmp_path / "x.ncd", PROGRAM)
    daemon.wait_output("ready\n")

    def ask(*words: str) -> tuple[int, str]:
        child = laptop.start([sys.executable, "-m", "netstrata", *words], {"PYTHONPATH": str(SOURCES)})
        return child.status(), child.output()

    # There is no eth0, so it cannot come up.
    late, strange = ask("up", "vpn0", "--timeout", "0.3"), ask("up", "vpn")
    nonsense, down = ask("up", "vpn0", "--timeout", "-1"), ask("down", "vpn0", "--wait")
    daemon.end()

    assert late[0] == 3
    assert late[1].startswith("error: vpn0 has not come up within 0.3 s\nhelp: it goes on;")
    assert strange == (10, "error: there is no goal vpn\nhelp: there are vpn0\n")
    assert nonsense[0] == 2
    assert down == (0, "")
