"""A daemon that is killed while it holds a lease: the next one goes on where it was.

dnsmasq 2.90, Linux 6.18; what is said on the wire is heard by a packet socket of the test's own, at the server's end.
"""

import sys
from pathlib import Path

import pytest
from tests.kernel.test_upgrade import ENVIRONMENT, changes, killed, netstrata, of_ours

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
PROGRAM = """
process main {
    net.up("eth0");
    net.backend.waitlink("eth0");
    net.ipv4.dhcp("eth0"OPTIONS) lease;
    net.ipv4.addr("eth0", lease.cidr_addr);
    net.ipv4.route("0.0.0.0/0", lease.gateway, "20", "eth0");
    println("complete");
}
"""
WITHOUT = 'process main { net.up("eth0"); println("complete"); }'
# Prints each frame that a host sends: ARP, or the type of a DHCP message and its ciaddr, or the Ethernet type.
CAPTURE = """
import socket, sys
at = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
at.bind((sys.argv[1], 0))
theirs = bytes.fromhex(sys.argv[2].replace(":", ""))
print("listening", flush=True)
while True:
    frame = at.recv(4096)
    if frame[6:12] != theirs:
        continue
    what = frame[12:14].hex()
    if what == "0806":
        if frame[21] == 1:  # a question: answers to the router's are the kernel's
            print("ARP for", socket.inet_ntoa(frame[38:42]), flush=True)
    elif what == "0800" and frame[23] == 17 and frame[34:38] == b"\\0\\x44\\0\\x43":
        said = frame[42:]
        kind = said[said.index(b"\\x35\\1", 240) + 2]
        print(f"DHCP {kind} {socket.inet_ntoa(said[12:16])}", flush=True)
    elif what != "86dd":
        print(what, flush=True)
"""
DISCOVER, REQUEST, RELEASE = 1, 3, 7


class World:
    """A host with a program that leases, and the router that it leases from."""

    def __init__(self, lab: Lab, folder: Path, *options: str) -> None:
        self.host, self.router = lab.host("host"), lab.host("router")
        self.cable = lab.cable((self.host, "eth0"), (self.router, "lan"))
        self.host.ip("link set eth0 address 02:00:00:00:0c:01")
        self.router.up("lan", "10.7.0.1/24")
        self.server = self.router.dhcp_server(
            "lan", ("10.7.0.50", "10.7.0.60"), router="10.7.0.1", dns="10.7.0.53", options=options
        )
        self.folder = folder

    def daemon(self, program: str = PROGRAM, options: str = "") -> Child:
        """Start a daemon, and wait until all is up."""
        path = self.folder / "program.ncd"
        path.write_text(program.replace("OPTIONS", options))
        daemon = self.start(path)
        daemon.wait_output("complete\n")
        return daemon

    def start(self, path: Path) -> Child:
        """Start a daemon."""
        return self.host.start([sys.executable, "-m", "netstrata", "run", str(path)], ENVIRONMENT)

    def capture(self) -> Child:
        """Begin to listen to what the host sends."""
        child = self.router.start([sys.executable, "-c", CAPTURE, "lan", "02:00:00:00:0c:01"])
        child.wait_output("listening\n")
        return child


def sent(capture: Child) -> list[str]:
    """Return what a host has sent, but for what its kernel says of IPv6."""
    return capture.output().splitlines()[1:]


def lease_of(daemon: Child) -> str:
    """Return the values that a lease came with."""
    return next(line for line in daemon.output().splitlines() if " net.ipv4.dhcp " in line).partition(" down -> up ")[2]


def configured(host: Host) -> bool:
    return "addr 10.7.0.5" in host.kernel()


def test_a_lease_goes_on_in_silence_until_t1_and_is_renewed_then(lab: Lab, tmp_path: Path) -> None:
    world = World(lab, tmp_path, "option:T1,12", "option:T2,60")
    daemon = world.daemon()
    values = lease_of(daemon)
    capture = world.capture()
    before = world.host.kernel()
    news = changes(world.host)

    for _ in range(2):
        killed(daemon)
        daemon = world.daemon()
        assert lease_of(daemon) == values
    wait_until("what is sent first", lambda: sent(capture) != [])

    assert "addr=10.7.0.5" in values
    assert "going on with the lease of" in daemon.output()
    assert sent(capture)[0] == f"DHCP {REQUEST} {address_of(before)}"
    daemon.wait_output("asking 10.7.0.1 to renew")
    wait_until("its answer", lambda: "renewed by 10.7.0.1" in daemon.output())
    assert world.host.kernel() == before
    assert of_ours(news) == []
    assert daemon.end() == 0
    world.server.wait_output("DHCPRELEASE")
    assert not configured(world.host)


def address_of(kernel: str) -> str:
    return next(line.split()[1].partition("/")[0] for line in kernel.splitlines() if line.startswith("addr "))


def test_behind_a_cable_that_was_out_meanwhile_the_address_is_asked_for_and_not_touched(
    lab: Lab, tmp_path: Path
) -> None:
    world = World(lab, tmp_path)
    daemon = world.daemon()
    before = world.host.kernel()
    killed(daemon)
    world.cable.pull()
    wait_until("no carrier", lambda: "no-carrier" in world.host.kernel())
    world.cable.plug()
    wait_until("the carrier", lambda: world.host.kernel() == before)
    capture = world.capture()
    news = changes(world.host)

    daemon = world.daemon()

    assert f"DHCP {REQUEST} 0.0.0.0" in sent(capture)
    assert f"DHCP {DISCOVER} 0.0.0.0" not in sent(capture)
    assert world.host.kernel() == before
    assert of_ours(news) == []
    assert daemon.end() == 0


def test_a_client_that_is_to_say_something_else_asks_again_and_releases_nothing(lab: Lab, tmp_path: Path) -> None:
    world = World(lab, tmp_path)
    killed(world.daemon())
    before = world.host.kernel()
    capture = world.capture()
    news = changes(world.host)

    daemon = world.daemon(options=', {"hostname", "other"}')

    said = sent(capture)
    assert f"DHCP {REQUEST} 0.0.0.0" in said
    assert not any(what.startswith(f"DHCP {RELEASE} ") for what in said)
    assert world.host.kernel() == before
    assert of_ours(news) == []
    assert daemon.end() == 0


@pytest.mark.parametrize("by", ["a program without it", "recover"])
def test_a_lease_that_nobody_goes_on_with_is_released(lab: Lab, tmp_path: Path, by: str) -> None:
    world = World(lab, tmp_path)
    killed(world.daemon())

    if by == "recover":
        assert "lease of main.2 net.ipv4.dhcp\n" in netstrata(world.host, "recover")
    else:
        daemon = world.daemon(WITHOUT)
        daemon.wait_output("undid what a daemon before this one has left: 3 of 3")
        assert daemon.end() == 0

    world.server.wait_output("DHCPRELEASE")
    assert not configured(world.host)
    assert world.host.call(lambda: list(Path("/var/lib/netstrata").glob("*.lease"))) == []
