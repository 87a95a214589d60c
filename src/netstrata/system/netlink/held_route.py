"""One route that is held, and how it is told from what else goes to the same destination."""

from netstrata.ports.kernel import Route
from netstrata.protocols.rtnetlink import ROUTE_KINDS, RouteMessage, encode_route
from netstrata.protocols.rtnetlink.constants import AF_INET, AF_INET6, RTN_UNICAST, RTPROT_NETSTRATA
from netstrata.protocols.rtnetlink.route_filter import Network
from netstrata.system.held import Held
from netstrata.system.netlink.refusals import spec_words


class HeldRoute(Held):
    """A route that is held; its link by index, its metric as the kernel shows it."""

    __slots__ = ("destination", "ifindex", "key", "metric", "mtu", "record", "route", "table")
    noun = "route"

    def __init__(self, route: Route, table: int, ifindex: int, metric: int, destination: bytes, body: bytes) -> None:
        super().__init__()
        self.route = route
        self.table = table
        self.ifindex = ifindex
        self.metric = metric
        self.mtu = route.mtu  # less where its link takes no more
        self.destination = destination  # masked, with the prefix length as one more byte
        self.key = (destination, metric, table)
        self.record = body

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
        """The message that makes it, with the MTU that fits its link."""
        one = self.route
        if self.mtu == one.mtu:
            return self.record
        how = (
            one.gateway,
            self.ifindex,
            self.metric,
            self.table,
            ROUTE_KINDS[one.kind],
            one.source,
            self.mtu,
            one.onlink,
        )
        return encode_route(self.destination[:-1], one.prefix, *how)

    def stands(self, found: list[RouteMessage]) -> bool:
        """Say whether this is what counts of the routes to one destination, with one metric and in one table.

        Of IPv4 routes that is the first one; IPv6 takes them for several ways.
        """
        return any(self.is_same(one) for one in (found if self.family == AF_INET6 else found[:1]))

    def is_same(self, found: RouteMessage) -> bool:
        """Say whether a route to the same destination, with the same metric and in the same table, is this one."""
        route = self.route
        if found.source != route.source or found.mtu != self.mtu:
            return False
        if self.ours and found.protocol != RTPROT_NETSTRATA and not found.nexthops:
            return False  # somebody has put the same in its place
        has_onlink = found.type == RTN_UNICAST and not found.nexthops
        return self._goes_there(found) and (not has_onlink or found.onlink == route.onlink)

    def is_changed_in(self, found: list[RouteMessage]) -> bool:
        """Say whether what counts is ours by its mark and its way, but not as it was made, and is not there besides."""
        if not self.ours or any(self.is_same(one) for one in found):
            return False
        counting = found if self.family == AF_INET6 else found[:1]
        return any(one.protocol == RTPROT_NETSTRATA and self._goes_there(one) for one in counting)

    def _goes_there(self, found: RouteMessage) -> bool:
        route = self.route
        if found.type != ROUTE_KINDS[route.kind]:
            return False
        if found.type != RTN_UNICAST:
            return True
        gateway = route.gateway or b""
        if found.nexthops:
            # IPv6 keeps one route with several ways where several routes were added; ours can be taken out again.
            return found.family == AF_INET6 and any(
                hop.ifindex == self.ifindex and hop.gateway == gateway for hop in found.nexthops
            )
        return found.ifindex == self.ifindex and found.gateway == gateway
