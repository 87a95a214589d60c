"""An uplink that takes over from another one, on a real kernel: what has the same values with both is not touched.

Linux 6.18, iproute2 6.1.0.
"""

import sys
from pathlib import Path

import pytest
from tests.kernel.test_upgrade import changes, of_ours

from netstrata.cli.client import Connection
from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
PROGRAM = """
process wired {
    net.up("eth0"); net.backend.waitlink("eth0"); net.ipv4.addr("eth0", "192.0.2.2/24");
    var("eth0") dev; var("192.0.2.1") gateway; multiprovide("WIRED");
}
process radio {
    net.up("eth1"); net.backend.waitlink("eth1"); net.ipv4.addr("eth1", "192.0.2.3/24");
    var("eth1") dev; var("192.0.2.1") gateway; multiprovide("RADIO");
}
process lan {
    multidepend({"WIRED", "RADIO"}) uplink;
    net.bridge("br0"); net.up("br0"); net.ipv4.addr("br0", "198.51.100.1/24");
    If (@val_equal(uplink.gateway, "192.0.2.1")) { net.ipv4.route("198.51.100.128/25", "none", "20", "br0"); };
    provide("LAN");
    net.ipv4.route("203.0.113.0/24", uplink.gateway, "20", uplink.dev);
}
process rest { depend("LAN") lan; daemon({"/bin/sleep", "1000"}); println("begun"); }
"""


def test_only_the_route_over_the_uplink_follows_it(lab: Lab, tmp_path: Path) -> None:
    laptop, office = lab.host("laptop"), lab.host("office")
    cable = lab.cable((laptop, "eth0"), (office, "a"))
    lab.cable((laptop, "eth1"), (office, "b"))
    office.up("a")
    office.up("b")
    program, control = tmp_path / "program.ncd", tmp_path / "control"
    program.write_text(PROGRAM)
    where = ("--control", str(control), "--state", str(tmp_path / "state"), str(program))
    daemon = laptop.start((sys.executable, "-m", "netstrata", "run", "--quiet", *where))
    route = "route 203.0.113.0/24 via 192.0.2.1 dev {} metric 20"
    wait_until("the first uplink", lambda: route.format("eth0") in laptop.kernel() and "eth1" in laptop.kernel())
    daemon.wait_output("begun\n")

    def provider() -> str:
        edges = Connection(str(control)).call("Graph")["edges"]
        return str(next(one["to"] for one in edges if one["from"] == "lan" and one["up"] and one["kind"] == "depend"))

    wait_until("the other one", lambda: state(control, "radio") == "complete")
    assert provider() == "wired"
    news = changes(laptop)
    for pull, link, name in ((True, "eth1", "radio"), (False, "eth0", "wired")):
        if pull:
            cable.pull()
        else:
            cable.plug()
        wait_until("the uplink", lambda link=link: route.format(link) in laptop.kernel())  # type: ignore[misc]
        assert provider() == name

    wait_until("all of it", lambda: state(control, "lan") == "complete")
    touched = [line for line in of_ours(news) if "br0" in line or "198.51.100" in line]
    assert touched == []
    assert daemon.output().count("begun") == 1
    assert daemon.end() == 0
    assert "br0" not in laptop.kernel()


def state(control: Path, process: str) -> str:
    return str(Connection(str(control)).call("Status", process=process)["processes"][0]["state"])
