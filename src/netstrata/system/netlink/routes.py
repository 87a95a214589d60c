"""Routes of either family, marked with our own protocol number.

The kernel takes IPv4 routes away without a word when their link goes down or loses its last address, so those two are
listened to as well.  What others do with routes of theirs is heard only where it may concern one that is held.
"""

import errno
from collections.abc import Callable
from typing import TYPE_CHECKING

from netstrata.contract import Holder
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
from netstrata.system.netlink.held import Held, Hold, IndexOf
from netstrata.system.netlink.monitor import Loss, Monitor, Subscriber
from netstrata.system.netlink.refusals import (
    GONE,
    ROUTE_WORDS,
    network_words,
    no_link,
    reason_of,
    refused,
    route_words,
    wish_words,
)
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.netlink.tables import Table, has_key, look_up
from netstrata.values import Unavailable, format_address, mask_bits

if TYPE_CHECKING:
    from collections.abc import Iterable

_GROUPS = {
    4: (RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV4_IFADDR, RTNLGRP_LINK),
    16: (RTNLGRP_IPV6_ROUTE, RTNLGRP_LINK),
}
_PREFIX = tuple(bytes((length,)) for length in range(129))
_ADD = NLM_F_CREATE | NLM_F_EXCL
_FEW = 64  # routes to look up one by one; more are looked for in the whole table


class HeldRoute(Held):
    """A route that is held; its link by index, its metric as the kernel shows it."""

    __slots__ = ("body", "destination", "ifindex", "metric", "route")

    def __init__(self, ours: bool, route: Route, ifindex: int, metric: int, destination: bytes, body: bytes) -> None:
        super().__init__(ours)
        self.route = route
        self.ifindex = ifindex
        self.metric = metric
        self.destination = destination  # masked, with the prefix length as one more byte
        self.body = body

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


class NetlinkRoutes(Subscriber):
    """The `Routes` port over rtnetlink."""

    __slots__ = (
        "_by_link",
        "_held",
        "_index_of",
        "_monitor",
        "_requests",
        "_snapshot",
        "_suspects",
        "_watched",
        "dropped",
    )

    def __init__(self, requests: RequestSocket, monitor: Monitor, index_of: IndexOf) -> None:
        self._requests = requests
        self._index_of = index_of
        self._monitor = monitor
        self._held: dict[bytes, list[HeldRoute]] = {}
        self._by_link: dict[int, set[HeldRoute]] = {}
        self._suspects: dict[HeldRoute, int] = {}  # what the kernel said of the route itself, 0 for nothing
        self._watched = {4: 0, 16: 0}
        self._snapshot: Table | None = None
        self.dropped: list[Callable[[RouteMessage], None]] = []  # told of each route of the kernel itself that went
        monitor.tell(self, RTM_NEWROUTE, RTM_DELROUTE)

    def held_route(self, route: Route) -> Hold[Route, HeldRoute]:
        """Put a route into the kernel's table."""
        return Hold(self, route)

    def hold(self, wish: Route, who: Holder | None) -> HeldRoute:
        """Add a route, if it is not there."""
        destination, prefix, gateway, link, metric, kind, table, source, mtu, onlink = wish
        ifindex = 0
        if kind == "unicast":
            ifindex = self._index_of(link) if link is not None else self._towards(wish)
            if not ifindex:
                raise no_link(f"add route {wish_words(wish)}", link or "without a name")
        if len(destination) == 16:
            destination = mask_bits(destination, prefix)  # as the kernel does, for this family only
            metric = metric or IP6_METRIC
        body = encode_route(
            destination, prefix, gateway, ifindex, metric, table, ROUTE_KINDS[kind], source, mtu, onlink
        )
        where = destination + _PREFIX[prefix]
        for held in self._held.get(where, ()):
            if held.metric == metric and held.route.table == table:
                return self._share(held, wish, body, who)
        held = HeldRoute(True, wish, ifindex, metric, where, body)
        if who is not None:
            self._watch(len(destination))
        answer = self._requests.request(RTM_NEWROUTE, _ADD, body)
        if answer is not None:
            try:
                if answer.errno != errno.EEXIST:
                    raise _refused(wish, answer)
                self._accept(held, who)
            except Unavailable:
                if who is not None:
                    self._unwatch(len(destination))
                raise
        self._held.setdefault(where, []).append(held)
        if ifindex:
            on_link = self._by_link.get(ifindex)
            if on_link is None:
                on_link = self._by_link[ifindex] = set()
            on_link.add(held)
        held.add(who)
        return held

    def release(self, held: HeldRoute, who: Holder | None) -> None:
        """Delete a route if the last one leaves who held it, and it was not there before."""
        if who is not None:
            self._unwatch(len(held.route.destination))
            if not held.ours:
                self._monitor.narrow(held.network)
        if not held.remove(who):
            return
        self._forget(held)
        if held.ours and not held.gone and not self._would_take_another(held):
            answer = self._requests.request(RTM_DELROUTE, 0, held.body)
            if answer is not None and answer.errno not in GONE and who is not None:
                reason = reason_of(answer, ROUTE_WORDS)
                who.note(f"cannot delete route {wish_words(held.route)}: {reason}; ignoring")

    def _would_take_another(self, held: HeldRoute) -> bool:
        """Say whether, as a route is not there any more, the kernel would delete another one that is held in its place.

        To delete an IPv4 route without a metric is to delete the first one with any.
        """
        there = self._held.get(held.destination, ())
        if held.metric or held.family != AF_INET or all(one.route.table != held.route.table for one in there):
            return False
        table = Table(self._requests, held.family, held.route.table, (held.destination,))
        return not held.stands(table.find(held.destination, 0))

    def on_message(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost; a route that nobody holds costs a look at where it goes."""
        if kind == RTM_DELROUTE and protocol_of(data, start) == RTPROT_KERNEL:
            for tell in self.dropped:
                tell(decode_route(data, start, end))
        there = self._held.get(destination_of(data, start, end))
        if there is not None:
            route = decode_route(data, start, end)
            for held in there:
                if held.metric == route.metric and held.route.table == route.table:
                    # What was put in our place, or before it, is not to be overlooked for what was taken out.
                    self._suspects[held] = kind if self._suspects.get(held) != RTM_NEWROUTE else RTM_NEWROUTE

    def may_have_lost(self, ifindex: int) -> None:
        """Note that a link went down, is gone, or lost an address."""
        for held in self._by_link.get(ifindex, ()):
            self._suspects.setdefault(held, 0)

    def overrun(self) -> None:
        """Note that everything may be different, and something may have been put before any route."""
        for there in self._held.values():
            self._suspects.update(dict.fromkeys(there, RTM_NEWROUTE))

    def settle(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different."""
        if not self._suspects:
            return [], True
        suspects, self._suspects = self._suspects, {}
        losses: list[Loss] = []
        complete = True
        left = [held for held in suspects if held.count and not held.gone]
        few = len(left) <= _FEW
        # The whole table, with the routes of others, is read only for those that are not the first thing to be found.
        left = [held for held in left if not ((few or suspects[held] == RTM_NEWROUTE) and self._counts(held))]
        tables: dict[tuple[int, int, int], list[HeldRoute]] = {}
        for held in left:
            # What only we can have put there need not be looked for among the routes of others.
            protocol = RTPROT_NETSTRATA if held.ours and suspects[held] != RTM_NEWROUTE else 0
            tables.setdefault((held.family, held.route.table, protocol), []).append(held)
        for (family, number, protocol), some in tables.items():
            table = Table(self._requests, family, number, {held.destination for held in some}, protocol)
            complete = complete and table.complete
            for held in some:
                found = table.find(held.destination, held.metric)
                if held.stands(found):
                    continue
                if table.complete:
                    held.gone = not any(held.is_same(one) for one in found)
                    losses += self._lose(held, suspects[held] != 0)
                else:
                    self._suspects[held] = suspects[held]
        return losses, complete

    def _counts(self, held: HeldRoute) -> bool:
        """Say whether a route is the one that the kernel would take, which says that it stands."""
        found = look_up(self._requests, held.destination)
        return found is not None and has_key(found, held.family, held.route.table, held.metric) and held.is_same(found)

    def _towards(self, wish: Route) -> int:
        """Return the link that a route's gateway is on.

        Raises: Unavailable if there is no way to it.
        """
        found = self._requests.get(RTM_GETROUTE, ask_way(wish.gateway or b""))
        operation = f"add route {wish_words(wish)}"
        if isinstance(found, Answer):
            raise refused(operation, found, ROUTE_WORDS)
        (way,) = [decode_route(found, one.start, one.end) for one in messages(found, len(found))]
        if way.gateway or not way.ifindex:
            raise Unavailable(operation, "its gateway is on no link of ours", errno.ENETUNREACH)
        return way.ifindex

    def _lose(self, held: HeldRoute, told: bool) -> list[Loss]:
        self._forget(held)
        link = held.route.link or self._requests.name_of(held.ifindex)
        if held.ifindex and self._requests.index_of(link) != held.ifindex:
            why = f"{link} is gone or has a new name"
        elif told:
            why = "someone removed or replaced it"
        else:
            why = f"the kernel dropped it when {link} went down or lost its last address"
        reason = Unavailable(f"hold route {wish_words(held.route)}", why)
        return [Loss(holder, reason) for holder in held.holders]

    def _forget(self, held: HeldRoute) -> None:
        there = self._held.get(held.destination, [])
        if held not in there:
            return
        if len(there) == 1:
            del self._held[held.destination]
        else:
            there.remove(held)
        if held.ifindex:
            on_link = self._by_link[held.ifindex]
            on_link.discard(held)
            if not on_link:
                del self._by_link[held.ifindex]

    def _share(self, held: HeldRoute, wish: Route, body: bytes, who: Holder | None) -> HeldRoute:
        """Hold what another statement of this program holds already.

        Raises: Unavailable if that is not the same route.
        """
        if held.body != body:
            reason = f"this program holds another route there: {wish_words(held.route)}"
            raise Unavailable(f"add route {wish_words(wish)}", reason, errno.EEXIST)
        if who is not None:
            if not held.ours:
                self._monitor.widen(held.network)
            self._watch(len(wish.destination))
        held.add(who)
        return held

    def _accept(self, held: HeldRoute, who: Holder | None) -> None:
        """Take a route that was there before as it is, to be left alone on the way back.

        It is read only after everything about it can be heard.
        Raises: Unavailable if what is there is another route.
        """
        if who is not None and self._monitor.widen(held.network):
            self._drop_snapshot()
        held.ours = False
        if self._counts(held):
            return
        found = self._find(held, who is not None)
        if held.stands(found):
            return
        if who is not None:
            self._monitor.narrow(held.network)
        reason = "another route to it with this metric is there"
        if found:
            names: Iterable[str] = (self._requests.name_of(one.ifindex) if one.ifindex else "" for one in found)
            words = ", ".join(route_words(one, name) for one, name in zip(found, names, strict=True))
            reason = f"another route is there: {words}"
        raise Unavailable(f"add route {wish_words(held.route)}", reason, errno.EEXIST)

    def _find(self, held: HeldRoute, watched: bool) -> list[RouteMessage]:
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
            if watched and table.whole:
                self._snapshot = table
                self._monitor.soon(self._drop_snapshot)
        return found

    def _drop_snapshot(self) -> None:
        self._snapshot = None

    def _watch(self, family: int) -> None:
        if self._watched[family] == 0:
            self._monitor.join(*_GROUPS[family])
        self._watched[family] += 1

    def _unwatch(self, family: int) -> None:
        self._watched[family] -= 1
        if self._watched[family] == 0:
            self._monitor.leave(*_GROUPS[family])


def _refused(wish: Route, answer: Answer) -> Unavailable:
    """Return the error for a route that the kernel did not take."""
    network = mask_bits(wish.destination, wish.prefix)
    if answer.errno == errno.EINVAL and network != wish.destination:
        whole = network_words(network, wish.prefix)
        reason = f"{format_address(wish.destination).decode()} is one address in {whole}: write the network"
        return Unavailable(f"add route {wish_words(wish)}", reason, answer.errno)
    return refused(f"add route {wish_words(wish)}", answer, ROUTE_WORDS)
