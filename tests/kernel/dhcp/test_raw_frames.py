"""The client against frames that no well-meaning kernel would send."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest

from netstrata.ports import DhcpOptions
from netstrata.protocols.dhcpv4.frame import checksum

if TYPE_CHECKING:
    from tests.kernel.dhcp.conftest import Wire

pytestmark = pytest.mark.kernel

CLIENT_MAC = bytes.fromhex("020000000c01")


def packet(payload: bytes, ip_options: bytes = b"", udp_sum: int | None = None, more_fragments: bool = False) -> bytes:
    """Return an IPv4 packet from 10.7.0.1 to everybody."""
    source, everybody = bytes((10, 7, 0, 1)), b"\xff" * 4
    length = (8 + len(payload)).to_bytes(2, "big")
    ports = (67).to_bytes(2, "big") + (68).to_bytes(2, "big")
    right = checksum(source + everybody + b"\0\x11" + length + ports + length + b"\0\0" + payload)
    udp = ports + length + (right if udp_sum is None else udp_sum).to_bytes(2, "big") + payload
    words = 5 + len(ip_options) // 4
    head = bytes((0x40 | words, 0)) + (words * 4 + len(udp)).to_bytes(2, "big") + b"\0\0"
    head += (b"\x20" if more_fragments else b"\0") + b"\0\x40\x11\0\0" + source + everybody + ip_options
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + udp


def test_ip_options_are_heard_and_wrong_checksums_and_fragments_are_not(wire: Wire, server: Any, reply: Any) -> None:
    with wire.on_the_servers_side():
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)

    def send(what: bytes) -> None:
        with wire.on_the_servers_side():
            raw.sendto(what, ("eth0", 0x0800, 0, 0, CLIENT_MAC))

    async def story() -> None:
        with server() as peer, raw:
            leases = wire.leases(DhcpOptions(conflict_check="never"))
            waiting = asyncio.ensure_future(leases.next())
            asked = await peer.until_heard(1)
            send(packet(reply(asked, 2, "10.7.0.66"), udp_sum=0x1234))
            send(packet(reply(asked, 2, "10.7.0.67"), more_fragments=True))
            send(packet(reply(asked, 2, "10.7.0.68"))[:100])
            send(packet(reply(asked, 2), ip_options=b"\1\1\1\0"))
            wanted = await peer.until_heard(3)

            send(packet(reply(wanted, 5), udp_sum=0))

            lease = await asyncio.wait_for(waiting, 60)
            assert lease is not None
            assert wanted.options[50] == lease.address == bytes((10, 7, 0, 50))
            assert any("wrong UDP checksum" in line for line in wire.told.lines)
            assert any("a fragment of a DHCP answer" in line for line in wire.told.lines)

    asyncio.run(story())
