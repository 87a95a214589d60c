"""What routes of both families have in common: tables, how they are told of, and which one counts for an address."""

import errno
from collections import Counter
from collections.abc import Iterator
from struct import Struct
from sys import byteorder
from typing import ClassVar, Protocol

from netstrata.protocols.rtnetlink import NextHop, RouteMessage, decode_route
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    RT_TABLE_MAIN,
    RTA_DST,
    RTA_GATEWAY,
    RTA_METRICS,
    RTA_MULTIPATH,
    RTA_OIF,
    RTA_PREFSRC,
    RTA_PRIORITY,
    RTA_TABLE,
    RTA_VIA,
    RTM_F_CLONED,
    RTM_F_FIB_MATCH,
    RTN_LOCAL,
)
from netstrata.protocols.rtnetlink.route_metrics import METRICS, encode_metrics
from netstrata.protocols.rtnetlink.routes import RTMSG
from netstrata.protocols.rtnetlink.wire import U32, attribute
from netstrata.testing.model.links import Links
from netstrata.testing.model.messages import NotModelled, Refusal, Request, known_attributes
from netstrata.values import mask_bits

RTA_PREF = 20
RTA_UID = 25
RTNH_F_LINKDOWN = 16
TABLE_LOCAL, TABLE_COMPAT = 255, 252
_METRICS = [row.attribute for row in METRICS.values()]
_NEXTHOP = Struct("=HBBi")
_ASKED = (
    RTA_DST, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC, RTA_METRICS, RTA_TABLE, RTA_VIA, RTA_UID, RTA_PREF,
)  # fmt: skip

Where = tuple[bytes, int]  # masked destination, prefix length
Table = dict[Where, list[RouteMessage]]


class RoutesHost(Protocol):
    """The host that routes are of: what they ask of its links, addresses and rules."""

    links: Links

    def has_address(self, address: bytes) -> bool: ...
    def source_towards(self, route: RouteMessage) -> bytes: ...
    def look_up(self, family: int, address: bytes, ifindex: int = 0) -> RouteMessage: ...
    def tell(self, group: int, kind: int, body: bytes, flags: int = 0, sequence: int = 0, port: int = 0) -> None: ...


class Routes:
    """The routing tables of one family."""

    family: ClassVar[int]
    group: ClassVar[int]
    bits: ClassVar[int]

    def __init__(self, host: RoutesHost) -> None:
        self._host = host
        self.tables: dict[int, Table] = {}
        self._lengths: dict[int, Counter[int]] = {}  # of each table: prefix lengths, the number of networks

    # What is in the tables

    def at(self, table: int, destination: bytes, prefix: int) -> list[RouteMessage]:
        """Return the routes to one network, the first one counts."""
        return self.tables.get(table, {}).get((destination, prefix), [])

    def insert(self, route: RouteMessage, position: int) -> None:
        """Put a route before the one at a position of those to its network."""
        where = (route.destination, route.prefix)
        there = self.tables.setdefault(route.table, {}).setdefault(where, [])
        if not there:
            self._lengths.setdefault(route.table, Counter())[route.prefix] += 1
        there.insert(position, route)

    def take(self, route: RouteMessage) -> None:
        """Take a route away, without a word."""
        where = (route.destination, route.prefix)
        there = self.tables[route.table][where]
        del there[next(n for n, one in enumerate(there) if one is route)]
        if not there:
            del self.tables[route.table][where]
            self._lengths[route.table][route.prefix] -= 1

    def all(self) -> Iterator[RouteMessage]:
        """Yield all routes in the order in which the kernel shows them."""
        for number in sorted(self.tables, key=lambda table: table & 255):
            table = self.tables[number]
            for where in sorted(table, key=self.position):
                yield from list(table[where])

    def position(self, where: Where) -> tuple[bytes, int]:
        """Return by what the kernel sorts networks."""
        raise NotImplementedError

    def of_link(self, ifindex: int) -> list[RouteMessage]:
        """Return the routes over a link."""
        return [route for route in self.all() if route.ifindex == ifindex]

    # Requests

    def dump(self, request: Request) -> list[bytes]:
        """Return the bodies of the routes that are asked for."""
        asked = self.asked(request)
        shown = (
            route
            for route in self.shown()
            if (not asked.table or route.table == asked.table)
            and (not asked.protocol or route.protocol == asked.protocol)
            and (not asked.type or route.type == asked.type)
            and (not asked.ifindex or asked.ifindex in (route.ifindex, *(hop.ifindex for hop in route.nexthops)))
        )
        return [self.body(route) for route in shown]

    def shown(self) -> Iterator[RouteMessage]:
        """Yield all routes as a dump tells them."""
        return self.all()

    def get(self, request: Request) -> bytes:
        """Return which way packets to an address go, or the route that says so."""
        asked = self.asked(request)
        if asked.prefix != self.bits:
            raise NotModelled("a way to a whole network")
        found = self._host.look_up(self.family, asked.destination)
        if request.body[8:12] == U32.pack(RTM_F_FIB_MATCH):
            return self.body(found)
        source = found.source or self._host.source_towards(found)
        return self.body(
            found._replace(
                destination=asked.destination, prefix=self.bits, source=source, flags=RTM_F_CLONED, metric=0,
            )
        )  # fmt: skip

    def match(self, table: int, address: bytes) -> Iterator[RouteMessage]:
        """Yield the routes of a table to an address, the closest network first."""
        networks = self.tables.get(table, {})
        for prefix, count in sorted(self._lengths.get(table, {}).items(), reverse=True):
            if count:
                yield from networks.get((mask_bits(address, prefix), prefix), ())

    def asked(self, request: Request) -> RouteMessage:
        """Read a route from a request.

        Raises: NotModelled.
        """
        given = request.attributes(RTMSG.size, _ASKED)
        known_attributes("metrics of a route", given.get(RTA_METRICS, b""), 0, _METRICS)
        return decode_route(request.body, 0, len(request.body))

    # Messages

    def tell(self, kind: int, route: RouteMessage, flags: int = 0, request: Request | None = None) -> None:
        """Tell all who listen to the routes of this family."""
        port, sequence = (request.port, request.sequence) if request is not None else (0, 0)
        self._host.tell(self.group, kind, self.body(route), flags, sequence, port)

    def body(self, route: RouteMessage) -> bytes:
        """Return the body of a message about a route, in the kernel's order."""
        short = route.table if route.table < 256 else TABLE_COMPAT
        flags = route.flags | (self._linkdown(route.ifindex) if route.type != RTN_LOCAL else 0)
        said = RTMSG.pack(
            route.family, route.prefix, 0, route.tos, short, route.protocol, route.scope, route.type, flags
        ) + attribute(RTA_TABLE, U32.pack(route.table))
        if route.prefix:
            said += attribute(RTA_DST, route.destination)
        if route.metric or self.family == AF_INET6:
            said += attribute(RTA_PRIORITY, U32.pack(route.metric))
        if route.metrics:
            said += attribute(RTA_METRICS, encode_metrics(route.metrics))
        if route.source:
            said += attribute(RTA_PREFSRC, route.source)
        if route.nexthops:
            said += attribute(RTA_MULTIPATH, b"".join(self._hop(hop) for hop in route.nexthops))
        else:
            said += self._gateway(route.gateway)
            if route.ifindex:
                said += attribute(RTA_OIF, U32.pack(route.ifindex))
        return said + (attribute(RTA_PREF, b"\0") if self.family == AF_INET6 else b"")

    def _gateway(self, gateway: bytes) -> bytes:
        if not gateway:
            return b""
        if 8 * len(gateway) == self.bits:
            return attribute(RTA_GATEWAY, gateway)
        family = AF_INET if len(gateway) == 4 else AF_INET6
        return attribute(RTA_VIA, family.to_bytes(2, byteorder) + gateway)

    def _hop(self, hop: NextHop) -> bytes:
        gateway = self._gateway(hop.gateway)
        return _NEXTHOP.pack(8 + len(gateway), self._linkdown(hop.ifindex), hop.hops - 1, hop.ifindex) + gateway

    def _linkdown(self, ifindex: int) -> int:
        link = self._host.links.by_index.get(ifindex)
        if link is None:
            return 0
        usable = link.carrier or not link.up if self.family == AF_INET else link.was_operational
        return 0 if usable else RTNH_F_LINKDOWN

    # What is refused in both families

    def check_table(self, table: int) -> None:
        """Refuse a table that nobody has put anything into."""
        if table not in self.tables and table not in (RT_TABLE_MAIN, TABLE_LOCAL):
            raise Refusal(errno.ESRCH, "FIB table does not exist")

    def check_link(self, ifindex: int) -> None:
        """Refuse a link that is not there."""
        if ifindex and ifindex not in self._host.links.by_index:
            raise Refusal(errno.ENODEV)
