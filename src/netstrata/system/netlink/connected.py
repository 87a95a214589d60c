"""The routes that the kernel makes for each address, to its network and to itself, which somebody may delete alone.

What is heard to go must be there again as long as its address is, and its link is up.  Of what went unheard only the
routes that the kernel always makes can be missed.
Source: fib_add_ifaddr in net/ipv4/fib_frontend.c, inet6_addr_add in net/ipv6/addrconf.c.
"""

from collections.abc import Iterable

from netstrata.protocols.rtnetlink import (
    AddressMessage,
    Malformed,
    RouteMessage,
    ask_link,
    ask_routes,
    decode_link,
    decode_route,
    messages,
)
from netstrata.protocols.rtnetlink.constants import (
    IFA_F_NOPREFIXROUTE,
    IFA_F_TENTATIVE,
    RTM_GETLINK,
    RTM_GETROUTE,
    RTM_NEWROUTE,
    RTN_LOCAL,
    RTN_UNICAST,
    RTPROT_KERNEL,
)
from netstrata.protocols.rtnetlink.wire import HEADER_SIZE
from netstrata.system.netlink.held_address import AddressKey, HeldAddress
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.netlink.tables import look_up
from netstrata.values import mask_bits

Way = tuple[int, bytes, int, int]  # link, network, prefix length, type


class ConnectedRoutes:
    """Routes of the kernel itself that went, or may have gone, until they have been looked for."""

    __slots__ = ("_dropped", "_requests")

    def __init__(self, requests: RequestSocket) -> None:
        self._requests = requests
        self._dropped: set[Way] = set()

    def dropped(self, route: RouteMessage) -> None:
        """Note that a route went."""
        if route.type in (RTN_UNICAST, RTN_LOCAL):
            self._dropped.add(_way(route))

    def doubt(self, addresses: Iterable[AddressMessage]) -> None:
        """Note that the routes of some addresses may have gone, unheard."""
        for one in addresses:
            if one.flags & IFA_F_TENTATIVE:
                continue  # IPv6 makes the route to the address itself when it is no longer tentative
            has_route = not one.flags & IFA_F_NOPREFIXROUTE
            key = one.ifindex, one.local, one.prefix, one.address
            for way in _ways_of(key, has_route):
                if any(way[1]) and (way[1:] != (one.local, 8 * len(one.local), RTN_UNICAST)):
                    self._dropped.add(way)

    def missing(self, addresses: Iterable[HeldAddress]) -> dict[AddressKey, Way]:
        """Return which of some addresses lack a route that went, and which one that is; then all is forgotten."""
        dropped, self._dropped = self._dropped, set()
        links = {way[0] for way in dropped}
        concerned: dict[AddressKey, list[Way]] = {}
        for held in addresses if dropped else ():
            if held.key[0] in links:
                all_ways = _ways_of(held.key, held.has_route)
                ways = [way for way in all_ways if way in dropped and not self._counts(way)]
                if ways:
                    concerned[held.key] = ways
        there: set[Way] = set()
        for ifindex, size in {(key[0], len(key[1])) for key in concerned}:
            there |= self._standing(ifindex, 2 if size == 4 else 10, dropped)
        lacking = {key: [way for way in ways if way not in there] for key, ways in concerned.items()}
        return {key: ways[0] for key, ways in lacking.items() if ways}

    def _counts(self, way: Way) -> bool:
        """Say whether a route is the one that the kernel would take."""
        found = look_up(self._requests, way[1] + bytes((way[2],)))
        return found is not None and found.protocol == RTPROT_KERNEL and _way(found) == way

    def _standing(self, ifindex: int, family: int, dropped: set[Way]) -> set[Way]:
        """Return the kernel's own routes on a link; all of them if it is down, which brings them back by itself."""
        link = self._requests.get(RTM_GETLINK, ask_link(ifindex))
        if not isinstance(link, bytes) or not decode_link(link, HEADER_SIZE, len(link)).up:
            return dropped
        there: set[Way] = set()

        def take(data: bytes) -> None:
            for one in messages(data, len(data)):
                if one.type == RTM_NEWROUTE:
                    way = _way(decode_route(data, one.start, one.end))
                    there.add(way)
                    if way[2] < 8 * len(way[1]):
                        there.add((*way[:3], RTN_UNICAST))  # a whole network is local on the loopback link

        try:
            answer, complete = self._requests.stream(RTM_GETROUTE, ask_routes(family, 0, RTPROT_KERNEL, ifindex), take)
        except Malformed:
            return dropped
        return there if complete and answer is None else dropped


def _way(route: RouteMessage) -> Way:
    return route.ifindex, route.destination, route.prefix, route.type


def _ways_of(key: AddressKey, has_route: bool) -> list[Way]:
    """Return the routes that the kernel makes for an address: to its network, to its other end, to itself.

    IPv4 takes the network of the other end.
    """
    ifindex, local, prefix, other = key
    bits = 8 * len(local)
    ways: list[Way] = []
    if has_route:
        ways.append((ifindex, mask_bits(other if bits == 32 else local, prefix), prefix, RTN_UNICAST))
    if other != local and bits == 128:
        ways.append((ifindex, other, bits, RTN_UNICAST))
    return [*ways, (ifindex, local, bits, RTN_LOCAL)]
