"""What is in the kernel's routing tables, kept only as far as somebody asks.

A table may hold a million foreign routes.  The kernel leaves out what is of another table or protocol; what it does
tell goes by in pieces of 32 KiB, and of a table that is not small only what was looked for is kept.
"""

import errno
from collections.abc import Collection

from netstrata.protocols.rtnetlink import (
    Answer,
    Malformed,
    RouteMessage,
    ask_match,
    ask_routes,
    attribute,
    decode_route,
    destination_of,
    messages,
)
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    RT_TABLE_MAIN,
    RTA_DST,
    RTM_F_CLONED,
    RTM_GETROUTE,
    RTM_NEWROUTE,
    RTPROT_KERNEL,
)
from netstrata.protocols.rtnetlink.wire import U32
from netstrata.system.netlink.socket import DUMP_TRIES, RequestSocket
from netstrata.values import mask_bits

_SMALL = 1 << 20  # bytes: some 17,000 routes
_FEW = 16  # destinations that are looked for in the bytes as they come


class Table:
    """The routes of one family and table at one moment, found by destination and decoded when they are asked for."""

    __slots__ = ("_marks", "_places", "_size", "_wanted", "complete", "family", "number", "whole")

    def __init__(
        self, requests: RequestSocket, family: int, number: int, wanted: Collection[bytes], protocol: int = 0
    ) -> None:
        """Read a table; protocol 0 reads the routes of all.

        Shapes: wanted are destinations, each with its prefix length as one more byte; of a small table all are kept.
        """
        self.family = family
        self.number = number
        self._wanted = wanted
        few = wanted if len(wanted) <= _FEW else ()
        self._marks = [_mark_of(where, requests.port) for where in few]
        for _ in range(DUMP_TRIES):
            self._places: dict[bytes, list[bytes]] = {}
            self._size = 0
            self.whole = True
            try:
                answer, complete = requests.stream(RTM_GETROUTE, ask_routes(family, number, protocol), self._take)
            except Malformed:
                complete = False
            # A table that nobody has put anything in does not exist, which is an answer.
            self.complete = complete and (answer is None or answer.errno == errno.ENOENT)
            if self.complete:
                break

    def find(self, destination: bytes, metric: int, tos: int = 0) -> list[RouteMessage]:
        """Return the routes to a destination (with its prefix length as one more byte) that have some metric."""
        routes = (decode_route(body, 0, len(body)) for body in self._places.get(destination, ()))
        return [route for route in routes if has_key(route, self.family, metric, self.number, tos)]

    def _take(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > _SMALL:
            if self.whole:
                self.whole = False
                self._places = {where: self._places[where] for where in self._wanted if where in self._places}
            if self._marks and not any(mark in data for mark in self._marks):
                return
        places, wanted = self._places, None if self.whole else self._wanted
        for message in messages(data, len(data)):
            if message.type == RTM_NEWROUTE:
                destination = destination_of(data, message.start, message.end)
                if wanted is None or destination in wanted:
                    places.setdefault(destination, []).append(data[message.start : message.end])


def _mark_of(destination: bytes, port: int) -> bytes:
    """Return bytes that no datagram lacks in which there is a route to a destination."""
    if destination[-1]:
        return attribute(RTA_DST, destination[:-1])
    # A default route has no such attribute; it begins like this, after the port in the message's header.
    return U32.pack(port) + bytes((AF_INET if len(destination) == 5 else AF_INET6, 0))


def has_key(route: RouteMessage, family: int, metric: int, table: int, tos: int) -> bool:
    """Say whether a route, whose destination is known, stands where one with that metric would."""
    return (
        route.table == table
        and route.metric == metric
        and not route.flags & RTM_F_CLONED
        and (family != AF_INET or route.tos == tos)
    )


def connected_link(requests: RequestSocket, address: bytes) -> int:
    """Return the link in whose network an address is, by the kernel's own routes, 0 for none or if that is not known.

    No rule has a say in it: the kernel does not ask rules for the way to a gateway either, only its tables.
    Source: fib_check_nh_v4_gw in net/ipv4/fib_semantics.c.
    """
    found = (-1, 0)
    family = AF_INET if len(address) == 4 else AF_INET6
    try:
        for data in requests.dump(RTM_GETROUTE, ask_routes(family, RT_TABLE_MAIN, RTPROT_KERNEL)).datagrams:
            for one in messages(data, len(data)):
                if one.type == RTM_NEWROUTE:
                    route = decode_route(data, one.start, one.end)
                    if not route.gateway and mask_bits(address, route.prefix) == route.destination:
                        found = max(found, (route.prefix, route.ifindex))
    except Malformed:
        return 0
    return found[1]


def look_up(requests: RequestSocket, destination: bytes, tos: int = 0) -> RouteMessage | None:
    """Return the route that counts for the first packets to a network, if that is one to just this network.

    It takes 10 us in a table of any size, but does not see routes behind others: with a greater metric, in a table that
    no rule leads to, or to a network of which a part goes elsewhere.
    """
    found = requests.get(RTM_GETROUTE, ask_match(destination[:-1], destination[-1], tos))
    if isinstance(found, Answer):
        return None
    try:
        for one in messages(found, len(found)):
            if one.type == RTM_NEWROUTE and destination_of(found, one.start, one.end) == destination:
                return decode_route(found, one.start, one.end)
    except Malformed:
        pass
    return None
