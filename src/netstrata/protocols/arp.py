"""ARP for IPv4 on Ethernet: asking whether someone has an address, and hearing that someone does."""

from struct import Struct
from typing import NamedTuple

_ARP = Struct("!HHBBH6s4s6s4s")
_ETHERNET, _IPV4 = 1, 0x0800
REQUEST, REPLY = 1, 2
_NOBODY = b"\0\0\0\0"


class Arp(NamedTuple):
    """One packet.  Addresses are packed: mac 6 bytes, address 4."""

    operation: int
    sender_mac: bytes
    sender: bytes
    target_mac: bytes
    target: bytes


def write_arp(packet: Arp) -> bytes:
    """Return an ARP packet without its Ethernet header."""
    return _ARP.pack(_ETHERNET, _IPV4, 6, 4, *packet)


def read_arp(octets: bytes) -> Arp | None:
    """Read an ARP packet; None if it is not about IPv4 on Ethernet, or no ARP at all."""
    if len(octets) < _ARP.size:
        return None
    hardware, protocol, mac_length, address_length, *fields = _ARP.unpack_from(octets)
    if (hardware, protocol, mac_length, address_length) != (_ETHERNET, _IPV4, 6, 4):
        return None
    return Arp(*fields)


def write_probe(mac: bytes, address: bytes) -> bytes:
    """Return the question whether anyone has an address, asked by someone who has none (RFC 5227 section 2.1)."""
    return write_request(mac, _NOBODY, address)


def write_request(mac: bytes, sender: bytes, address: bytes) -> bytes:
    """Return the question who has an address."""
    return write_arp(Arp(REQUEST, mac, sender, b"\0" * 6, address))


def claims(packet: Arp, address: bytes) -> bool:
    """Say whether a packet shows that its sender has an address, or is just about to take it."""
    probing = packet.operation == REQUEST and packet.sender == _NOBODY and packet.target == address
    return packet.sender == address or probing
