"""Messages about the VLANs of a bridge and of its ports.

Source: linux/if_bridge.h, struct br_vlan_msg and BRIDGE_VLANDB_*; since Linux 5.6.
"""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from netstrata.protocols.rtnetlink.constants import AF_BRIDGE
from netstrata.protocols.rtnetlink.wire import Malformed, Octets, attributes, nest

BR_VLAN_MSG = Struct("=BxHI")  # family, link
_INFO = Struct("=HH")  # flags, id
_U16 = Struct("=H")
_ENTRY = 1  # BRIDGE_VLANDB_ENTRY
_ENTRY_INFO = 1
_ENTRY_RANGE = 2
PVID = 0x2
UNTAGGED = 0x4


class VlanEntry(NamedTuple):
    """One VLAN of a bridge or port, and its flags."""

    vid: int
    flags: int


def ask_vlans(ifindex: int) -> bytes:
    """Return the body of an RTM_GETVLAN dump of one link."""
    return BR_VLAN_MSG.pack(AF_BRIDGE, 0, ifindex)


def encode_vlan(ifindex: int, vid: int, flags: int = 0) -> bytes:
    """Return the body of an RTM_NEWVLAN or RTM_DELVLAN."""
    return ask_vlans(ifindex) + nest(_ENTRY, (_ENTRY_INFO, _INFO.pack(flags, vid)))


def vlan_link(data: Octets, start: int, end: int) -> int:
    """Read from a message about VLANs whose they are.

    Raises: Malformed.
    """
    if end - start < BR_VLAN_MSG.size:
        raise Malformed(f"VLANs in {end - start} bytes")
    ifindex: int = BR_VLAN_MSG.unpack_from(data, start)[2]
    return ifindex


def decode_vlans(data: Octets, start: int, end: int) -> Iterator[VlanEntry]:
    """Read the VLANs that a message tells of; the kernel puts equal neighbours into one range.

    Raises: Malformed.
    """
    for what, first, last in attributes(data, start + BR_VLAN_MSG.size, end):
        if what != _ENTRY:
            continue
        found = {kind: (begin, stop) for kind, begin, stop in attributes(data, first, last)}
        begin, stop = found.get(_ENTRY_INFO, (0, 0))
        if stop - begin < _INFO.size:
            raise Malformed("a VLAN without its number")
        flags, vid = _INFO.unpack_from(data, begin)
        begin, stop = found.get(_ENTRY_RANGE, (0, 0))
        most = _U16.unpack_from(data, begin)[0] if stop - begin >= _U16.size else vid
        yield from (VlanEntry(one, flags) for one in range(vid, most + 1))
