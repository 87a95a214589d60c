"""Links by an alternative name, which may be longer than a name: every statement that is about a link that is there.

Linux 6.18, iproute2 6.1.0.  An alternative name is 127 bytes at most (ALTIFNAMSIZ), and is announced if the link is up.
"""

import sys
from pathlib import Path

import pytest
from tests.kernel.test_upgrade import ENVIRONMENT

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
LONG = "enx020000000001-" + "x" * 111
PROGRAM = """
process lan {
    net.backend.waitdevice("LONG");
    net.mac("LONG", "02:00:00:00:00:11");
    net.up("LONG");
    net.backend.waitlink("LONG");
    net.mtu("LONG", "1400");
    net.link.set("LONG", ["alias": "x"]);
    net.ipv4.addr("LONG", "192.0.2.1/24");
    net.ipv6.addr("LONG", "2001:db8::1/64");
    net.ipv4.route("198.51.100.0/24", "192.0.2.9", "5", "LONG");
    net.ipv6.route("2001:db8:1::/48", "none", "10", "LONG");
    net.route("203.0.113.0/24", ["dev": "LONG", "table": "7"]);
    net.neigh("LONG", "192.0.2.7", "02:00:00:00:00:01");
    net.macvlan("LONG", "mv0");
    net.rename("LONG", "wan");
    println("complete");
    rprintln("undone");
}
""".replace("LONG", LONG)


def test_whatever_is_about_a_link_takes_its_alternative_name(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "va"), (other, "vb"))
    other.up("vb")
    host.sysctl("net.ipv6.conf.va.dad_transmits", "0")
    host.ip("link set va up")
    before = host.kernel()
    program = tmp_path / "x.ncd"
    program.write_text(PROGRAM)
    daemon = host.start([sys.executable, "-m", "netstrata", "run", "--quiet", str(program)], ENVIRONMENT)
    daemon.wait_output(f"there is no link named {LONG}")

    host.ip(f"link property add dev va altname {LONG}")
    daemon.wait_output("complete\n")
    up = host.kernel()
    host.ip(f"link property del dev wan altname {LONG}")
    daemon.wait_output("undone\n")
    wait_until("all of it to be gone", lambda: host.kernel() == before)
    status = daemon.end()

    assert len(LONG) == 127
    parts = ("mtu 1400", "192.0.2.1/24", "2001:db8::1/64", "198.51.100.0/24", "203.0.113.0/24 dev wan", "link mv0")
    assert [part for part in parts if part not in up] == []
    assert (status, "ignoring" in daemon.output()) == (0, False)
