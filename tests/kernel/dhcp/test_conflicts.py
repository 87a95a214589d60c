"""The conflict probe against our own second card, and against gateways that answer ARP for every address."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.kernel.dhcp.test_program import ended, running

from netstrata.ports import DhcpOptions
from netstrata.protocols.arp import REPLY, REQUEST, Arp, read_arp, write_arp
from netstrata.testing.lab import Lab

if TYPE_CHECKING:
    from tests.kernel.dhcp.conftest import Wire

pytestmark = pytest.mark.kernel

ETH_P_ARP = 0x0806
DECLINE = 4
GATEWAY_MAC = bytes.fromhex("020000000501")
OWNER_MAC = bytes.fromhex("020000000599")
LEASED = bytes((10, 7, 0, 50))
DOCKED = """
process wired {
    net.up("eth0"); net.backend.waitlink("eth0");
    net.ipv4.dhcp("eth0", {"conflict_check", "beside"}) lease;
    net.ipv4.addr("eth0", lease.cidr_addr);
    depend("BOTH"); sleep("2500"); println("both are kept");
}
process wireless {
    net.up("wlan0"); net.backend.waitlink("wlan0");
    net.ipv4.dhcp("wlan0", {"conflict_check", "beside"}) lease;
    net.ipv4.addr("wlan0", lease.cidr_addr);
    provide("BOTH");
}
"""
WIRED = """
process wired {
    net.up("eth0"); net.backend.waitlink("eth0");
    net.ipv4.dhcp("eth0") lease;
    println("lease ", lease.addr);
}
"""
GUARD = """
process main {
    net.up("eth0"); net.backend.waitlink("eth0");
    net.ipv4.arp_probe("eth0", "10.7.0.50") guard;
    println("somebody has it: ", guard.exists);
}
"""


@contextmanager
def answering(wire: Wire, owner: bytes = b"") -> Iterator[None]:
    """Answer each ARP question on the server's side in the gateway's name, and those for the lease in an owner's.

    As Cisco's "local proxy ARP" and rented servers' switches do.  Linux's own proxy_arp_pvlan does not answer probes
    (6.18: a question of 10.7.0.9 is answered, one of 0.0.0.0 is not).
    """
    loop = asyncio.get_running_loop()
    with wire.on_the_servers_side():
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, socket.htons(ETH_P_ARP))

    def answer() -> None:
        asked = read_arp(raw.recv(2048))
        if asked is None or asked.operation != REQUEST or asked.sender_mac == GATEWAY_MAC:
            return
        for mac in [GATEWAY_MAC, *([owner] if owner and asked.target == LEASED else [])]:
            said = write_arp(Arp(REPLY, mac, asked.target, asked.sender_mac, asked.sender))
            with wire.on_the_servers_side():
                raw.sendto(said, ("eth0", ETH_P_ARP, 0, 0, asked.sender_mac))

    loop.add_reader(raw.fileno(), answer)
    try:
        yield
    finally:
        loop.remove_reader(raw.fileno())
        raw.close()


def test_a_gateway_that_answers_for_every_address_is_no_conflict(wire: Wire, server: Any) -> None:
    async def story() -> None:
        with server() as peer, answering(wire):
            peer.grants()
            leases = wire.leases()

            lease = await leases.lease()

            assert lease.address == LEASED
            assert DECLINE not in peer.kinds()
            assert wire.told.lines[-1] == (
                "dhcp: 02:00:00:00:05:01 answers ARP for every address, also for 10.7.0.50: "
                "that is no conflict (proxy ARP)"
            )
            await leases.close()

    asyncio.run(story())


@pytest.mark.parametrize("prefix", [24, 28, 30, 32])
def test_it_is_none_in_small_networks_and_beside_either(wire: Wire, server: Any, prefix: int) -> None:
    async def story() -> None:
        with server() as peer, answering(wire):
            mask = struct.pack("!I", 0xFFFFFFFF << (32 - prefix) & 0xFFFFFFFF)
            peer.grants(o1=mask, o51=struct.pack("!I", 4))
            leases = wire.leases(DhcpOptions(conflict_check="beside"))
            await leases.lease()
            waiting = asyncio.ensure_future(leases.next())

            await peer.until_heard(3, 2)  # it is renewed, 2 s later

            assert not waiting.done()
            assert DECLINE not in peer.kinds()
            waiting.cancel()

    asyncio.run(story())


def test_a_host_that_has_the_address_beside_such_a_gateway_is_a_conflict(wire: Wire, server: Any) -> None:
    async def story() -> None:
        with server() as peer, answering(wire, OWNER_MAC):
            peer.grants()
            waiting = asyncio.ensure_future(wire.leases().next())

            await peer.until_heard(DECLINE)

            line = next(line for line in wire.told.lines if "is used by" in line)
            assert line.startswith(
                'dhcp: 10.7.0.50 is used by 02:00:00:00:05:99 too (["conflict_check": "never"] takes it nevertheless)'
            )
            waiting.cancel()

    asyncio.run(story())


def docked(lab: Lab) -> tuple[Any, Any]:
    host, router = lab.host("host"), lab.host("router")
    lab.cable((host, "eth0"), (host, "wlan0"), (router, "lan"))
    router.up("lan", "10.7.0.1/24")
    return host, router


def test_two_cards_in_one_network_keep_both_leases(lab: Lab, tmp_path: Path) -> None:
    host, router = docked(lab)
    server = router.dhcp_server("lan", ("10.7.0.50", "10.7.0.60"))

    daemon = running(host, tmp_path / "program.ncd", DOCKED)

    daemon.wait_output("both are kept")
    assert "DHCPDECLINE" not in server.output()
    ended(daemon)


@pytest.mark.parametrize("holder", ["wlan0", "macvlan"])
def test_an_address_that_another_link_of_ours_has_or_answers_for_is_no_conflict(
    lab: Lab, tmp_path: Path, holder: str
) -> None:
    """As initramfs leaves it, or a daemon that was killed."""
    host, router = docked(lab)
    server = router.dhcp_server("lan", ("10.7.0.50", "10.7.0.50"))
    host.up("wlan0")
    link = "wlan0"
    if holder != "wlan0":
        link = "extra0"
        host.ip("link add link wlan0 name extra0 type macvlan mode bridge")
        host.up("extra0")
    host.ip(f"addr add 10.7.0.50/24 dev {link}")

    daemon = running(host, tmp_path / "program.ncd", WIRED)

    daemon.wait_output("lease 10.7.0.50")
    assert "DHCPDECLINE" not in server.output()
    ended(daemon)


@pytest.mark.parametrize("whose", ["ours", "another's"])
def test_arp_probe_counts_other_hosts_only_and_names_them(lab: Lab, tmp_path: Path, whose: str) -> None:
    host, router = docked(lab)
    host.up("wlan0")
    if whose == "ours":
        host.up("eth0", "10.7.0.50/24")
    else:
        router.up("lan", "10.7.0.50/24")
    router.ip("link set lan address 02:00:00:00:05:07")

    daemon = running(host, tmp_path / "program.ncd", GUARD)

    daemon.wait_output(f"somebody has it: {str(whose != 'ours').lower()}")
    assert ("10.7.0.50 is at 02:00:00:00:05:07" in daemon.output()) == (whose != "ours")
    ended(daemon)
