"""Messages that make links, delete them and change what they are; and what the kernel shows of that.

Source: rtnetlink(7), linux/if_link.h.
"""

from typing import NamedTuple

from netstrata.protocols.rtnetlink.constants import (
    AF_UNSPEC,
    IFF_UP,
    IFLA_ADDRESS,
    IFLA_IFNAME,
    IFLA_INFO_DATA,
    IFLA_INFO_KIND,
    IFLA_INFO_SLAVE_DATA,
    IFLA_INFO_SLAVE_KIND,
    IFLA_LINK,
    IFLA_LINK_NETNSID,
    IFLA_LINKINFO,
    IFLA_MASTER,
    PEER_INFO,
)
from netstrata.protocols.rtnetlink.kinds import Attributes
from netstrata.protocols.rtnetlink.links import IFINFOMSG
from netstrata.protocols.rtnetlink.wire import U32, Malformed, Octets, attribute, attributes, text_of, u32_of

_DETAILS = frozenset((IFLA_IFNAME, IFLA_ADDRESS, IFLA_LINK, IFLA_LINK_NETNSID, IFLA_MASTER, IFLA_LINKINFO))


class LinkDetails(NamedTuple):
    """What kind of link it is, and how it was made."""

    ifindex: int
    name: str
    kind: str
    link: int  # the one it stands on, or the other end of a pair; 0 if that is in another network namespace
    master: int
    common: Attributes  # of the link itself, only those that may be options
    packed_data: bytes
    port_kind: str
    packed_port_data: bytes
    mac: bytes
    up: bool  # administratively

    @property
    def data(self) -> Attributes:
        """How its kind was made; read only when it is asked for, since most links have no options and say much."""
        return _by_type(self.packed_data, 0, len(self.packed_data))

    @property
    def port_data(self) -> Attributes:
        """How it is in its master; read when it is asked for."""
        return _by_type(self.packed_port_data, 0, len(self.packed_port_data))


def encode_new_link(name: str, kind: str, link: int, peer: str, data: Attributes, common: Attributes) -> bytes:
    """Return the body of an RTM_NEWLINK that makes a link; link 0 and no peer are left out."""
    body = IFINFOMSG.pack(AF_UNSPEC, 0, 0, 0, 0) + attribute(IFLA_IFNAME, _packed(name))
    if link:
        body += attribute(IFLA_LINK, U32.pack(link))
    body += _all(common)
    info = attribute(IFLA_INFO_KIND, kind.encode() + b"\0")
    if peer:
        other = IFINFOMSG.pack(AF_UNSPEC, 0, 0, 0, 0) + attribute(IFLA_IFNAME, _packed(peer)) + _all(common)
        data = {**data, PEER_INFO: other}
    if data:
        info += attribute(IFLA_INFO_DATA, _all(data))
    return body + attribute(IFLA_LINKINFO, info)


def encode_link(ifindex: int) -> bytes:
    """Return the body of a message about a link as a whole, as RTM_DELLINK."""
    return IFINFOMSG.pack(AF_UNSPEC, 0, ifindex, 0, 0)


def set_master(ifindex: int, master: int) -> bytes:
    """Return the body of an RTM_NEWLINK that makes a link a port of another one; 0 of none."""
    return encode_link(ifindex) + attribute(IFLA_MASTER, U32.pack(master))


def set_port(ifindex: int, kind: str, data: Attributes) -> bytes:
    """Return the body of an RTM_NEWLINK that says how a port behaves."""
    info = attribute(IFLA_INFO_SLAVE_KIND, kind.encode() + b"\0") + attribute(IFLA_INFO_SLAVE_DATA, _all(data))
    return encode_link(ifindex) + attribute(IFLA_LINKINFO, info)


def pieces_of(data: Attributes) -> tuple[bytes, ...]:
    """Return attributes as they stand in a message, to look for."""
    return tuple(attribute(number, value) for number, value in data.items())


def shows_link(data: Octets, start: int, end: int, name: str, kind: str, mac: bytes) -> bool:
    """Say whether a message is about a link of this name, kind and hardware address, without reading all it says."""
    pieces = (
        attribute(IFLA_IFNAME, _packed(name)),
        attribute(IFLA_INFO_KIND, kind.encode() + b"\0"),
        attribute(IFLA_ADDRESS, mac),
    )
    return all(data.find(piece, start, end) >= 0 for piece in pieces)


def decode_details(data: Octets, start: int, end: int, common: frozenset[int] = frozenset()) -> LinkDetails:
    """Read what a message about a link says of its kind.

    Raises: Malformed.
    """
    if end - start < 16:
        raise Malformed(f"a link in {end - start} bytes")
    name = kind = port_kind = ""
    mac = b""
    link = master = 0
    elsewhere = False
    own: Attributes = {}
    info = port = b""
    for what, value, stop in attributes(data, start + 16, end, _DETAILS | common):
        if what == IFLA_IFNAME:
            name = text_of(data, value, stop)
        elif what == IFLA_ADDRESS:
            mac = bytes(data[value:stop])
        elif what == IFLA_LINK:
            link = u32_of(data, value, stop)
        elif what == IFLA_LINK_NETNSID:
            elsewhere = True
        elif what == IFLA_MASTER:
            master = u32_of(data, value, stop)
        elif what in common:
            own[what] = bytes(data[value:stop])
        elif what == IFLA_LINKINFO:
            for part, first, last in attributes(data, value, stop):
                if part == IFLA_INFO_KIND:
                    kind = text_of(data, first, last)
                elif part == IFLA_INFO_SLAVE_KIND:
                    port_kind = text_of(data, first, last)
                elif part == IFLA_INFO_DATA:
                    info = bytes(data[first:last])
                elif part == IFLA_INFO_SLAVE_DATA:
                    port = bytes(data[first:last])
    _, _, ifindex, flags, _ = IFINFOMSG.unpack_from(data, start)
    below = 0 if elsewhere else link
    up = bool(flags & IFF_UP)
    return LinkDetails(ifindex, name, kind, below, master, own, info, port_kind, port, mac, up)


def _by_type(data: Octets, start: int, end: int) -> Attributes:
    return {what: bytes(data[value:stop]) for what, value, stop in attributes(data, start, end)}


def _all(data: Attributes) -> bytes:
    return b"".join(attribute(number, value) for number, value in data.items())


def _packed(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape") + b"\0"
