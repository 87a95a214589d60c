"""A program that makes a small router, by `netstrata run` on a real host."""

import signal
import sys
from pathlib import Path

import pytest

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
RUN = (sys.executable, "-m", "netstrata", "run")
PROGRAM = """
process main {
    net.sysctl("net.ipv4.ip_default_ttl", "77");
    net.mac("eth0", "02:00:00:00:0A:77");
    net.rename("eth0", "wan");
    net.mtu("wan", "1400");
    net.up("wan");
    net.ipv4.addr("wan", "192.0.2.1/24");
    net.bridge("br0", ["stp_state": "off", "mcast_snooping": "off"]);
    net.veth("guest0", "guest1");
    net.bridge.port("br0", "guest0", ["isolated": "on"]);
    net.up("br0");
    net.ipv4.addr("br0", "203.0.113.1/24");
    net.neigh("br0", "203.0.113.9", "02:00:00:00:0A:09");
    net.rule(["priority": "100", "from": "203.0.113.0/24", "table": "7"]);
    net.route("0.0.0.0/0", ["via": "192.0.2.254", "table": "7", "mtu": "1300"]);
    net.macvlan("wan", "other0", "bridge");
    println("complete");
    rprintln("undone");
}
"""
HELD = """\
link br0 up no-carrier
link guest0 down master br0
link guest1 down
link other0 down mtu 1400
link wan up carrier mtu 1400
addr 192.0.2.1/24 dev wan
addr 203.0.113.1/24 dev br0
route default via 192.0.2.254 dev wan table 7
rule 100 from 203.0.113.0/24 lookup 7"""


def delete_and_wait(host: Host, daemon: Child, deletion: str) -> None:
    """Take something away, and wait until all stands again."""
    times = daemon.output().count("complete\n")
    host.ip(deletion)
    wait_until(f"all again after {deletion}", lambda: daemon.output().count("complete\n") > times)


def test_a_router_is_made_undone_and_made_again_whatever_somebody_deletes(lab: Lab, tmp_path: Path) -> None:
    program = tmp_path / "router.ncd"
    program.write_text(PROGRAM)
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0")
    host.sysctl("net.ipv6.conf.all.disable_ipv6", "1")
    before = host.run("ip", "-br", "link", "show", "eth0"), host.read("/proc/sys/net/ipv4/ip_default_ttl")
    lab.remember()
    daemon = host.start((*RUN, str(program), "--quiet"))
    daemon.wait_output("complete")

    deletions = (
        "link del br0",
        "link del guest1",
        "rule del priority 100",
        "route flush table 7",
        "link set wan mtu 1500",
    )
    for deletion in deletions:
        delete_and_wait(host, daemon, deletion)

    assert host.kernel() == HELD
    assert host.read("/proc/sys/net/ipv4/ip_default_ttl").strip() == "77"
    assert "isolated on" in host.run("bridge", "-d", "link", "show", "dev", "guest0")
    daemon.signal(signal.SIGTERM)
    assert daemon.status() == 0
    assert "ignoring" not in daemon.output()
    assert (host.run("ip", "-br", "link", "show", "eth0"), host.read("/proc/sys/net/ipv4/ip_default_ttl")) == before
