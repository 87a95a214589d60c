"""Routes of either family, marked with our own protocol number.

The kernel takes routes away, or changes them, without a word: what it does so for is listened to as well, see
`route_index`.  What others do with routes of theirs is heard only where it may concern one that is held.
"""

import errno
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from netstrata.ports.kernel import Route
from netstrata.protocols.rtnetlink import (
    AddressMessage,
    Answer,
    LinkMessage,
    NextHop,
    RouteMessage,
    decode_route,
    destination_of,
    protocol_of,
)
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    IP6_METRIC,
    NLM_F_APPEND,
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    RTM_DELNEXTHOP,
    RTM_DELROUTE,
    RTM_NEWNEXTHOP,
    RTM_NEWROUTE,
    RTNLGRP_IPV4_IFADDR,
    RTNLGRP_IPV4_ROUTE,
    RTNLGRP_IPV6_IFADDR,
    RTNLGRP_IPV6_ROUTE,
    RTNLGRP_LINK,
    RTNLGRP_NEXTHOP,
    RTPROT_KERNEL,
    RTPROT_NETSTRATA,
)
from netstrata.system.held import GONE, NO_RECOVERY, Recovery, Store
from netstrata.system.held.wait_queues import ON_LINK, ROUTE
from netstrata.system.netlink.heard_routes import Place
from netstrata.system.netlink.held_route import HeldRoute, lead_alike
from netstrata.system.netlink.lookup import IndexOf
from netstrata.system.netlink.monitor import Monitor, Subscriber
from netstrata.system.netlink.refusals import (
    ROUTE_WORDS,
    network_words,
    no_link,
    reason_of,
    refused,
    refused_route,
    route_words,
    spec_words,
)
from netstrata.system.netlink.route_ground import fit, hops_of, link_towards, read_link, why_gone, without_source
from netstrata.system.netlink.route_index import RouteIndex
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.netlink.table_names import table_number
from netstrata.system.netlink.tables import Table, has_key, look_up
from netstrata.values import Awaited, Unavailable, format_address, mask_bits

_GROUPS = {
    4: (RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_IFADDR, RTNLGRP_LINK),
    16: (RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV6_IFADDR, RTNLGRP_LINK),
}
_PREFIX = tuple(bytes((length,)) for length in range(129))
_ADD = NLM_F_CREATE | NLM_F_EXCL
_UNTOLD = 0  # why a route is suspect: not for what was told of a route
_UNREAD = "the routes cannot be read now"
_FEW = 64  # routes to look up one by one; more are looked for in the whole table


class NetlinkRoutes(Store[Route, HeldRoute], Subscriber):
    """The `Routes` port over rtnetlink."""

    __slots__ = (
        "_index", "_index_of", "_monitor", "_requests", "_snapshot", "_watched", "dropped", "put",
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
        self._index = RouteIndex()
        self._watched = {4: 0, 16: 0}
        self._snapshot: Table | None = None
        self.dropped: list[Callable[[RouteMessage], None]] = []  # told of each route of the kernel itself that went
        self.put: list[Callable[[bytes], None]] = []  # told where a route was put that may be in another one's place
        monitor.subscribe(self, RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWNEXTHOP, RTM_DELNEXTHOP)

    def prepare(self, spec: Route) -> HeldRoute:
        """Find the links and the table, and make the message."""
        operation = self.operation(spec)
        table = table_number(spec.table, operation)
        ways: list[NextHop] = []
        for hop in hops_of(spec):
            ifindex = self._index_of(hop.link) if hop.link is not None else link_towards(self._requests, spec, hop)
            if not ifindex:
                raise no_link(operation, hop.link or "without a name")
            ways.append(NextHop(ifindex, hop.gateway or b"", hop.weight, hop.onlink))
        destination, metric = spec.destination, spec.metric
        if len(destination) == 16:
            destination = mask_bits(destination, spec.prefix)  # as the kernel does, for this family only
            metric = metric or IP6_METRIC
        return HeldRoute(spec, table, tuple(ways), metric, destination + _PREFIX[spec.prefix])

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
            self._hear_of_others(held)
        self._monitor.widen(Place(held.destination))
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
        self._monitor.narrow(Place(held.destination))
        if not held.ours:
            self._hear_of_others_no_more(held)

    def _hear_of_others(self, held: HeldRoute) -> bool:
        """Hear also what others do to a route of theirs; return whether that is new: see `Monitor.widen`."""
        self._monitor.join(RTNLGRP_NEXTHOP)
        try:
            return self._monitor.widen(held.network)
        except Unavailable:
            self._monitor.leave(RTNLGRP_NEXTHOP)
            raise

    def _hear_of_others_no_more(self, held: HeldRoute) -> None:
        self._monitor.narrow(held.network)
        self._monitor.leave(RTNLGRP_NEXTHOP)

    def do(self, held: HeldRoute) -> None:
        """Add a route, if it is not there."""
        fit(self._requests, (held,))
        answer = self._requests.request(RTM_NEWROUTE, NLM_F_CREATE if held.route.in_front else _ADD, held.body)
        if answer is None:
            self._monitor.tell_own(RTM_NEWROUTE, held.body)
            return
        if answer.errno != errno.EEXIST:
            raise refused_route(held.route, answer, held.links)
        self._accept(held)

    def stands(self, held: HeldRoute, undo: bytes) -> bool:
        """Say whether a route is there, is ours, and is what counts of the routes to its destination."""
        fit(self._requests, (held,))
        if held in without_source(self._requests, (held,)):
            return False
        return self._counts(held) or held.stands(self._find(held))

    def undo(self, key: bytes, undo: bytes) -> None:
        """Delete a route; the kernel finds it by our mark, too."""
        if self._would_take_another(decode_route(key, 0, len(key))):
            return
        self._delete(key)

    def leave(self, held: HeldRoute) -> None:
        """Delete a route that we hold; beside others to the same network only if it is sure to be there."""
        there = [one for one in self._index.to(held.destination) if one.table == held.table]
        if held in there or (there and not self._is_undisturbed(held)):
            self.undo(held.record, held.undo)
        else:
            self._delete(held.record)

    def _is_undisturbed(self, held: HeldRoute) -> bool:
        """Say whether nothing was told until now that may have taken a route away: so no table has to be read."""
        self._index.add(held)
        self._monitor.drain()
        self._index.remove(held)
        return held.heard and held not in self.suspects

    def _delete(self, key: bytes) -> None:
        answer = self._requests.request(RTM_DELROUTE, 0, key)
        self._monitor.tell_own(RTM_DELROUTE, key)
        if answer is not None and answer.errno not in GONE:
            route = decode_route(key, 0, len(key))
            raise refused(f"delete route {network_words(route.destination, route.prefix)}", answer, ROUTE_WORDS)

    def _would_take_another(self, route: RouteMessage) -> bool:
        """Say whether, as a route is not there any more, the kernel would delete another one of ours in its place.

        To delete an IPv4 route without a metric is to delete the first one that leads there, with any.
        Raises: Unavailable if that cannot be read now.
        """
        if route.metric or route.family != AF_INET:
            return False
        destination = route.destination + _PREFIX[route.prefix]
        table = Table(self._requests, AF_INET, route.table, (destination,))
        found = table.find(destination, 0, route.tos)
        if not found and not table.complete:
            raise Unavailable(f"delete route {network_words(route.destination, route.prefix)}", _UNREAD, errno.EAGAIN)
        return not any(one.protocol == RTPROT_NETSTRATA and lead_alike(one, route) for one in found)

    def added(self, held: HeldRoute) -> None:
        """Find it by all that may touch it."""
        if self._index.add(held) and held.heard:
            for link in filter(None, [read_link(self._requests, ifindex) for ifindex in held.links]):
                self._index.knows(link)

    def removed(self, held: HeldRoute) -> None:
        """Find it no more."""
        self._index.remove(held)

    def on_message(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost; a route that nobody holds costs a look at where it goes."""
        if kind in (RTM_NEWNEXTHOP, RTM_DELNEXTHOP):
            self._doubt(self._index.touched_by_nexthop())
            return
        if kind == RTM_DELROUTE and protocol_of(data, start) == RTPROT_KERNEL:
            for listener in self.dropped:
                listener(decode_route(data, start, end))
        destination = destination_of(data, start, end)
        if kind == RTM_NEWROUTE:
            for told in self.put:
                told(destination)
        there = self._index.to(destination)
        if there:
            route = decode_route(data, start, end)
            for held in there:
                if held.key[1:] == (route.metric, route.table, route.tos):
                    # What was put in our place, or before it, is not to be overlooked for what was taken out.
                    self.suspects[held] = kind if self.suspects.get(held) != RTM_NEWROUTE else RTM_NEWROUTE

    def link_heard(self, kind: int, link: LinkMessage) -> None:
        """Note what may have been lost, or changed, with a link."""
        self._doubt(self._index.touched_by_link(kind, link))

    def address_left(self, gone: AddressMessage) -> None:
        """Note what may have been lost, or changed, with an address."""
        self._doubt(self._index.touched_by_address(gone))

    def _doubt(self, routes: Iterable[HeldRoute]) -> None:
        for held in routes:
            self.suspects.setdefault(held, _UNTOLD)

    def on_overrun(self) -> None:
        """Note that everything may be different, and something may have been put before any route."""
        self.suspects.update(dict.fromkeys(self.held.values(), RTM_NEWROUTE))
        self._snapshot = None

    def check(self, suspects: dict[HeldRoute, int]) -> Iterator[tuple[HeldRoute, Unavailable]]:
        """Ask for each route, if there are few; read the tables for the rest.

        A whole table, with the routes of others, is read only for those that are not the first thing to be found.
        """
        few = len(suspects) <= _FEW
        dead = without_source(self._requests, suspects)
        fit(self._requests, suspects)
        left = [
            held
            for held, why in suspects.items()
            if held in dead or not ((few or why == RTM_NEWROUTE) and self._counts(held))
        ]
        tables: dict[tuple[int, int, int], list[HeldRoute]] = {}
        for held in left:
            # What only we can have put there need not be looked for among the routes of others.
            protocol = RTPROT_NETSTRATA if held.ours and suspects[held] != RTM_NEWROUTE else 0
            tables.setdefault((held.family, held.table, protocol), []).append(held)
        for (family, number, protocol), some in tables.items():
            table = Table(self._requests, family, number, {held.destination for held in some}, protocol)
            for held in some:
                is_dead = held in dead
                found = table.find(held.destination, held.metric, held.route.tos)
                if held.stands(found) and not is_dead:
                    continue
                if not table.complete:
                    self.suspects[held] = suspects[held]
                elif reason := self._losing(held, found, suspects[held], is_dead):
                    yield held, Unavailable(f"hold route {held.words}", reason)

    def _losing(self, held: HeldRoute, found: list[RouteMessage], why: int, is_dead: bool) -> str:
        """Put right what the kernel has changed without a word, or say why a route is lost.

        What somebody told of, and changed, waits for its holders to begin again, so that nobody fights without a pause.
        """
        if is_dead:
            self._take_away(held, found)
            return f"its source {format_address(held.route.source).decode()} is gone"
        if not held.is_changed_in(found):
            held.gone = not any(held.is_same(one) for one in found)
        elif why == _UNTOLD:
            answer = self._write_anew(held, found)
            if answer is not None:
                self._take_away(held, found)
                return f"the kernel changed it: {reason_of(answer, ROUTE_WORDS)}"
            return ""
        return why_gone(self._requests, held, found, told=why != _UNTOLD)

    def _take_away(self, held: HeldRoute, found: list[RouteMessage]) -> None:
        """Delete what is left of a route of ours; if that fails, those who hold it try again as they leave."""
        with suppress(Unavailable):
            if held.ours and found:
                self.leave(held)
            held.gone = True

    def mend(self, held: HeldRoute) -> bool:
        """Put right a route of ours that the kernel has changed."""
        found = self._find(held)
        is_dead = held in without_source(self._requests, (held,))
        return not is_dead and held.is_changed_in(found) and self._write_anew(held, found) is None

    def _write_anew(self, held: HeldRoute, found: list[RouteMessage]) -> Answer | None:
        """Put a route in the place of what became of it; one of several ways goes first, and comes anew."""
        flags = NLM_F_CREATE | NLM_F_REPLACE
        if any(one.nexthops for one in found):
            self._delete(held.record)
            flags = NLM_F_CREATE | NLM_F_APPEND
        return self._requests.request(RTM_NEWROUTE, flags, held.body)

    def _counts(self, held: HeldRoute) -> bool:
        """Say whether a route is the one that the kernel would take, which says that it stands."""
        first = self._first(held)
        return first is not None and held.is_same(first)

    def _first(self, held: HeldRoute) -> RouteMessage | None:
        """Return the route that the kernel would take, if it stands where a held one would."""
        found = look_up(self._requests, held.destination, held.route.tos)
        return found if found is not None and has_key(found, held.family, *held.key[1:]) else None

    def _accept(self, held: HeldRoute) -> None:
        """Take a route that was there before as it is, to be left alone on the way back.

        It is read only after everything about it can be heard.
        Raises: Unavailable if what is there is another route.
        """
        if held.heard and self._hear_of_others(held):
            self._drop_snapshot()
        held.ours = False
        first = self._first(held)
        found = [first] if first is not None and held.is_same(first) else self._find(held)
        if held.stands(found):
            return
        held.ours = True
        if held.heard:
            self._hear_of_others_no_more(held)
        if held.is_changed_in(found) and self._write_anew(held, found) is None:
            return
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
        if table is not None and table.family == held.family and table.number == held.table:
            found = table.find(held.destination, held.metric, held.route.tos)
        if not found:
            table = Table(self._requests, held.family, held.table, (held.destination,))
            found = table.find(held.destination, held.metric, held.route.tos)
            if not found and not table.complete:
                raise Unavailable(f"look for route {held.words}", _UNREAD, errno.EAGAIN)
            if table.whole and self._monitor.soon(self._drop_snapshot):
                self._snapshot = table
        return found

    def _drop_snapshot(self) -> None:
        self._snapshot = None
