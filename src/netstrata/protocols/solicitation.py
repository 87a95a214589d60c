"""Neighbour solicitations and advertisements: who has an IPv6 address on a link.

Source: RFC 4861 sections 4.3, 4.4 and 7.2; linux/icmpv6.h.
"""

from struct import Struct
from typing import Final

HOP_LIMIT: Final = 255  # of what has not come through a router
ADVERTISEMENT: Final = 136
_SOLICITATION: Final = 135
_HEAD: Final = Struct("!BBHI16s")  # type, code, checksum, flags, target
_SOURCE_LINK_ADDRESS: Final = 1
_GROUP: Final = bytes.fromhex("ff0200000000000000000001ff")


def solicited_group(address: bytes) -> bytes:
    """Return the group in which whoever has an address listens."""
    return _GROUP + address[13:]


def encode_solicitation(address: bytes, mac: bytes) -> bytes:
    """Return the question who has an address, from a link of some hardware address; the kernel makes its checksum."""
    option = bytes([_SOURCE_LINK_ADDRESS, 1]) + mac if len(mac) == 6 else b""
    return _HEAD.pack(_SOLICITATION, 0, 0, 0, address) + option


def advertises(packet: bytes, address: bytes) -> bool:
    """Say whether a packet says that somebody has an address."""
    return len(packet) >= _HEAD.size and packet[0] == ADVERTISEMENT and packet[8:24] == address
