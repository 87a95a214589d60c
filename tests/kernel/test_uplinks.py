"""NCD's way to several uplinks, one static and one by DHCP: whoever is the best that is there has the default route.

The program uses what NCD's own example does: if, ifnot, ip_in_network, concat, multiprovide, multidepend.
"""

import re
import sys
from pathlib import Path

import pytest

from netstrata.testing.cable import Cable
from netstrata.testing.child import wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
PROGRAM = """process lo {
    net.up("lo");
}

process static {
    var("eth0") dev;
    net.backend.waitdevice(dev);
    net.up(dev);
    net.backend.waitlink(dev);
    net.ipv4.addr(dev, "192.0.2.116", "24");
    var("192.0.2.1") gateway;
    list("192.0.2.14", "203.0.113.66") dns_servers;
    var("wired") kind;
    multiprovide("NET-static");
}

process dynamic {
    var("eth1") dev;
    net.backend.waitdevice(dev);
    net.up(dev);
    net.backend.waitlink(dev);
    net.ipv4.dhcp(dev) dhcp;
    ip_in_network(dhcp.addr, "127.0.0.0", "8") is_local;
    ifnot(is_local);
    net.ipv4.addr(dev, dhcp.addr, dhcp.prefix);
    var(dhcp.gateway) gateway;
    var(dhcp.dns_servers) dns_servers;
    concat("leased from ", dhcp.server_mac) kind;
    multiprovide("NET-dynamic");
}

process radio {
    net.backend.waitdevice("wlan0");
    net.backend.rfkill("wlan", "wlan0");
    multiprovide("NET-radio");
}

process default {
    list("NET-static", "NET-dynamic", "NET-radio") best_first;
    multidepend(best_first) uplink;
    println("over ", uplink.dev, ": ", uplink.kind);
    net.dns(uplink.dns_servers, "20");
    net.ipv4.route("0.0.0.0", "0", uplink.gateway, "20", uplink.dev);
}
"""
STATIC = "route default via 192.0.2.1 dev eth0 metric 20"
DYNAMIC = "route default via 198.51.100.1 dev eth1 metric 20"


def town(lab: Lab) -> tuple[Host, Cable]:
    """Make a laptop between two routers, the second with a DHCP server; return it and its first cable."""
    laptop, office, home = lab.host("laptop"), lab.host("office"), lab.host("home")
    cable = lab.cable((laptop, "eth0"), (office, "lan"))
    lab.cable((laptop, "eth1"), (home, "lan"))
    office.up("lan", "192.0.2.1/24")
    home.up("lan", "198.51.100.1/24")
    home.dhcp_server("lan", ("198.51.100.50", "198.51.100.60"), router="198.51.100.1", dns="198.51.100.53")
    laptop.write("/etc/resolv.conf", "# the one that was there\n")
    return laptop, cable


def test_default_route_and_name_servers_follow_the_best_uplink_that_is_there(lab: Lab, tmp_path: Path) -> None:
    laptop, cable = town(lab)
    program = tmp_path / "uplinks.ncd"
    program.write_text(PROGRAM)
    lab.remember(laptop)
    words = (
        sys.executable,
        "-m",
        "netstrata",
        "ncd",
        "--config-file",
        str(program),
        "--no-udev",
        "--loglevel",
        "error",
    )
    daemon = laptop.start(words)

    def over(route: str, server: str) -> bool:
        kernel = laptop.kernel()
        only = kernel.count("route default") == 1 and route in kernel
        return only and [line.split()[1] for line in laptop.read("/etc/resolv.conf").splitlines()[1:]][:1] == [server]

    wait_until("the static one", lambda: over(STATIC, "192.0.2.14"))
    wait_until("the lease", lambda: "dev eth1" in laptop.kernel())
    kernel = laptop.kernel()
    assert "addr 192.0.2.116/24 dev eth0" in kernel
    assert re.search(r"addr 198\.51\.100\.(5\d|60)/24 dev eth1\b", kernel)  # any of the pool
    cable.pull()
    wait_until("the other one", lambda: over(DYNAMIC, "198.51.100.53"))
    cable.plug()
    wait_until("the static one again", lambda: over(STATIC, "192.0.2.14"))
    laptop.ip("link del eth0")
    wait_until("the other one for good", lambda: over(DYNAMIC, "198.51.100.53"))

    assert "dev eth0" not in laptop.kernel()
    assert daemon.end() == 1
    assert [line for line in lab.leftovers() if "link eth0" not in line] == []
    assert laptop.read("/etc/resolv.conf") == "# the one that was there\n"
    lab.remember(laptop)  # but for eth0, which somebody has deleted


def test_a_program_of_that_kind_has_no_fault(tmp_path: Path) -> None:
    from netstrata.daemon.running.lookup import RegistryLookup
    from netstrata.daemon.running.registry import make_registry
    from netstrata.language.check import check
    from netstrata.language.load import load

    findings = check(load("uplinks.ncd", lambda path: PROGRAM.encode()), RegistryLookup(make_registry()))

    assert (findings.errors, findings.warnings) == ([], [])
