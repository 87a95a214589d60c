"""The routes that the kernel makes for each address, to its network and to itself, which somebody may delete alone.

What is heard to go, or that something was put in its place, must be there again as long as its address is, and its link
is up.  Of what went unheard only the routes that the kernel always makes can be missed.

For an IPv4 address beside another one of its network the kernel makes none: it takes that one to have it.  If that one
has `noprefixroute`, there is none; then it is made here, as the kernel would, which takes it away with its address.
Source: fib_add_ifaddr in net/ipv4/fib_frontend.c, inet6_addr_add in net/ipv6/addrconf.c.
"""

from collections.abc import Iterable

from netstrata.protocols.rtnetlink import (
    AddressMessage,
    LinkMessage,
    Malformed,
    RouteMessage,
    ask_link,
    ask_routes,
    decode_link,
    decode_route,
    encode_route,
    messages,
)
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    IFA_F_NOPREFIXROUTE,
    IFA_F_SECONDARY,
    IFA_F_TENTATIVE,
    NLM_F_APPEND,
    NLM_F_CREATE,
    RT_TABLE_LOCAL,
    RT_TABLE_MAIN,
    RTM_GETLINK,
    RTM_GETROUTE,
    RTM_NEWROUTE,
    RTN_LOCAL,
    RTN_UNICAST,
    RTPROT_KERNEL,
)
from netstrata.protocols.rtnetlink.wire import HEADER_SIZE
from netstrata.system.netlink.held_address import AddressKey, HeldAddress, key_of
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.netlink.tables import look_up
from netstrata.values import mask_bits

Way = tuple[int, bytes, int, int]  # link, network, prefix length, type


class ConnectedRoutes:
    """Routes of the kernel itself that went, or may have gone, and those that it does not make."""

    __slots__ = ("_came_up", "_dropped", "_made", "_networks", "_requests", "_secondary", "_stood")

    def __init__(self, requests: RequestSocket) -> None:
        self._requests = requests
        self._dropped: set[Way] = set()
        self._networks: dict[bytes, set[AddressKey]] = {}  # with the prefix length as one more byte
        self._secondary: set[AddressKey] = set()  # IPv4 addresses beside others of their network
        self._made: set[AddressKey] = set()  # those of them whose route is made here, or may have to be
        self._came_up: set[int] = set()  # links
        self._stood: set[Way] = set()  # that were there when they were looked for in this turn of the event loop

    def added(self, key: AddressKey) -> None:
        """Watch the route to an address' network."""
        self._networks.setdefault(network_of(key), set()).add(key)

    def removed(self, key: AddressKey) -> None:
        """Watch it no more."""
        self._made.discard(key)
        there = self._networks.get(network_of(key), set())
        there.discard(key)
        if not there:
            self._networks.pop(network_of(key), None)

    def replaced(self, destination: bytes) -> None:
        """Note that somebody has put a route there, perhaps in the place of one of the kernel itself."""
        for key in self._networks.get(destination, ()):
            self._dropped.add((key[0], destination[:-1], destination[-1], RTN_UNICAST))

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
            key = key_of(one)
            for way in _ways_of(key, has_route):
                if any(way[1]):
                    self._dropped.add(way)

    def missing(self, addresses: Iterable[HeldAddress]) -> dict[AddressKey, Way]:
        """Return which of some addresses lack a route that went, and which one that is; then all is forgotten."""
        self._stood.clear()
        came_up, self._came_up = self._came_up, set()
        for key in [one for one in self._made if one[0] in came_up]:
            self.make(key)
        dropped, self._dropped = self._dropped, set()
        links = {way[0] for way in dropped}
        concerned: dict[AddressKey, list[Way]] = {}
        for held in addresses if dropped else ():
            if held.key[0] in links:
                all_ways = _ways_of(held.key, held.connects)
                ways = [way for way in all_ways if way in dropped and not self._counts(way)]
                if ways:
                    concerned[held.key] = ways
        there: set[Way] = set()
        for ifindex, size in {(key[0], len(key[1])) for key in concerned}:
            standing = self._standing(ifindex, AF_INET if size == 4 else AF_INET6)
            there |= dropped if standing is None else standing.keys()
        lacking = {key: [way for way in ways if way not in there] for key, ways in concerned.items()}
        return {key: ways[0] for key, ways in lacking.items() if ways}

    def make(self, key: AddressKey) -> None:
        """Make the route to an address' network if neither the kernel nor anybody else has."""
        ifindex, address, prefix, peer = key
        way = (ifindex, mask_bits(peer, prefix), prefix, RTN_UNICAST)
        if key not in self._secondary or prefix == 32 or way in self._stood or self._counts(way):
            return
        there = self._standing(ifindex, AF_INET)
        if there is not None and way in there:
            self._stood.add(way)
            return
        self._made.add(key)
        if there is not None:
            table = there.get((ifindex, address, 32, RTN_LOCAL), RT_TABLE_LOCAL)
            table = RT_TABLE_MAIN if table == RT_TABLE_LOCAL else table  # that of a VRF has both
            how = (None, ifindex, 0, table, RTN_UNICAST, address)
            body = encode_route(way[1], prefix, *how, protocol=RTPROT_KERNEL)
            self._requests.request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, body)

    def heard(self, address: AddressMessage, *, new: bool) -> None:
        """Note whether an address stands beside another one."""
        key = key_of(address)
        if new and address.flags & IFA_F_SECONDARY and address.family == AF_INET:
            self._secondary.add(key)
        else:
            self._secondary.discard(key)

    def link_heard(self, _: int, link: LinkMessage) -> None:
        """Note that the kernel has made its routes again; those made here went when the link was set down, unheard."""
        if link.up and self._made:
            self._came_up.add(link.ifindex)

    def _counts(self, way: Way) -> bool:
        """Say whether a route is the one that the kernel would take."""
        found = look_up(self._requests, way[1] + bytes((way[2],)))
        return found is not None and found.protocol == RTPROT_KERNEL and _way(found) == way

    def _standing(self, ifindex: int, family: int) -> dict[Way, int] | None:
        """Return the kernel's own routes on a link, with their tables; None if it is down, or they cannot be read.

        What is set up brings them back by itself.
        """
        link = self._requests.get(RTM_GETLINK, ask_link(ifindex))
        if not isinstance(link, bytes) or not decode_link(link, HEADER_SIZE, len(link)).up:
            return None
        there: dict[Way, int] = {}

        def take(data: bytes) -> None:
            for one in messages(data, len(data)):
                if one.type == RTM_NEWROUTE:
                    route = decode_route(data, one.start, one.end)
                    way = _way(route)
                    there[way] = route.table
                    if way[2] < 8 * len(way[1]):
                        there[*way[:3], RTN_UNICAST] = route.table  # a whole network is local on the loopback link

        try:
            answer, complete = self._requests.stream(RTM_GETROUTE, ask_routes(family, 0, RTPROT_KERNEL, ifindex), take)
        except Malformed:
            return None
        return there if complete and answer is None else None


def network_of(key: AddressKey) -> bytes:
    """Return the network that an address connects, with its prefix length as one more byte."""
    _, local, prefix, other = key
    return mask_bits(other if len(local) == 4 else local, prefix) + bytes((prefix,))


def _way(route: RouteMessage) -> Way:
    return route.ifindex, route.destination, route.prefix, route.type


def _ways_of(key: AddressKey, has_route: bool) -> list[Way]:
    """Return the routes that the kernel makes for an address: to its network, to its other end, to itself.

    IPv4 takes the network of the other end.
    """
    ifindex, local, prefix, other = key
    bits = 8 * len(local)
    ways: list[Way] = []
    network = mask_bits(other if bits == 32 else local, prefix)
    if has_route and (network, prefix) != (local, bits):
        ways.append((ifindex, network, prefix, RTN_UNICAST))
    if other != local and bits == 128:
        ways.append((ifindex, other, bits, RTN_UNICAST))
    return [*ways, (ifindex, local, bits, RTN_LOCAL)]
