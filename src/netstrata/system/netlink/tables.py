"""What is in the kernel's routing tables, read only as far as somebody asks."""

import errno

from netstrata.protocols.rtnetlink import (
    Malformed,
    RouteMessage,
    ask_routes,
    decode_route,
    destination_of,
    messages,
)
from netstrata.protocols.rtnetlink.constants import AF_INET, RTM_F_CLONED, RTM_GETROUTE, RTM_NEWROUTE
from netstrata.system.netlink.socket import RequestSocket


class Table:
    """The routes of one family and table at one moment, found by destination and decoded when they are asked for."""

    __slots__ = ("_places", "complete", "family", "number")

    def __init__(self, requests: RequestSocket, family: int, number: int, protocol: int = 0) -> None:
        """Read a table; protocol 0 reads the routes of all."""
        self.family = family
        self.number = number
        self._places: dict[bytes, list[tuple[bytes, int, int]]] = {}
        dump = requests.dump(RTM_GETROUTE, ask_routes(family, number, protocol))
        # A table that nobody has put anything in does not exist, which is an answer.
        self.complete = dump.complete and (dump.answer is None or dump.answer.errno == errno.ENOENT)
        places = self._places
        try:
            for data in dump.datagrams:
                for message in messages(data, len(data)):
                    if message.type == RTM_NEWROUTE:
                        destination = destination_of(data, message.start, message.end)
                        places.setdefault(destination, []).append((data, message.start, message.end))
        except Malformed:
            self.complete = False

    def find(self, destination: bytes, metric: int) -> list[RouteMessage]:
        """Return the routes to a destination (with its prefix length as one more byte) that have some metric."""
        found: list[RouteMessage] = []
        for data, start, end in self._places.get(destination, ()):
            route = decode_route(data, start, end)
            if (
                route.table == self.number
                and route.metric == metric
                and not route.flags & RTM_F_CLONED
                and not (self.family == AF_INET and route.tos)
            ):
                found.append(route)
        return found
