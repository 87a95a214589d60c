"""What has gone through a link.  Source: linux/if_link.h, struct rtnl_link_stats64."""

from struct import Struct
from typing import NamedTuple

from netstrata.protocols.rtnetlink.constants import AF_UNSPEC, IFLA_ALT_IFNAME, IFLA_IFNAME, IFLA_STATS64
from netstrata.protocols.rtnetlink.links import IFINFOMSG
from netstrata.protocols.rtnetlink.wire import ATTRIBUTE, Malformed, Octets, attribute

_STATS = Struct("=8Q")


class Counters(NamedTuple):
    """Packets and bytes since the link was made; dropped are those that it had no room for."""

    rx_packets: int = 0
    tx_packets: int = 0
    rx_bytes: int = 0
    tx_bytes: int = 0
    rx_errors: int = 0
    tx_errors: int = 0
    rx_dropped: int = 0
    tx_dropped: int = 0


def ask_with_counters(name: bytes = b"") -> bytes:
    """Return the body of an RTM_GETLINK that brings counters, too: a dump, or one link by any of its names."""
    which = IFLA_IFNAME if len(name) < 16 else IFLA_ALT_IFNAME
    return IFINFOMSG.pack(AF_UNSPEC, 0, 0, 0, 0) + (attribute(which, name + b"\0") if name else b"")


def decode_counters(data: Octets, start: int, end: int) -> Counters:
    """Read the counters from the body of an RTM_NEWLINK; all are 0 if it has none.

    Raises: Malformed.
    """
    at = start + IFINFOMSG.size
    while end - at >= 4:
        length, kind = ATTRIBUTE.unpack_from(data, at)
        if length < 4 or length > end - at:
            raise Malformed(f"an attribute of {length} bytes in {end - at}")
        if kind == IFLA_STATS64 and length >= 4 + _STATS.size:
            return Counters(*_STATS.unpack_from(data, at + 4))
        at += (length + 3) & ~3
    return Counters()
