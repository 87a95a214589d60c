"""Messages about addresses of either family.  Source: rtnetlink(7), linux/if_addr.h."""

from struct import Struct
from typing import NamedTuple

from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    FOREVER,
    IFA_ADDRESS,
    IFA_BROADCAST,
    IFA_CACHEINFO,
    IFA_FLAGS,
    IFA_LABEL,
    IFA_LOCAL,
    IFA_PROTO,
    IFA_RT_PRIORITY,
    NLA_TYPE_MASK,
    RT_SCOPE_HOST,
    RT_SCOPE_UNIVERSE,
    RTPROT_NETSTRATA,
)
from netstrata.protocols.rtnetlink.wire import ATTRIBUTE, Malformed, Octets, attribute, text_of, u32_of

IFADDRMSG = Struct("=BBBBI")  # family, prefix length, flags, scope, link
_LIFETIMES = Struct("=II")
_LOCAL4 = ATTRIBUTE.pack(8, IFA_LOCAL)
_ADDRESS4 = ATTRIBUTE.pack(8, IFA_ADDRESS)
_ADDRESS6 = ATTRIBUTE.pack(20, IFA_ADDRESS)
_OURS = attribute(IFA_PROTO, bytes([RTPROT_NETSTRATA]))
_LOOPBACK = 127  # first byte of IPv4 addresses that only this host may have


class AddressMessage(NamedTuple):
    """An address as an RTM_NEWADDR or RTM_DELADDR tells it.  Addresses are packed, 4 or 16 bytes."""

    family: int
    prefix: int
    flags: int
    scope: int
    ifindex: int
    local: bytes  # the address itself
    address: bytes  # the other end on a point-to-point link, else the same
    label: str
    valid_s: int  # FOREVER if it has no end
    preferred_s: int
    protocol: int  # 0 if the kernel did not say
    broadcast: bytes = b""
    metric: int = 0  # of the route that the kernel makes for it


def encode_address(
    ifindex: int, address: bytes, prefix: int, peer: bytes = b"", scope: int | None = None, more: bytes = b""
) -> bytes:
    """Return the body of an RTM_NEWADDR or RTM_DELADDR: if not said otherwise, of global scope; marked as ours.

    The kernel takes loopback addresses of IPv4 only for the host.
    Shapes: more are attributes.
    """
    if len(address) == 4:
        if scope is None:
            scope = RT_SCOPE_HOST if address[0] == _LOOPBACK else RT_SCOPE_UNIVERSE
        start = IFADDRMSG.pack(AF_INET, prefix, 0, scope, ifindex)
        return start + _LOCAL4 + address + _ADDRESS4 + (peer or address) + _OURS + more
    start = IFADDRMSG.pack(AF_INET6, prefix, 0, RT_SCOPE_UNIVERSE, ifindex)
    local = attribute(IFA_LOCAL, address) if peer else b""
    return start + local + _ADDRESS6 + (peer or address) + _OURS + more


def ask_addresses(family: int, ifindex: int) -> bytes:
    """Return the body of an RTM_GETADDR dump of one link, or of all if the index is 0."""
    return IFADDRMSG.pack(family, 0, 0, 0, ifindex)


def decode_address(data: Octets, start: int, end: int) -> AddressMessage:
    """Read the body of a message about an address.

    Raises: Malformed.
    """
    if end - start < 8:
        raise Malformed(f"an address in {end - start} bytes")
    family, prefix, flags, scope, ifindex = IFADDRMSG.unpack_from(data, start)
    local = address = b""
    label = ""
    valid = preferred = FOREVER
    protocol = metric = 0
    broadcast = b""
    unpack = ATTRIBUTE.unpack_from
    at = start + 8
    while end - at >= 4:  # as `attributes` does, with less work for each of many addresses
        length, what = unpack(data, at)
        if length < 4 or length > end - at:
            raise Malformed(f"an attribute of {length} bytes in {end - at}")
        what &= NLA_TYPE_MASK
        value = at + 4
        stop = at + length
        at += (length + 3) & ~3
        if what == IFA_LOCAL:
            local = bytes(data[value:stop])
        elif what == IFA_ADDRESS:
            address = bytes(data[value:stop])
        elif what == IFA_LABEL:
            label = text_of(data, value, stop)
        elif what == IFA_FLAGS:
            flags = u32_of(data, value, stop)
        elif what == IFA_CACHEINFO and stop - value >= 8:
            preferred, valid = _LIFETIMES.unpack_from(data, value)
        elif what == IFA_PROTO and stop > value:
            protocol = data[value]
        elif what == IFA_BROADCAST:
            broadcast = bytes(data[value:stop])
        elif what == IFA_RT_PRIORITY:
            metric = u32_of(data, value, stop)
    local = local or address
    wanted = 4 if family == AF_INET else 16 if family == AF_INET6 else len(local)
    if len(local) != wanted or (address and len(address) != wanted) or prefix > 8 * wanted:
        raise Malformed(f"an address of {len(local)} bytes, prefix length {prefix}, in family {family}")
    return AddressMessage(
        family, prefix, flags, scope, ifindex, local, address or local, label, valid, preferred, protocol, broadcast,
        metric,
    )  # fmt: skip
