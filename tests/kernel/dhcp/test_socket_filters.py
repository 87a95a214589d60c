"""What packet sockets let in, and how much of it at a time: hand-made frames, and the kernel's own filters."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING

import pytest
from tests.kernel.dhcp.test_raw_frames import packet

from netstrata.protocols.arp import REPLY, REQUEST, Arp, write_arp, write_probe
from netstrata.protocols.dhcpv4 import Message, encode
from netstrata.system.dhcp.driver.packets import PacketSocket
from netstrata.system.dhcp.driver.socket_filters import NOTHING, arp_claims, arp_replies, dhcp_answers
from netstrata.system.dhcp.facts import read_link
from netstrata.system.dhcp.sockets import ETH_P_ARP, ETH_P_IP, open_packet_socket

if TYPE_CHECKING:
    from tests.kernel.dhcp.conftest import Wire

pytestmark = pytest.mark.kernel

US = bytes.fromhex("020000000c01")
THEM = bytes.fromhex("020000000501")
EVERYBODY = b"\xff" * 6
XID = 0x01020304
OURS, OTHER = bytes((10, 7, 0, 50)), bytes((10, 7, 0, 51))


def frame(body: bytes, to: bytes = US, kind: int = ETH_P_IP, tag: int | None = None) -> bytes:
    tagged = b"" if tag is None else struct.pack("!HH", 0x8100, tag)
    return to + THEM + tagged + struct.pack("!H", kind) + body


def answer(xid: int = XID, mac: bytes = US, operation: int = 2) -> bytes:
    return encode(Message(operation, xid, mac, {53: b"\5"}))


GOOD = packet(answer())
DHCP = {
    "to us": (frame(GOOD), True),
    "to everybody": (frame(GOOD, EVERYBODY), True),
    "with IP options": (frame(packet(answer(), ip_options=b"\1\1\1\0")), True),
    "a first fragment": (frame(packet(answer(), more_fragments=True)), True),
    "with a priority": (frame(GOOD, tag=0xE000), True),
    "of a VLAN": (frame(GOOD, tag=5), False),
    "of a VLAN, to everybody": (frame(GOOD, EVERYBODY, tag=5), False),
    "to another MAC": (frame(GOOD, bytes.fromhex("020000000c02")), False),
    "to a group": (frame(GOOD, bytes.fromhex("01005e000001")), False),
    "of another transaction": (frame(packet(answer(XID + 1))), False),
    "to another client": (frame(packet(answer(mac=bytes.fromhex("020000000c02")))), False),
    "to a client of another maker": (frame(packet(answer(mac=bytes.fromhex("020000010c01")))), False),
    "a question": (frame(packet(answer(operation=1))), False),
    "to another port": (frame(GOOD.replace(struct.pack("!HH", 67, 68), struct.pack("!HH", 67, 67))), False),
    "no UDP": (frame(GOOD[:9] + b"\6" + GOOD[10:]), False),
    "a later fragment": (frame(GOOD[:6] + b"\0\1" + GOOD[8:]), False),
    "cut short": (frame(GOOD[:60]), False),
}


def arp(operation: int, sender: bytes, target: bytes = OTHER) -> bytes:
    return write_arp(Arp(operation, THEM, sender, bytes(6), target))


def arp_frame(body: bytes, tag: int | None = None) -> bytes:
    return frame(body, EVERYBODY, ETH_P_ARP, tag)


CLAIMS = {
    "a reply": (arp_frame(arp(REPLY, OURS)), True),
    "a question of who has it": (arp_frame(arp(REQUEST, OURS)), True),
    "a probe": (arp_frame(write_probe(THEM, OURS)), True),
    "a question for it": (arp_frame(arp(REQUEST, OTHER, OURS)), False),
    "another's reply": (arp_frame(arp(REPLY, OTHER)), False),
    "another's probe": (arp_frame(write_probe(THEM, OTHER)), False),
    "a reply of a VLAN": (arp_frame(arp(REPLY, OURS), tag=5), False),
    "cut short": (arp_frame(arp(REPLY, OURS)[:16]), False),
}
REPLIES = {
    "a reply": (arp_frame(arp(REPLY, OURS)), True),
    "a question of who has it": (arp_frame(arp(REQUEST, OURS)), False),
    "another's reply": (arp_frame(arp(REPLY, OTHER)), False),
}
FILTERS = {
    "answers": (ETH_P_IP, dhcp_answers(US, XID), DHCP),
    "claims": (ETH_P_ARP, arp_claims(OURS), CLAIMS),
    "replies": (ETH_P_ARP, arp_replies(OURS), REPLIES),
}


def sent(wire: Wire, frames: list[bytes]) -> None:
    with wire.on_the_servers_side(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as raw:
        for octets in frames:
            raw.sendto(octets, ("eth0", 0))


class Listener:
    """A packet socket on eth0 and all it has heard."""

    def __init__(self, protocol: int, program: bytes) -> None:
        self.heard: list[bytes] = []
        self._news = asyncio.Event()
        self.socket = PacketSocket(open_packet_socket(read_link("eth0").ifindex, protocol), self._failed)
        self.socket.listen(program, self.hear)

    async def until_heard(self, many: int) -> None:
        async def heard() -> None:
            while len(self.heard) < many:
                self._news.clear()
                await self._news.wait()

        await asyncio.wait_for(heard(), 60)

    def hear(self, octets: bytes, mac: bytes, pending: bool) -> None:
        self.heard.append(octets)
        self._news.set()

    def _failed(self, error: OSError) -> None:
        raise AssertionError(error)


@pytest.mark.parametrize("name", FILTERS)
def test_a_promiscuous_link_lets_in_what_is_for_us_and_nothing_else(wire: Wire, name: str) -> None:
    protocol, program, table = FILTERS[name]
    wire.here("ip", "link", "set", "eth0", "promisc", "on")
    last = next(iter(table.values()))[0]  # good: when it is heard for a second time, all others have been judged
    wanted = [octets for octets, taken in table.values() if taken]

    async def story() -> None:
        listener = Listener(protocol, program)
        sent(wire, [octets for octets, _ in table.values()] + [last])

        await listener.until_heard(len(wanted) + 1)

        bodies = [octets[18:] if octets[12:14] == b"\x81\0" else octets[14:] for octets in [*wanted, last]]
        assert listener.heard == bodies
        listener.socket.close()

    asyncio.run(story())


def test_a_filter_is_replaced_and_nothing_is_missed_in_between(wire: Wire) -> None:
    async def story() -> None:
        listener = Listener(ETH_P_IP, NOTHING)
        sent(wire, [frame(GOOD)])
        listener.socket.filter(dhcp_answers(US, XID + 1))
        sent(wire, [frame(GOOD), frame(packet(answer(XID + 1)))])

        await listener.until_heard(1)

        assert listener.heard == [packet(answer(XID + 1))]
        listener.socket.close()

    asyncio.run(story())


def test_what_came_before_somebody_listens_again_is_not_heard(wire: Wire) -> None:
    async def story() -> None:
        listener = Listener(ETH_P_IP, dhcp_answers(US, XID))
        sent(wire, [frame(GOOD)] * 3)
        listener.socket.listen(dhcp_answers(US, XID + 1), listener.hear)
        sent(wire, [frame(packet(answer(XID + 1)))])

        await listener.until_heard(1)

        assert listener.heard == [packet(answer(XID + 1))]
        listener.socket.close()

    asyncio.run(story())


def test_what_passes_a_filter_is_read_in_portions_with_the_loop_free_in_between(wire: Wire) -> None:
    async def story() -> None:
        listener = Listener(ETH_P_IP, dhcp_answers(US, XID))
        sent(wire, [frame(GOOD)] * 64)
        portions = {0}

        def look() -> None:
            portions.add(len(listener.heard))
            if len(listener.heard) < 64:
                asyncio.get_running_loop().call_soon(look)

        look()

        await listener.until_heard(64)

        assert portions == {0, 16, 32, 48, 64}
        listener.socket.close()

    asyncio.run(story())
