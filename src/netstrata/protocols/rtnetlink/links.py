"""Messages about links.  Source: rtnetlink(7), linux/if_link.h."""

from struct import Struct
from typing import NamedTuple

from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    AF_UNSPEC,
    ARPHRD_ETHER,
    DEVCONF_ACCEPT_DAD,
    DEVCONF_DAD_TRANSMITS,
    IFF_LOOPBACK,
    IFF_NOARP,
    IFF_RUNNING,
    IFF_UP,
    IFLA_ADDRESS,
    IFLA_AF_SPEC,
    IFLA_ALT_IFNAME,
    IFLA_CARRIER,
    IFLA_CARRIER_CHANGES,
    IFLA_EXT_MASK,
    IFLA_IFNAME,
    IFLA_INET6_CONF,
    IFLA_INET_CONF,
    IFLA_INFO_KIND,
    IFLA_LINK,
    IFLA_LINK_NETNSID,
    IFLA_LINKINFO,
    IFLA_MASTER,
    IFLA_MTU,
    IFLA_OPERSTATE,
    IFLA_PROP_LIST,
    IPV4_DEVCONF_PROMOTE_SECONDARIES,
    NLA_TYPE_MASK,
    RTEXT_FILTER_SKIP_STATS,
)
from netstrata.protocols.rtnetlink.wire import ATTRIBUTE, U32, Malformed, Octets, attribute, attributes, text_of, u32_of

IFINFOMSG = Struct("=BxHiII")  # family, ARPHRD type, index, flags, change
_NO_STATISTICS = attribute(IFLA_EXT_MASK, U32.pack(RTEXT_FILTER_SKIP_STATS))


class LinkMessage(NamedTuple):
    """A link as an RTM_NEWLINK or RTM_DELLINK tells it; family is AF_BRIDGE when a bridge speaks of a port."""

    family: int
    arphrd: int
    ifindex: int
    flags: int
    name: str
    mac: bytes
    mtu: int
    master: int
    kind: str
    carrier: int  # what the driver says; -1 if the kernel did not say
    operstate: int
    altnames: tuple[str, ...]

    @property
    def up(self) -> bool:
        """Administratively up."""
        return bool(self.flags & IFF_UP)

    @property
    def running(self) -> bool:
        """Administratively up, and the other end is there."""
        return bool(self.flags & IFF_RUNNING)

    @property
    def ethernet(self) -> bool:
        """Has Ethernet frames."""
        return self.arphrd == ARPHRD_ETHER


def decode_link(data: Octets, start: int, end: int) -> LinkMessage:
    """Read the body of a message about a link.

    Raises: Malformed.
    """
    if end - start < 16:
        raise Malformed(f"a link in {end - start} bytes")
    family, arphrd, ifindex, flags, _ = IFINFOMSG.unpack_from(data, start)
    name = kind = ""
    mac = b""
    mtu = master = operstate = 0
    carrier = -1
    altnames: tuple[str, ...] = ()
    unpack = ATTRIBUTE.unpack_from
    at = start + 16
    while end - at >= 4:
        length, what = unpack(data, at)
        if length < 4 or length > end - at:
            raise Malformed(f"an attribute of {length} bytes in {end - at}")
        what &= NLA_TYPE_MASK
        value = at + 4
        stop = at + length
        if what == IFLA_IFNAME:
            name = text_of(data, value, stop)
        elif what == IFLA_ADDRESS:
            mac = bytes(data[value:stop])
        elif what == IFLA_MTU:
            mtu = u32_of(data, value, stop)
        elif what == IFLA_MASTER:
            master = u32_of(data, value, stop)
        elif what == IFLA_OPERSTATE and length > 4:
            operstate = data[value]
        elif what == IFLA_CARRIER and length > 4:
            carrier = data[value]
        elif what == IFLA_LINKINFO:
            kind = next((text_of(data, a, b) for t, a, b in attributes(data, value, stop) if t == IFLA_INFO_KIND), "")
        elif what == IFLA_PROP_LIST:
            altnames = tuple(text_of(data, a, b) for t, a, b in attributes(data, value, stop) if t == IFLA_ALT_IFNAME)
        at += (length + 3) & ~3
    return LinkMessage(family, arphrd, ifindex, flags, name, mac, mtu, master, kind, carrier, operstate, altnames)


def ask_link(ifindex: int) -> bytes:
    """Return the body of an RTM_GETLINK for one link by index."""
    return IFINFOMSG.pack(AF_UNSPEC, 0, ifindex, 0, 0) + _NO_STATISTICS


def ask_link_named(name: bytes) -> bytes:
    """Return the body of an RTM_GETLINK for one link by its name or another name it goes by."""
    which = IFLA_IFNAME if len(name) < 16 else IFLA_ALT_IFNAME
    return IFINFOMSG.pack(AF_UNSPEC, 0, 0, 0, 0) + _NO_STATISTICS + attribute(which, name + b"\0")


def ask_links() -> bytes:
    """Return the body of an RTM_GETLINK dump."""
    return IFINFOMSG.pack(AF_UNSPEC, 0, 0, 0, 0) + _NO_STATISTICS


def lower_link(data: Octets, start: int, end: int) -> int:
    """Read on which link another one stands, 0 for none in this namespace.

    Raises: Malformed.
    """
    shown = {what: (first, last) for what, first, last in attributes(data, start + IFINFOMSG.size, end)}
    return u32_of(data, *shown[IFLA_LINK]) if IFLA_LINK in shown and IFLA_LINK_NETNSID not in shown else 0


def set_up(ifindex: int, up: bool) -> bytes:
    """Return the body of an RTM_NEWLINK that sets a link administratively up or down and changes nothing else."""
    return IFINFOMSG.pack(AF_UNSPEC, 0, ifindex, IFF_UP if up else 0, IFF_UP)


def set_promotion(ifindex: int, on: bool) -> bytes:
    """Return the body of an RTM_NEWLINK that says whether a secondary IPv4 address takes the primary's place."""
    setting = attribute(IPV4_DEVCONF_PROMOTE_SECONDARIES, U32.pack(int(on)))
    nested = attribute(IFLA_AF_SPEC, attribute(AF_INET, attribute(IFLA_INET_CONF, setting)))
    return IFINFOMSG.pack(AF_UNSPEC, 0, ifindex, 0, 0) + nested


def carrier_changes(data: Octets, start: int, end: int) -> int:
    """Read from the body of an RTM_NEWLINK how often the link has got or lost its carrier; -1 if the kernel is mum.

    Raises: Malformed.
    Source: Linux 3.15, IFLA_CARRIER_CHANGES.
    """
    for what, value, stop in attributes(data, start + 16, end):
        if what == IFLA_CARRIER_CHANGES:
            return u32_of(data, value, stop)
    return -1


def promotes(data: Octets, start: int, end: int) -> bool:
    """Read from the body of an RTM_NEWLINK whether a secondary IPv4 address takes the primary's place.

    Raises: Malformed.
    """
    return _setting(data, start, end, AF_INET, IFLA_INET_CONF, IPV4_DEVCONF_PROMOTE_SECONDARIES - 1) > 0


def asks_for_duplicates(data: Octets, start: int, end: int) -> bool:
    """Read from the body of an RTM_NEWLINK whether others on the link are asked if they have an IPv6 address of ours.

    Of a kernel that does not say it is assumed.
    Raises: Malformed.
    """
    flags = IFINFOMSG.unpack_from(data, start)[3]
    settings = (
        _setting(data, start, end, AF_INET6, IFLA_INET6_CONF, at) for at in (DEVCONF_ACCEPT_DAD, DEVCONF_DAD_TRANSMITS)
    )
    return not flags & (IFF_LOOPBACK | IFF_NOARP) and all(settings)


def _setting(data: Octets, start: int, end: int, family: int, settings: int, number: int) -> int:
    """Read a setting of a family from the body of an RTM_NEWLINK; -1 if the kernel is mum.

    Raises: Malformed.
    """
    at = 4 * number
    for what, first, last in attributes(data, start + 16, end):
        if what == IFLA_AF_SPEC:
            for of, a, b in attributes(data, first, last):
                for kind, value, stop in attributes(data, a, b) if of == family else ():
                    if kind == settings and stop - value >= at + 4:
                        return u32_of(data, value + at, stop)
    return -1
