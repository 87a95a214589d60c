"""Routes of either family, marked with our own protocol number.

The kernel takes IPv4 routes away without a word when their link goes down or loses its last address, so those two are
listened to as well.  What others do with routes of theirs is heard only where it may concern one that is held.
"""

import errno
from collections.abc import Callable, Iterable, Iterator

from netstrata.ports.kernel import Route
from netstrata.protocols.rtnetlink import (
    ROUTE_KINDS,
    Answer,
    RouteMessage,
    ask_way,
    decode_route,
    destination_of,
    encode_route,
    messages,
    protocol_of,
)
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    IP6_METRIC,
    NLM_F_CREATE,
    NLM_F_EXCL,
    RTM_DELROUTE,
    RTM_GETROUTE,
    RTM_NEWROUTE,
    RTN_UNICAST,
    RTNLGRP_IPV4_IFADDR,
    RTNLGRP_IPV4_ROUTE,
    RTNLGRP_IPV6_ROUTE,
    RTNLGRP_LINK,
    RTPROT_KERNEL,
    RTPROT_NETSTRATA,
)
from netstrata.protocols.rtnetlink.route_filter import Network
from netstrata.system.held import GONE, NO_RECOVERY, Held, Recovery, Store
from netstrata.system.held.wait_queues import ON_LINK, ROUTE
from netstrata.system.netlink.lookup import IndexOf
from netstrata.system.netlink.monitor import Monitor, Subscriber
from netstrata.system.netlink.refusals import (
    ROUTE_WORDS,
    needs_of,
    network_words,
    no_link,
    refused,
    refused_route,
    route_words,
    spec_words,
)
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.netlink.tables import Table, connected_link, has_key, look_up
from netstrata.values import Awaited, Unavailable, mask_bits

_GROUPS = {
    4: (RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_IFADDR, RTNLGRP_LINK),
    16: (RTNLGRP_IPV6_ROUTE, RTNLGRP_LINK),
}
_PREFIX = tuple(bytes((length,)) for length in range(129))
_ADD = NLM_F_CREATE | NLM_F_EXCL
_UNREAD = "the routes cannot be read now"
_FEW = 64  # routes to look up one by one; more are looked for in the whole table


class HeldRoute(Held):
    """A route that is held; its link by index, its metric as the kernel shows it."""

    __slots__ = ("destination", "ifindex", "key", "metric", "record", "route")
    noun = "route"

    def __init__(self, route: Route, ifindex: int, metric: int, destination: bytes, body: bytes) -> None:
        super().__init__()
        self.route = route
        self.ifindex = ifindex
        self.metric = metric
        self.destination = destination  # masked, with the prefix length as one more byte
        self.key = (destination, metric, route.table)
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

    def stands(self, found: list[RouteMessage]) -> bool:
        """Say whether this is what counts of the routes to one destination, with one metric and in one table.

        Of IPv4 routes that is the first one; IPv6 takes them for several ways.
        """
        return any(self.is_same(one) for one in (found if self.family == AF_INET6 else found[:1]))

    def is_same(self, found: RouteMessage) -> bool:
        """Say whether a route to the same destination, with the same metric and in the same table, is this one."""
        route = self.route
        if found.type != ROUTE_KINDS[route.kind]:
            return False
        if found.source != route.source or found.mtu != route.mtu:
            return False
        if self.ours and found.protocol != RTPROT_NETSTRATA and not found.nexthops:
            return False  # somebody has put the same in its place
        if found.type != RTN_UNICAST:
            return True
        gateway = route.gateway or b""
        if found.nexthops:
            # IPv6 keeps one route with several ways where several routes were added; ours can be taken out again.
            return found.family == AF_INET6 and any(
                hop.ifindex == self.ifindex and hop.gateway == gateway for hop in found.nexthops
            )
        return found.ifindex == self.ifindex and found.gateway == gateway and found.onlink == route.onlink


class NetlinkRoutes(Store[Route, HeldRoute], Subscriber):
    """The `Routes` port over rtnetlink."""

    __slots__ = (
        "_by_destination", "_by_link", "_index_of", "_monitor", "_requests", "_snapshot", "_watched", "dropped",
    )  # fmt: skip
    kind = "route"
    bears_mark = True

    def __init__(
        self, requests: RequestSocket, monitor: Monitor, index_of: IndexOf, recovery: Recovery = NO_RECOVERY
    ) -> None:
        super().__init__(recovery)
        self._requests = requests
        self._index_of = index_of
        self._monitor = monitor
        self._by_destination: dict[bytes, list[HeldRoute]] = {}
        self._by_link: dict[int, set[HeldRoute]] = {}
        self._watched = {4: 0, 16: 0}
        self._snapshot: Table | None = None
        self.dropped: list[Callable[[RouteMessage], None]] = []  # told of each route of the kernel itself that went
        monitor.subscribe(self, RTM_NEWROUTE, RTM_DELROUTE)

    def prepare(self, spec: Route) -> HeldRoute:
        """Find the link, and make the message."""
        destination, prefix, gateway, link, metric, kind, table, source, mtu, onlink = spec
        ifindex = 0
        if kind == "unicast":
            ifindex = self._index_of(link) if link is not None else self._towards(spec)
            if not ifindex:
                raise no_link(self.operation(spec), link or "without a name")
        if len(destination) == 16:
            destination = mask_bits(destination, prefix)  # as the kernel does, for this family only
            metric = metric or IP6_METRIC
        body = encode_route(
            destination, prefix, gateway, ifindex, metric, table, ROUTE_KINDS[kind], source, mtu, onlink
        )
        return HeldRoute(spec, ifindex, metric, destination + _PREFIX[prefix], body)

    def operation(self, spec: Route) -> str:
        """Return what is to be done."""
        return f"add route {spec_words(spec)}"

    def share(self, held: HeldRoute, made: HeldRoute) -> None:
        """See that it is the same route."""
        if held.record != made.record:
            reason = f"this program holds another route there: {held.words}"
            raise Unavailable(f"add route {made.words}", reason, errno.EEXIST, (Awaited(ROUTE, made.key),))

    def listen(self, held: HeldRoute) -> None:
        """Subscribe to what can take it away; of one that is not ours, also to what others do with such routes."""
        if not held.ours:
            self._monitor.widen(held.network)
        family = len(held.route.destination)
        if self._watched[family] == 0:
            self._monitor.join(*_GROUPS[family])
        self._watched[family] += 1

    def unlisten(self, held: HeldRoute) -> None:
        """Take back one `listen`."""
        family = len(held.route.destination)
        self._watched[family] -= 1
        if self._watched[family] == 0:
            self._monitor.leave(*_GROUPS[family])
        if not held.ours:
            self._monitor.narrow(held.network)

    def do(self, held: HeldRoute) -> None:
        """Add a route, if it is not there."""
        answer = self._requests.request(RTM_NEWROUTE, _ADD, held.record)
        if answer is None:
            self._monitor.tell_own(RTM_NEWROUTE, held.record)
            return
        if answer.errno != errno.EEXIST:
            raise refused_route(held.route, answer, held.ifindex)
        self._accept(held)

    def stands(self, held: HeldRoute, undo: bytes) -> bool:
        """Say whether a route is there, is ours, and is what counts of the routes to its destination."""
        return self._counts(held) or held.stands(self._find(held))

    def undo(self, key: bytes, undo: bytes) -> None:
        """Delete a route; the kernel finds it by our mark, too."""
        if self._would_take_another(decode_route(key, 0, len(key))):
            return
        self._delete(key)

    def leave(self, held: HeldRoute) -> None:
        """Delete a route that we hold."""
        there = self._by_destination.get(held.destination, ())
        if any(one.route.table == held.route.table for one in there):
            self.undo(held.record, held.undo)
        else:
            self._delete(held.record)

    def _delete(self, key: bytes) -> None:
        answer = self._requests.request(RTM_DELROUTE, 0, key)
        self._monitor.tell_own(RTM_DELROUTE, key)
        if answer is not None and answer.errno not in GONE:
            route = decode_route(key, 0, len(key))
            raise refused(f"delete route {network_words(route.destination, route.prefix)}", answer, ROUTE_WORDS)

    def _would_take_another(self, route: RouteMessage) -> bool:
        """Say whether, as a route is not there any more, the kernel would delete another one of ours in its place.

        To delete an IPv4 route without a metric is to delete the first one with any.
        Raises: Unavailable if that cannot be read now.
        """
        if route.metric or route.family != AF_INET:
            return False
        destination = route.destination + _PREFIX[route.prefix]
        table = Table(self._requests, AF_INET, route.table, (destination,))
        found = table.find(destination, 0)
        if not found and not table.complete:
            raise Unavailable(f"delete route {network_words(route.destination, route.prefix)}", _UNREAD, errno.EAGAIN)
        return not any(one.protocol == RTPROT_NETSTRATA for one in found)

    def added(self, held: HeldRoute) -> None:
        """Find it by its destination and its link."""
        self._by_destination.setdefault(held.destination, []).append(held)
        if held.ifindex:
            on_link = self._by_link.get(held.ifindex)
            if on_link is None:
                on_link = self._by_link[held.ifindex] = set()
            on_link.add(held)

    def removed(self, held: HeldRoute) -> None:
        """Find it no more."""
        there = self._by_destination[held.destination]
        if len(there) == 1:
            del self._by_destination[held.destination]
        else:
            there.remove(held)
        if held.ifindex:
            on_link = self._by_link[held.ifindex]
            on_link.discard(held)
            if not on_link:
                del self._by_link[held.ifindex]

    def on_message(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost; a route that nobody holds costs a look at where it goes."""
        if kind == RTM_DELROUTE and protocol_of(data, start) == RTPROT_KERNEL:
            for listener in self.dropped:
                listener(decode_route(data, start, end))
        there = self._by_destination.get(destination_of(data, start, end))
        if there is not None:
            route = decode_route(data, start, end)
            for held in there:
                if held.metric == route.metric and held.route.table == route.table:
                    # What was put in our place, or before it, is not to be overlooked for what was taken out.
                    self.suspects[held] = kind if self.suspects.get(held) != RTM_NEWROUTE else RTM_NEWROUTE

    def may_have_lost(self, ifindex: int) -> None:
        """Note that a link went down, is gone, or lost an address."""
        for held in self._by_link.get(ifindex, ()):
            self.suspects.setdefault(held, 0)

    def on_overrun(self) -> None:
        """Note that everything may be different, and something may have been put before any route."""
        self.suspects.update(dict.fromkeys(self.held.values(), RTM_NEWROUTE))
        self._snapshot = None

    def check(self, suspects: dict[HeldRoute, int]) -> Iterator[tuple[HeldRoute, Unavailable]]:
        """Ask for each route, if there are few; read the tables for the rest.

        A whole table, with the routes of others, is read only for those that are not the first thing to be found.
        """
        few = len(suspects) <= _FEW
        left = [held for held in suspects if not ((few or suspects[held] == RTM_NEWROUTE) and self._counts(held))]
        tables: dict[tuple[int, int, int], list[HeldRoute]] = {}
        for held in left:
            # What only we can have put there need not be looked for among the routes of others.
            protocol = RTPROT_NETSTRATA if held.ours and suspects[held] != RTM_NEWROUTE else 0
            tables.setdefault((held.family, held.route.table, protocol), []).append(held)
        for (family, number, protocol), some in tables.items():
            table = Table(self._requests, family, number, {held.destination for held in some}, protocol)
            for held in some:
                found = table.find(held.destination, held.metric)
                if held.stands(found):
                    continue
                if table.complete:
                    held.gone = not any(held.is_same(one) for one in found)
                    yield held, self._loss_of(held, suspects[held] != 0)
                else:
                    self.suspects[held] = suspects[held]

    def _counts(self, held: HeldRoute) -> bool:
        """Say whether a route is the one that the kernel would take, which says that it stands."""
        first = self._first(held)
        return first is not None and held.is_same(first)

    def _first(self, held: HeldRoute) -> RouteMessage | None:
        """Return the route that the kernel would take, if it stands where a held one would."""
        found = look_up(self._requests, held.destination)
        return found if found is not None and has_key(found, held.family, held.route.table, held.metric) else None

    def _towards(self, wish: Route) -> int:
        """Return the link that a route's gateway is on.

        Raises: Unavailable if there is no way to it.
        """
        found = self._requests.get(RTM_GETROUTE, ask_way(wish.gateway or b""))
        operation = f"add route {spec_words(wish)}"
        if isinstance(found, Answer):
            raise refused(operation, found, ROUTE_WORDS, *needs_of(wish, 0))
        (way,) = [decode_route(found, one.start, one.end) for one in messages(found, len(found))]
        if not way.gateway and way.ifindex:
            return way.ifindex
        # What a rule leads to may be a route by the gateway, such as the one that is wanted.
        ifindex = connected_link(self._requests, way.destination)
        if not ifindex:
            reason = "its gateway is on no link of ours"
            raise Unavailable(operation, reason, errno.ENETUNREACH, needs_of(wish, 0))
        return ifindex

    def _loss_of(self, held: HeldRoute, told: bool) -> Unavailable:
        link = held.route.link or self._requests.name_of(held.ifindex)
        if held.ifindex and self._requests.index_of(link) != held.ifindex:
            why = f"{link} is gone or has a new name"
        elif told:
            why = "someone removed or replaced it"
        else:
            why = f"the kernel dropped it when {link} went down or lost its last address"
        return Unavailable(f"hold route {held.words}", why)

    def _accept(self, held: HeldRoute) -> None:
        """Take a route that was there before as it is, to be left alone on the way back.

        It is read only after everything about it can be heard.
        Raises: Unavailable if what is there is another route.
        """
        if held.heard and self._monitor.widen(held.network):
            self._drop_snapshot()
        held.ours = False
        first = self._first(held)
        found = [first] if first is not None and held.is_same(first) else self._find(held)
        if held.stands(found):
            return
        held.ours = True
        if held.heard:
            self._monitor.narrow(held.network)
        reason = "another route to it with this metric is there"
        if found:
            names: Iterable[str] = (self._requests.name_of(one.ifindex) if one.ifindex else "" for one in found)
            words = ", ".join(route_words(one, name) for one, name in zip(found, names, strict=True))
            reason = f"another route is there: {words}"
        links = {one.ifindex for one in found} | {hop.ifindex for one in found for hop in one.nexthops}
        awaits = (Awaited(ROUTE, held.key), *(Awaited(ON_LINK, ifindex) for ifindex in links if ifindex))
        raise Unavailable(f"add route {held.words}", reason, errno.EEXIST, awaits)

    def _find(self, held: HeldRoute) -> list[RouteMessage]:
        """Look for what stands in a route's way.

        While we listen, one reading of a small table serves until the event loop's next turn: a change that came after
        it is still to be heard.  So a program whose 10,000 routes are all there already reads the table once.
        """
        table = self._snapshot
        found: list[RouteMessage] = []
        if table is not None and table.family == held.family and table.number == held.route.table:
            found = table.find(held.destination, held.metric)
        if not found:
            table = Table(self._requests, held.family, held.route.table, (held.destination,))
            found = table.find(held.destination, held.metric)
            if not found and not table.complete:
                raise Unavailable(f"look for route {held.words}", _UNREAD, errno.EAGAIN)
            if table.whole and self._monitor.soon(self._drop_snapshot):
                self._snapshot = table
        return found

    def _drop_snapshot(self) -> None:
        self._snapshot = None
