"""A DHCPv6 client on a link where not all is well.  kea 2.2.0, Linux 6.18."""

import sys
from pathlib import Path
from typing import Final

import pytest
from tests.kernel.dhcpv6.servers import Offer, World, dnsmasq, kea
from tests.kernel.dhcpv6.test_real_servers import ADDRESS, addresses, leasing, until_leased

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel

# Answers each message to servers a hundred times with something that is none, but of the same transaction.
HOSTILE: Final = """
import os, socket, sys
heard = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x86DD))
heard.bind((sys.argv[1], 0))
link = socket.if_nametoindex(sys.argv[1])
print("listening", flush=True)
while True:
    packet = heard.recv(4096)
    if packet[6] != 17 or packet[42:44] != b"\\x02\\x23":
        continue
    them = socket.inet_ntop(socket.AF_INET6, packet[8:24])
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as answering:
        for turn in range(100):
            kind = bytes((2 + 5 * (turn % 2),))
            said = packet[52:] if turn % 3 else os.urandom(turn)
            answering.sendto(kind + packet[49:52] + said, (them, 546, 0, link))
        print("answered", flush=True)
"""


def test_garbage_from_a_hostile_server_does_not_keep_the_real_one_from_being_heard(lab: Lab, tmp_path: Path) -> None:
    world = World(lab, tmp_path)
    hostile = world.router.start([sys.executable, "-c", HOSTILE, "lan"])
    hostile.wait_output("listening\n")
    kea(world.router, tmp_path, Offer())

    daemon = world.daemon(leasing())

    assert until_leased(daemon).startswith("2001:db8:0:1::1")
    hostile.wait_output("answered")
    assert 0 < daemon.output().count("is ignored: ") <= 8
    assert daemon.end() == 0


def test_a_link_without_a_link_local_address_is_waited_for_by_name(lab: Lab, tmp_path: Path) -> None:
    world = World(lab, tmp_path)
    kea(world.router, tmp_path, Offer())
    world.host.sysctl("net.ipv6.conf.eth0.disable_ipv6", "1")
    daemon = world.daemon(leasing("", ADDRESS))

    daemon.wait_output("net.ipv6.dhcp: a link-local address on eth0")
    world.host.sysctl("net.ipv6.conf.eth0.disable_ipv6", "0")

    daemon.wait_output("complete\n")
    assert daemon.end() == 0


def test_a_link_local_address_that_goes_takes_the_lease_and_brings_it_back(lab: Lab, tmp_path: Path) -> None:
    world = World(lab, tmp_path)
    kea(world.router, tmp_path, Offer())
    daemon = world.daemon(leasing("", ADDRESS))
    daemon.wait_output("complete\n")
    shown = world.host.run("ip", "-6", "-o", "addr", "show", "dev", "eth0", "scope", "link")
    own = shown.partition("inet6 ")[2].split()[0]

    world.host.ip(f"addr del {own} dev eth0")
    daemon.wait_output("the link-local address is gone from eth0")
    wait_until("no address", lambda: addresses(world.host) == [])
    world.host.ip(f"addr add {own} dev eth0")

    until_leased(daemon, 2)
    assert daemon.end() == 0


def test_a_second_client_on_a_link_is_told_who_is_in_its_way(lab: Lab, tmp_path: Path) -> None:
    world = World(lab, tmp_path)
    kea(world.router, tmp_path, Offer())
    daemon = world.daemon(f'{leasing("", ADDRESS)} net.ipv6.dhcp("eth0", ["iaid": "7"]) other;')

    daemon.wait_output("another DHCPv6 client has port 546 of it")

    assert len(addresses(world.host)) == 1
    assert daemon.end() == 0


def test_what_a_client_is_to_say_of_itself_is_said(lab: Lab, tmp_path: Path) -> None:
    """As dnsmasq 2.90 reads it."""
    world = World(lab, tmp_path)
    server = dnsmasq(world.router, tmp_path, Offer())
    options = ', ["hostname": "laptop", "user_class": "guest", "vendor_class": {"32473", "router"}, "request": {"23"}]'
    daemon = world.daemon(leasing(options))

    until_leased(daemon)

    log = server.output()
    assert "vendor class: 32473" in log
    assert "client provides name: laptop" in log
    assert "search={} " in daemon.output()
    assert 'dns_servers={"2001:db8::53"}' in daemon.output()
    assert daemon.end() == 0


@pytest.mark.parametrize("text", ["", "(", "((), (), (), b'', 0.0, 0.0, 0.0, ())", "\0" * 100])
def test_a_spoilt_lease_file_is_as_good_as_none(lab: Lab, tmp_path: Path, text: str) -> None:
    world = World(lab, tmp_path)
    kea(world.router, tmp_path, Offer(preferred=500, valid=600))
    first = world.daemon(leasing())
    until_leased(first)
    world.cable.pull()
    wait_until("no carrier", lambda: "no-carrier" in world.host.kernel())
    assert first.end() == 0
    (name,) = world.host.call(lambda: [str(path) for path in Path("/var/lib/netstrata").glob("*.lease6")])
    world.host.write(name, text)
    world.cable.plug()

    second = world.daemon(leasing())

    until_leased(second)
    assert "SOLICIT" in second.output()
    assert second.end() == 0
