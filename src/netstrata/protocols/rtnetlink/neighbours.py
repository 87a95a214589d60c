"""Messages about neighbours: which hardware address answers for an address.

Source: rtnetlink(7), linux/neighbour.h.
"""

from struct import Struct
from typing import NamedTuple

from netstrata.protocols.rtnetlink.constants import NDA_DST, NDA_LLADDR, NDA_PROTOCOL
from netstrata.protocols.rtnetlink.wire import Malformed, Octets, attribute, attributes

NDMSG = Struct("=BxHiHBB")  # family, link, state, flags, type


class NeighbourMessage(NamedTuple):
    """A neighbour as an RTM_NEWNEIGH or RTM_DELNEIGH tells it; b"" for an address that is not known."""

    family: int
    ifindex: int
    state: int
    flags: int
    type: int
    address: bytes
    mac: bytes
    protocol: int  # 0 if the kernel did not say


def encode_neighbour(family: int, ifindex: int, state: int, address: bytes, mac: bytes, protocol: int = 0) -> bytes:
    """Return the body of an RTM_NEWNEIGH or RTM_DELNEIGH; no mac and protocol 0 are left out."""
    body = NDMSG.pack(family, 0, ifindex, state, 0, 0) + attribute(NDA_DST, address)
    if mac:
        body += attribute(NDA_LLADDR, mac)
    return body + attribute(NDA_PROTOCOL, bytes([protocol])) if protocol else body


def ask_neighbour(family: int, ifindex: int, address: bytes) -> bytes:
    """Return the body of an RTM_GETNEIGH for one neighbour."""
    return NDMSG.pack(family, 0, ifindex, 0, 0, 0) + attribute(NDA_DST, address)


def ask_neighbours(family: int) -> bytes:
    """Return the body of an RTM_GETNEIGH dump."""
    return NDMSG.pack(family, 0, 0, 0, 0, 0)


def decode_neighbour(data: Octets, start: int, end: int) -> NeighbourMessage:
    """Read the body of a message about a neighbour.

    Raises: Malformed.
    """
    if end - start < 12:
        raise Malformed(f"a neighbour in {end - start} bytes")
    family, _, ifindex, state, flags, kind = NDMSG.unpack_from(data, start)
    address = mac = b""
    protocol = 0
    for what, value, stop in attributes(data, start + 12, end):
        if what == NDA_DST:
            address = bytes(data[value:stop])
        elif what == NDA_LLADDR:
            mac = bytes(data[value:stop])
        elif what == NDA_PROTOCOL and stop > value:
            protocol = data[value]
    return NeighbourMessage(family, ifindex, state, flags, kind, address, mac, protocol)
