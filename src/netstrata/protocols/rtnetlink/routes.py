"""Messages about routes of either family.  Source: rtnetlink(7), linux/rtnetlink.h."""

from struct import Struct
from sys import byteorder
from typing import NamedTuple

from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    RT_SCOPE_HOST,
    RT_SCOPE_LINK,
    RT_SCOPE_UNIVERSE,
    RTA_DST,
    RTA_GATEWAY,
    RTA_METRICS,
    RTA_MULTIPATH,
    RTA_OIF,
    RTA_PREFSRC,
    RTA_PRIORITY,
    RTA_TABLE,
    RTA_VIA,
    RTAX_MTU,
    RTM_F_FIB_MATCH,
    RTN_ANYCAST,
    RTN_BLACKHOLE,
    RTN_BROADCAST,
    RTN_LOCAL,
    RTN_MULTICAST,
    RTN_PROHIBIT,
    RTN_THROW,
    RTN_UNICAST,
    RTN_UNREACHABLE,
    RTNH_F_ONLINK,
    RTPROT_NETSTRATA,
)
from netstrata.protocols.rtnetlink.route_metrics import Metrics, decode_metrics, encode_metrics
from netstrata.protocols.rtnetlink.wire import ATTRIBUTE, Malformed, Octets, attribute, attributes, u32_of

ROUTE_KINDS = {
    "unicast": RTN_UNICAST,
    "local": RTN_LOCAL,
    "broadcast": RTN_BROADCAST,
    "anycast": RTN_ANYCAST,
    "multicast": RTN_MULTICAST,
    "blackhole": RTN_BLACKHOLE,
    "unreachable": RTN_UNREACHABLE,
    "prohibit": RTN_PROHIBIT,
    "throw": RTN_THROW,
}
# Those that lead to a link, and of which scope IPv4 takes them to be.
_SCOPES = {
    RTN_LOCAL: RT_SCOPE_HOST,
    RTN_BROADCAST: RT_SCOPE_LINK,
    RTN_ANYCAST: RT_SCOPE_LINK,
    RTN_MULTICAST: RT_SCOPE_LINK,
}
ON_LINKS = frozenset((RTN_UNICAST, *_SCOPES))

RTMSG = Struct("=BBBBBBBBI")  # family, dst_len, src_len, tos, table, protocol, scope, type, flags
_NUMBER = Struct("=HHI")
_NEXTHOP = Struct("=HBBi")  # rtnexthop: length, flags, hops, link
_DST4 = ATTRIBUTE.pack(8, RTA_DST)
_DST6 = ATTRIBUTE.pack(20, RTA_DST)
_GATEWAY4 = ATTRIBUTE.pack(8, RTA_GATEWAY)
_GATEWAY6 = ATTRIBUTE.pack(20, RTA_GATEWAY)


class NextHop(NamedTuple):
    """One way of a route that has several; hops is its weight, from 1."""

    ifindex: int
    gateway: bytes
    hops: int
    onlink: bool = False


class RouteMessage(NamedTuple):
    """A route as an RTM_NEWROUTE or RTM_DELROUTE tells it.  Addresses are packed; b"" where there is none."""

    family: int
    destination: bytes  # as long as the family's addresses, also for the default route
    prefix: int
    tos: int
    table: int
    protocol: int
    scope: int
    type: int
    flags: int
    gateway: bytes  # of the other family if that is what RTA_VIA says
    ifindex: int  # 0 if it has no link, or several ways
    metric: int
    source: bytes
    nexthops: tuple[NextHop, ...] = ()
    metrics: Metrics = ()

    @property
    def mtu(self) -> int:
        """Its own MTU, 0 if it has none."""
        return next((u32_of(value, 0, len(value)) for number, value in self.metrics if number == RTAX_MTU), 0)

    @property
    def onlink(self) -> bool:
        """Whether the gateway is taken to be on the link, whatever the addresses say."""
        return bool(self.flags & RTNH_F_ONLINK)


def encode_route(
    destination: bytes,
    prefix: int,
    gateway: bytes | None,
    ifindex: int,
    metric: int,
    table: int,
    kind: int,
    source: bytes = b"",
    metrics: Metrics = (),
    onlink: bool = False,
    tos: int = 0,
    scope: int | None = None,
    nexthops: tuple[NextHop, ...] = (),
    protocol: int = RTPROT_NETSTRATA,
) -> bytes:
    """Return the body of an RTM_NEWROUTE or RTM_DELROUTE, marked as ours unless another protocol is said.

    Shapes: the family is the destination's; ifindex 0, metric 0, and what is empty is left out; without a scope it is
    what `ip route` takes, see `scope_of`.
    """
    short = table if table < 256 else 0
    flags = RTNH_F_ONLINK if onlink else 0
    if scope is None:
        scope = scope_of(len(destination), kind, gateway is None and not nexthops)
    size = len(destination)
    family = AF_INET if size == 4 else AF_INET6
    body: bytes = RTMSG.pack(family, prefix, 0, tos, short, protocol, scope, kind, flags)
    body += (_DST4 if size == 4 else _DST6) + destination
    if gateway is not None:
        body += _gateway(gateway, size)
    if source:
        body += attribute(RTA_PREFSRC, source)
    if metrics:
        body += attribute(RTA_METRICS, encode_metrics(metrics))
    if nexthops:
        body += attribute(RTA_MULTIPATH, b"".join(_nexthop(hop, size) for hop in nexthops))
    if ifindex:
        body += _NUMBER.pack(8, RTA_OIF, ifindex)
    if metric:
        body += _NUMBER.pack(8, RTA_PRIORITY, metric)
    if not short:
        body += _NUMBER.pack(8, RTA_TABLE, table)
    return body


def scope_of(size: int, kind: int, direct: bool) -> int:
    """Return of which scope a route is if that is not said; direct is without a gateway."""
    if size != 4:
        return RT_SCOPE_UNIVERSE
    return _SCOPES.get(kind, RT_SCOPE_LINK if kind == RTN_UNICAST and direct else RT_SCOPE_UNIVERSE)


def _nexthop(hop: NextHop, size: int) -> bytes:
    gateway = _gateway(hop.gateway, size) if hop.gateway else b""
    flags = RTNH_F_ONLINK if hop.onlink else 0
    start: bytes = _NEXTHOP.pack(_NEXTHOP.size + len(gateway), flags, hop.hops - 1, hop.ifindex)
    return start + gateway


def _gateway(gateway: bytes, size: int) -> bytes:
    if len(gateway) != size:
        family = AF_INET if len(gateway) == 4 else AF_INET6
        return attribute(RTA_VIA, family.to_bytes(2, byteorder) + gateway)
    return (_GATEWAY4 if size == 4 else _GATEWAY6) + gateway


def ask_way(address: bytes) -> bytes:
    """Return the body of an RTM_GETROUTE that asks which way packets to an address go."""
    family = AF_INET if len(address) == 4 else AF_INET6
    return RTMSG.pack(family, 8 * len(address), 0, 0, 0, 0, 0, 0, 0) + attribute(RTA_DST, address)


def ask_match(destination: bytes, prefix: int, tos: int = 0) -> bytes:
    """Return the body of an RTM_GETROUTE that asks which route counts for an address of a network.

    The second one, because the first one is special in the networks of all addresses.
    """
    family, bits = (AF_INET, 32) if len(destination) == 4 else (AF_INET6, 128)
    address = destination[:-1] + bytes((destination[-1] | 2,)) if bits - prefix >= 2 else destination
    return RTMSG.pack(family, bits, 0, tos, 0, 0, 0, 0, RTM_F_FIB_MATCH) + attribute(RTA_DST, address)


def ask_routes(family: int, table: int, protocol: int, ifindex: int = 0) -> bytes:
    """Return the body of an RTM_GETROUTE dump; protocol 0 and ifindex 0 are any."""
    body = RTMSG.pack(family, 0, 0, 0, table if table < 256 else 0, protocol, 0, 0, 0)
    if table >= 256:
        body += _NUMBER.pack(8, RTA_TABLE, table)
    return body + (_NUMBER.pack(8, RTA_OIF, ifindex) if ifindex else b"")


def destination_of(data: Octets, start: int, end: int) -> bytes:
    """Read only where a route goes: the address and one more byte with the prefix length; b"" for other families.

    Raises: Malformed.
    """
    if end - start < 12:
        raise Malformed(f"a route in {end - start} bytes")
    family = data[start]
    size = 4 if family == AF_INET else 16 if family == AF_INET6 else 0
    if not size:
        return b""
    prefix = data[start + 1 : start + 2]
    # The kernel puts RTA_TABLE first, eight bytes, and then the destination.
    if (
        end - start >= 24 + size
        and data[start + 12] == 8
        and data[start + 20] == size + 4
        and data[start + 22] == RTA_DST
    ):
        return bytes(data[start + 24 : start + 24 + size] + prefix)
    for what, value, stop in attributes(data, start + 12, end):
        if what == RTA_DST:
            return bytes(data[value:stop] + prefix)
    return bytes(b"\0" * size + prefix)


def protocol_of(data: Octets, start: int) -> int:
    """Read only whose a route is, of a message that `destination_of` or the kernel vouches for."""
    return data[start + 5]


def decode_route(data: Octets, start: int, end: int) -> RouteMessage:
    """Read the body of a message about a route.

    Raises: Malformed.
    """
    if end - start < 12:
        raise Malformed(f"a route in {end - start} bytes")
    family, prefix, _, tos, table, protocol, scope, kind, flags = RTMSG.unpack_from(data, start)
    size = 4 if family == AF_INET else 16 if family == AF_INET6 else 0
    destination = gateway = source = b""
    ifindex = metric = 0
    metrics: Metrics = ()
    nexthops: tuple[NextHop, ...] = ()
    for what, value, stop in attributes(data, start + 12, end):
        if what == RTA_DST:
            destination = bytes(data[value:stop])
        elif what == RTA_GATEWAY:
            gateway = bytes(data[value:stop])
        elif what == RTA_OIF:
            ifindex = u32_of(data, value, stop)
        elif what == RTA_PRIORITY:
            metric = u32_of(data, value, stop)
        elif what == RTA_TABLE:
            table = u32_of(data, value, stop)
        elif what == RTA_PREFSRC:
            source = bytes(data[value:stop])
        elif what == RTA_METRICS:
            metrics = decode_metrics(data, value, stop)
        elif what == RTA_VIA:
            gateway = bytes(data[value + 2 : stop])
        elif what == RTA_MULTIPATH:
            nexthops = _nexthops(data, value, stop)
    destination = destination or b"\0" * size
    if size and (len(destination) != size or prefix > 8 * size or len(gateway) not in (0, 4, 16)):
        raise Malformed(f"a route to {len(destination)} bytes, prefix length {prefix}, in family {family}")
    return RouteMessage(
        family,
        destination,
        prefix,
        tos,
        table,
        protocol,
        scope,
        kind,
        flags,
        gateway,
        ifindex,
        metric,
        source,
        nexthops,
        metrics,
    )


def _nexthops(data: Octets, start: int, end: int) -> tuple[NextHop, ...]:
    found: list[NextHop] = []
    at = start
    while end - at >= 8:
        length, flags, hops, ifindex = _NEXTHOP.unpack_from(data, at)
        if length < 8 or length > end - at:
            raise Malformed(f"a next hop of {length} bytes in {end - at}")
        gateway = b""
        for what, value, stop in attributes(data, at + 8, at + length):
            if what == RTA_GATEWAY:
                gateway = bytes(data[value:stop])
            elif what == RTA_VIA:
                gateway = bytes(data[value + 2 : stop])
        found.append(NextHop(ifindex, gateway, hops + 1, bool(flags & RTNH_F_ONLINK)))
        at += (length + 3) & ~3
    return tuple(found)
