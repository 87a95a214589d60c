"""One route that is held, and how it is told from what else goes to the same destination."""

from netstrata.ports.kernel import Route
from netstrata.protocols.rtnetlink import ROUTE_KINDS, NextHop, RouteMessage, encode_route
from netstrata.protocols.rtnetlink.constants import AF_INET, AF_INET6, RTN_UNICAST, RTPROT_NETSTRATA
from netstrata.protocols.rtnetlink.route_filter import Network
from netstrata.protocols.rtnetlink.route_metrics import pack_metrics, with_mtu
from netstrata.protocols.rtnetlink.routes import ON_LINKS, scope_of
from netstrata.system.held import Held
from netstrata.system.netlink.refusals import spec_words


class HeldRoute(Held):
    """A route that is held; its ways with links by index, its metric as the kernel shows it."""

    __slots__ = ("destination", "key", "links", "metric", "metrics", "mtu", "record", "route", "scope", "table", "ways")
    noun = "route"

    def __init__(self, route: Route, table: int, ways: tuple[NextHop, ...], metric: int, destination: bytes) -> None:
        super().__init__()
        self.route = route
        self.table = table
        self.ways = ways  # none if it leads to no link
        self.metric = metric
        self.metrics = pack_metrics(route.metrics)
        self.mtu = route.mtu  # less where its links take no more
        self.destination = destination  # masked, with the prefix length as one more byte
        self.key = (destination, metric, table, route.tos)
        direct = not any(way.gateway for way in ways)
        size = len(route.destination)
        self.scope = scope_of(size, ROUTE_KINDS[route.kind], direct) if route.scope is None else route.scope
        self.links = tuple(dict.fromkeys(way.ifindex for way in ways))
        self.record = self._encoded()

    @property
    def words(self) -> str:
        """The route as a user says it."""
        return spec_words(self.route)

    @property
    def network(self) -> Network:
        """The family and the prefix length."""
        return self.family, self.route.prefix

    @property
    def family(self) -> int:
        """AF_INET or AF_INET6."""
        return AF_INET if len(self.route.destination) == 4 else AF_INET6

    @property
    def body(self) -> bytes:
        """The message that makes it, with the MTU that fits its links."""
        return self.record if self.mtu == self.route.mtu else self._encoded()

    def _encoded(self) -> bytes:
        one = self.route
        only = self.ways[0] if self.ways and not one.hops else NextHop(0, b"", 1)
        return encode_route(
            *(self.destination[:-1], one.prefix, only.gateway or None, only.ifindex, self.metric, self.table),
            *(ROUTE_KINDS[one.kind], one.source, with_mtu(self.metrics, self.mtu), only.onlink),
            *(one.tos, self.scope, self.ways if one.hops else ()),
        )

    def stands(self, found: list[RouteMessage]) -> bool:
        """Say whether this is what counts of the routes to one destination, with one metric and in one table.

        Of IPv4 routes that is the first one; IPv6 takes them for several ways.
        """
        return any(self.is_same(one) for one in (found if self.family == AF_INET6 else found[:1]))

    def is_same(self, found: RouteMessage) -> bool:
        """Say whether a route to the same destination, with the same metric and in the same table, is this one."""
        route = self.route
        if found.source != route.source or found.metrics != with_mtu(self.metrics, self.mtu):
            return False
        if self.ours and found.protocol != RTPROT_NETSTRATA and not found.nexthops:
            return False  # somebody has put the same in its place
        if self.family == AF_INET and found.scope != self.scope:
            return False
        if found.type != ROUTE_KINDS[route.kind]:
            return False
        there = _ways_of(found)
        if self.family == AF_INET or not found.nexthops:
            return there == self.ways
        # IPv6 keeps one route with several ways where several routes were added; ours can be taken out again.
        return set(self.ways) <= set(there)

    def is_changed_in(self, found: list[RouteMessage]) -> bool:
        """Say whether what counts is ours by its mark and a way, but not as it was made, and is not there besides."""
        if not self.ours or any(self.is_same(one) for one in found):
            return False
        counting = found if self.family == AF_INET6 else found[:1]
        return any(one.protocol == RTPROT_NETSTRATA and self._goes_there(one) for one in counting)

    def _goes_there(self, found: RouteMessage) -> bool:
        """Say whether a route is of the same kind and has one of our ways, whatever its weight."""
        if found.type != ROUTE_KINDS[self.route.kind]:
            return False
        ours = {(way.ifindex, way.gateway) for way in self.ways}
        return not ours or any((way.ifindex, way.gateway) in ours for way in _ways_of(found))


def lead_alike(one: RouteMessage, other: RouteMessage) -> bool:
    """Say whether two routes have a way in common, whatever its weight, or both have none."""
    some, more = ({(way.ifindex, way.gateway) for way in _ways_of(route)} for route in (one, other))
    return not some.isdisjoint(more) or some == more


def _ways_of(found: RouteMessage) -> tuple[NextHop, ...]:
    """Return the ways of a route, none if it leads to no link; what is on the link is said of unicast routes alone."""
    if found.type not in ON_LINKS:
        return ()
    if found.nexthops:
        return found.nexthops
    onlink = found.onlink and found.type == RTN_UNICAST
    return (NextHop(found.ifindex, found.gateway, 1, onlink),)
