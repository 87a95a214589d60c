"""Held routes, found by where they go, and by what can change them or take them away without a word.

Seen on Linux 6.18 with `ip monitor`: IPv4 routes go without a message when their link goes down, or loses its last
address, and with a nexthop object or its carrier.  So do IPv6 routes if net.ipv6.route.skip_notify_on_dev_down is on,
also when the MTU of their link falls below 1280, or IPv6 is switched off there.  An IPv6 route loses its `src` with
that address, but keeps it if the address goes with its link, and its `mtu` follows that of its link.  An IPv4 route
outside the table main keeps a `src` that is gone.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from netstrata.protocols.rtnetlink import AddressMessage, LinkMessage
from netstrata.protocols.rtnetlink.constants import AF_INET, AF_INET6, IPV6_MIN_MTU, RT_SCOPE_LINK, RTM_DELLINK
from netstrata.system.netlink.held_route import HeldRoute

K = TypeVar("K", bytes, int)


class _LinkState(NamedTuple):
    """What of a link matters to routes."""

    up: bool
    running: bool
    mtu: int
    master: int


class RouteIndex:
    """All held routes."""

    __slots__ = ("_by_destination", "_by_link", "_by_source", "_delicate", "_links")

    def __init__(self) -> None:
        self._by_destination: dict[bytes, list[HeldRoute]] = {}
        self._by_link: dict[int, dict[HeldRoute, None]] = {}
        self._by_source: dict[bytes, dict[HeldRoute, None]] = {}
        self._delicate: dict[int, dict[HeldRoute, None]] = {}  # by link, those that a small change of it may touch
        self._links: dict[int, _LinkState] = {}  # as they were told of last

    def add(self, held: HeldRoute) -> bool:
        """Find a route from now on; say whether nothing is known of a link of it."""
        self._by_destination.setdefault(held.destination, []).append(held)
        for ifindex in held.links:
            self._by_link.setdefault(ifindex, {})[held] = None
            if _is_delicate(held):
                self._delicate.setdefault(ifindex, {})[held] = None
        if held.route.source:
            self._by_source.setdefault(held.route.source, {})[held] = None
        return any(ifindex not in self._links for ifindex in held.links)

    def remove(self, held: HeldRoute) -> None:
        """Find it no more."""
        there = self._by_destination[held.destination]
        there.remove(held)
        if not there:
            del self._by_destination[held.destination]
        for ifindex in held.links:
            if _take_out(self._by_link, ifindex, held):
                self._links.pop(ifindex, None)
            if _is_delicate(held):
                _take_out(self._delicate, ifindex, held)
        if held.route.source:
            _take_out(self._by_source, held.route.source, held)

    def knows(self, link: LinkMessage) -> None:
        """Know what a link is like now."""
        self._links[link.ifindex] = _state_of(link)

    def to(self, destination: bytes) -> Iterable[HeldRoute]:
        """Return the routes to a network, which has its prefix length as one more byte."""
        return self._by_destination.get(destination, ())

    def touched_by_link(self, kind: int, link: LinkMessage) -> Iterator[HeldRoute]:
        """Yield what may not be as it was since a link is not."""
        routes = self._by_link.get(link.ifindex)
        if routes is None:
            return
        now = _state_of(link)
        if kind == RTM_DELLINK:
            now = now._replace(up=False)
        before = self._links.get(link.ifindex)
        self._links[link.ifindex] = now
        if not now.up or before is None or now.master != before.master:
            yield from routes
        elif now != before:
            yield from self._delicate.get(link.ifindex, ())
            if now.mtu != before.mtu and min(now.mtu, before.mtu) < IPV6_MIN_MTU:
                yield from (held for held in routes if held.family == AF_INET6)

    def touched_by_address(self, gone: AddressMessage) -> Iterator[HeldRoute]:
        """Yield what may not be as it was since an address is gone: with the last one of a link goes all that is on it.

        A link that loses its own IPv6 address may do so because IPv6 was switched off there.
        """
        yield from self._by_source.get(gone.local, ())
        if gone.family == AF_INET or gone.scope == RT_SCOPE_LINK:
            yield from (held for held in self._by_link.get(gone.ifindex, ()) if held.family == gone.family)

    def touched_by_nexthop(self) -> Iterator[HeldRoute]:
        """Yield what may not be as it was since a nexthop object is not: only routes of others have one."""
        yield from (held for routes in self._by_destination.values() for held in routes if not held.ours)


def _state_of(link: LinkMessage) -> _LinkState:
    return _LinkState(link.up, link.running, link.mtu, link.master)


def _is_delicate(held: HeldRoute) -> bool:
    """Say whether it changes with the MTU of its link, or may have a nexthop object, which goes with carrier."""
    return not held.ours or (held.route.mtu != 0 and held.family == AF_INET6)


def _take_out(table: dict[K, dict[HeldRoute, None]], key: K, held: HeldRoute) -> bool:
    """Find a route by a key no more; say whether it was the last one."""
    there = table[key]
    there.pop(held, None)
    if there:
        return False
    del table[key]
    return True
