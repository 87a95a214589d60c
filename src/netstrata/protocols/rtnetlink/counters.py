"""What has gone through a link.  Source: linux/if_link.h, struct rtnl_link_stats64."""

from struct import Struct
from typing import NamedTuple

from netstrata.protocols.rtnetlink.constants import AF_UNSPEC, IFLA_STATS64
from netstrata.protocols.rtnetlink.links import IFINFOMSG
from netstrata.protocols.rtnetlink.wire import Octets, attributes

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


def ask_links_with_counters() -> bytes:
    """Return the body of an RTM_GETLINK dump that brings counters, too."""
    return IFINFOMSG.pack(AF_UNSPEC, 0, 0, 0, 0)


def decode_counters(data: Octets, start: int, end: int) -> Counters:
    """Read the counters from the body of an RTM_NEWLINK; all are 0 if it has none.

    Raises: Malformed.
    """
    for kind, first, last in attributes(data, start + IFINFOMSG.size, end):
        if kind == IFLA_STATS64 and last - first >= _STATS.size:
            return Counters(*_STATS.unpack_from(data, first))
    return Counters()
