"""A daemon that is killed while it holds a DHCPv6 lease: the next one goes on where it was.

kea 2.2.0, Linux 6.18; what is said on the wire is heard at the server's end.
"""

import sys
from pathlib import Path

import pytest
from tests.kernel.dhcpv6.servers import Offer, World, asked, kea
from tests.kernel.dhcpv6.test_real_servers import addresses, leases
from tests.kernel.test_upgrade import ENVIRONMENT, changes, killed, netstrata, of_ours

from netstrata.testing.child import Child, wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
LONG = Offer(preferred=500, valid=600)
LEASE = """
    net.ipv6.dhcp("eth0", ["prefix": "on"OPTIONS]) lease;
    to_string(lease.prefixes) prefixes;
    println("lease ", lease.cidr_addr, " ", prefixes);
    net.ipv6.addr("eth0", lease.cidr_addr, ["nodad": "on"]);
    net.ipv6.prefix(lease.prefixes, "eth0") lan;
    println("complete");
"""


def started(world: World, options: str = "", body: str = LEASE) -> Child:
    """Start a daemon, and wait until all is up."""
    path = world.folder / "program.ncd"
    statements = body.replace("OPTIONS", options)
    path.write_text(f'process main {{ net.up("eth0"); net.backend.waitlink("eth0"); {statements} }}')
    daemon = world.host.start([sys.executable, "-m", "netstrata", "run", str(path)], ENVIRONMENT)
    daemon.wait_output("complete\n", 60)
    return daemon


def test_a_lease_goes_on_in_silence(lab: Lab, tmp_path: Path) -> None:
    world = World(lab, tmp_path)
    kea(world.router, tmp_path, LONG)
    capture = world.capture()
    daemon = started(world)
    lease, before, heard = leases(daemon), world.host.kernel(), asked(capture)
    assert heard == ["SOLICIT", "REQUEST"]
    news = changes(world.host)

    for _ in range(2):
        killed(daemon)
        daemon = started(world)
        assert leases(daemon) == lease
        assert "going on with the lease of" in daemon.output()

    assert world.host.kernel() == before
    assert of_ours(news) == []
    assert asked(capture) == heard
    assert daemon.end() == 0
    wait_until("its release", lambda: asked(capture)[-1] == "RELEASE")
    assert addresses(world.host) == []


def test_behind_a_cable_that_was_out_meanwhile_the_lease_is_asked_for_and_not_touched(lab: Lab, tmp_path: Path) -> None:
    world = World(lab, tmp_path)
    kea(world.router, tmp_path, LONG)
    capture = world.capture()
    daemon = started(world)
    lease, before = leases(daemon), world.host.kernel()
    killed(daemon)
    world.cable.pull()
    wait_until("no carrier", lambda: "no-carrier" in world.host.kernel())
    world.cable.plug()
    wait_until("the carrier", lambda: world.host.kernel() == before)
    news = changes(world.host)

    daemon = started(world)

    assert leases(daemon) == lease
    assert asked(capture)[-1] == "REBIND"
    assert world.host.kernel() == before
    assert of_ours(news) == []
    assert daemon.end() == 0


@pytest.mark.parametrize("by", ["a program without it", "recover"])
def test_a_lease_that_nobody_goes_on_with_is_released(lab: Lab, tmp_path: Path, by: str) -> None:
    world = World(lab, tmp_path)
    kea(world.router, tmp_path, LONG)
    capture = world.capture()
    killed(started(world))

    if by == "recover":
        assert "lease6 of main.2 net.ipv6.dhcp\n" in netstrata(world.host, "recover")
    else:
        assert started(world, body='println("complete");').end() == 0

    wait_until("its release", lambda: asked(capture)[-1] == "RELEASE")
    assert addresses(world.host) == []
    assert world.host.call(lambda: list(Path("/var/lib/netstrata").glob("*.lease6"))) == []
