"""Messages about which way a bridge or a VXLAN sends frames for a hardware address.

Source: bridge(8), linux/neighbour.h; Linux, drivers/net/vxlan/vxlan_core.c and net/bridge/br_fdb.c.
"""

from struct import Struct
from typing import NamedTuple

from netstrata.protocols.rtnetlink.constants import AF_BRIDGE, NDA_DST, NDA_LLADDR
from netstrata.protocols.rtnetlink.neighbours import NDMSG
from netstrata.protocols.rtnetlink.wire import U32, Malformed, Octets, attribute, attributes, u32_of

_NDA_VLAN, _NDA_PORT, _NDA_VNI, _NDA_IFINDEX, _NDA_MASTER = 5, 6, 7, 8, 9
_U16, _NETWORK16 = Struct("=H"), Struct("!H")
_NUMBERS = ((_NDA_VLAN, _U16), (_NDA_PORT, _NETWORK16))
_NUD_NOARP, _NUD_PERMANENT = 0x40, 0x80
_NTF_SELF, _NTF_MASTER = 0x02, 0x04


class ForwardingEntry(NamedTuple):
    """One way for a hardware address: to another host by a VXLAN, or, without `host`, to a bridge's port."""

    ifindex: int
    mac: bytes
    host: bytes = b""
    port: int = 0  # 0: the VXLAN's own, as the next
    vni: int = 0
    via: int = 0
    vlan: int = 0


def ask_forwarding(ifindex: int) -> bytes:
    """Return the body of an RTM_GETNEIGH dump of one link."""
    return NDMSG.pack(AF_BRIDGE, 0, ifindex, 0, 0, 0)


def encode_forwarding(entry: ForwardingEntry) -> bytes:
    """Return the body of an RTM_NEWNEIGH or RTM_DELNEIGH."""
    state, flags = (_NUD_PERMANENT, _NTF_SELF) if entry.host else (_NUD_NOARP, _NTF_MASTER)
    body = NDMSG.pack(AF_BRIDGE, 0, entry.ifindex, state, flags, 0) + attribute(NDA_LLADDR, entry.mac)
    if entry.host:
        body += attribute(NDA_DST, entry.host)
    if entry.vlan:
        body += attribute(_NDA_VLAN, _U16.pack(entry.vlan))
    if entry.port:
        body += attribute(_NDA_PORT, _NETWORK16.pack(entry.port))
    for kind, number in ((_NDA_VNI, entry.vni), (_NDA_IFINDEX, entry.via)):
        if number:
            body += attribute(kind, U32.pack(number))
    return body


def decode_forwarding(data: Octets, start: int, end: int) -> ForwardingEntry | None:
    """Read a message; None if it is about what was only learned, or about an address of the link itself.

    Raises: Malformed.
    """
    if end - start < NDMSG.size:
        raise Malformed(f"a way for frames in {end - start} bytes")
    family, _, ifindex, state, _, _ = NDMSG.unpack_from(data, start)
    found = {kind: (first, last) for kind, first, last in attributes(data, start + NDMSG.size, end)}
    first, last = found.get(NDA_DST, (0, 0))
    host = bytes(data[first:last])
    if family != AF_BRIDGE or not state & (_NUD_PERMANENT if host else _NUD_NOARP):
        return None
    mac = bytes(data[slice(*found.get(NDA_LLADDR, (0, 0)))])
    vlan, port = (_u16(form, data, *found.get(kind, (0, 0))) for kind, form in _NUMBERS)
    vni, via = (u32_of(data, *found[kind]) if kind in found else 0 for kind in (_NDA_VNI, _NDA_IFINDEX))
    return ForwardingEntry(ifindex, mac, host, port, vni, via, vlan)


def _u16(form: Struct, data: Octets, first: int, last: int) -> int:
    number: int = form.unpack_from(data, first)[0] if last - first >= form.size else 0
    return number
