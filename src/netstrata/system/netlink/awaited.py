"""What may end a failure, as the kernel tells it: each change is told to the queue of those who wait for just that.

Nothing is decoded, and no group is joined, unless anybody waits.  IPv4 routes go without a word when their link goes
down or an address leaves it: who waits for one to go waits for what its link loses, too.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from typing import Any, Final

from netstrata.protocols.rtnetlink import (
    decode_address,
    decode_link,
    decode_neighbour,
    decode_route,
    decode_rule,
    destination_of,
)
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    AF_UNSPEC,
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_DELNEIGH,
    RTM_DELROUTE,
    RTM_DELRULE,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWNEIGH,
    RTM_NEWROUTE,
    RTM_NEWRULE,
    RTNLGRP_IPV4_IFADDR,
    RTNLGRP_IPV4_ROUTE,
    RTNLGRP_IPV4_RULE,
    RTNLGRP_IPV6_IFADDR,
    RTNLGRP_IPV6_ROUTE,
    RTNLGRP_IPV6_RULE,
    RTNLGRP_LINK,
    RTNLGRP_NEIGH,
)
from netstrata.protocols.rtnetlink.wire import Octets
from netstrata.system.held import Stop
from netstrata.system.held.wait_queues import (
    ADDRESS,
    ADDRESSES,
    DESTINATION,
    LINK,
    NAME,
    NEIGHBOUR,
    ON_LINK,
    ROUTE,
    RULE,
    WAY,
)
from netstrata.system.netlink.monitor import Monitor, Subscriber
from netstrata.system.netlink.watchers import Presence, Watchers
from netstrata.values import mask_bits

_KINDS: Final = frozenset({NAME, LINK, ROUTE, DESTINATION, ON_LINK, WAY, RULE, ADDRESS, ADDRESSES, NEIGHBOUR})
_ROUTES: Final = {AF_INET: RTNLGRP_IPV4_ROUTE, AF_INET6: RTNLGRP_IPV6_ROUTE}
_RULES: Final = {AF_INET: RTNLGRP_IPV4_RULE, AF_INET6: RTNLGRP_IPV6_RULE}
_ADDRESSES: Final = (RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR)


class _NameWait(Presence):
    """Waits until another link has a name, or none."""

    __slots__ = ("_changed",)

    def __init__(self, name: str, ifindex: int, changed: Callable[[], None]) -> None:
        super().__init__(name, ifindex)
        self._changed = changed

    def put(self, value: bool) -> None:
        """Tell at once."""
        self._changed()


class KernelAwaited(Subscriber):
    """Hears of all that the kernel's network configuration may be waited for."""

    __slots__ = ("_destinations", "_index_of", "_monitor", "_names", "_queues", "_waiting", "_ways")

    def __init__(self, monitor: Monitor, index_of: Callable[[str], int]) -> None:
        self._monitor = monitor
        self._queues = monitor.wait_queues
        self._index_of = index_of
        self._waiting = 0
        self._names = Watchers(lambda _: (), index_of)  # whoever waits for a name to be free waits for just that
        self._destinations: Counter[bytes] = Counter()  # with the prefix length as one more byte, that are waited for
        self._ways: Counter[bytes] = Counter()  # addresses
        monitor.subscribe(self)
        listens: dict[str, Callable[[Any], Stop]] = {
            NAME: self._listen_to_name,
            LINK: lambda _: self._listen(RTNLGRP_LINK),
            ON_LINK: lambda _: self._listen(RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR),
            ROUTE: lambda key: self._listen_to_destination(key[0]),
            DESTINATION: self._listen_to_destination,
            WAY: self._listen_to_way,
            RULE: lambda key: self._listen(_RULES[key[0]]),
            ADDRESS: lambda _: self._listen(*_ADDRESSES),
            ADDRESSES: lambda _: self._listen(*_ADDRESSES),
            NEIGHBOUR: lambda _: self._listen(RTNLGRP_NEIGH),
        }
        for kind, listen in listens.items():
            self._queues.knows(kind, listen)

    def on_overrun(self) -> None:
        """Wake all: what they wait for may have come."""
        self._queues.all_changed(_KINDS)

    def reconcile(self) -> tuple[list[Any], bool]:
        """Hold nothing that could be lost."""
        return [], True

    def _listen(self, *groups: int) -> Stop:
        self._monitor.join(*groups)
        self._waiting += 1
        self._monitor.tap = self._on_message
        return partial(self._unlisten, groups)

    def _unlisten(self, groups: Iterable[int]) -> None:
        self._waiting -= 1
        if not self._waiting:
            self._monitor.tap = None
        self._monitor.leave(*groups)

    def _listen_to_name(self, name: str) -> Stop:
        watcher = _NameWait(name, self._index_of(name), lambda: self._queues.changed(NAME, name))
        with ExitStack() as listening:
            listening.callback(self._listen(RTNLGRP_LINK))
            self._names.add(watcher)
            listening.callback(self._names.remove, watcher)
            return listening.pop_all().close

    def _listen_to_destination(self, destination: bytes) -> Stop:
        family = AF_INET if len(destination) == 5 else AF_INET6
        return self._listen_to_routes(family, destination, self._destinations, destination)

    def _listen_to_way(self, address: bytes) -> Stop:
        """Hear of each route without a gateway: to which networks an address belongs is looked at then."""
        family = AF_INET if len(address) == 4 else AF_INET6
        return self._listen_to_routes(family, family, self._ways, address)

    def _listen_to_routes(self, family: int, where: bytes | int, counted: Counter[bytes], key: bytes) -> Stop:
        with ExitStack() as listening:
            listening.callback(self._listen(_ROUTES[family]))
            self._monitor.widen(where)
            listening.callback(self._monitor.narrow, where)
            counted[key] += 1
            listening.callback(_count_down, counted, key)
            return listening.pop_all().close

    def _on_message(self, kind: int, data: Octets, start: int, end: int) -> None:
        """Tell who waits for what a message is about."""
        if kind in (RTM_NEWROUTE, RTM_DELROUTE):
            self._on_route(data, start, end)
        elif kind in (RTM_NEWLINK, RTM_DELLINK):
            self._on_link(kind, data, start, end)
        elif kind in (RTM_NEWADDR, RTM_DELADDR):
            address = decode_address(data, start, end)
            changed = [(ADDRESS, address.local), (ADDRESSES, address.ifindex), (ADDRESSES, 0)]
            if kind == RTM_DELADDR and address.family == AF_INET:
                changed.append((ON_LINK, address.ifindex))
            for what in changed:
                self._queues.changed(*what)
        elif kind in (RTM_NEWRULE, RTM_DELRULE):
            rule = decode_rule(data, start, end)
            self._queues.changed(RULE, (rule.family, rule.priority))
        elif kind in (RTM_NEWNEIGH, RTM_DELNEIGH):
            neighbour = decode_neighbour(data, start, end)
            self._queues.changed(NEIGHBOUR, (neighbour.ifindex, neighbour.address))

    def _on_route(self, data: Octets, start: int, end: int) -> None:
        destination = destination_of(data, start, end)
        if destination in self._destinations:
            self._queues.changed(DESTINATION, destination)
            route = decode_route(data, start, end)
            self._queues.changed(ROUTE, (destination, route.metric, route.table, route.tos))
        for address in list(self._ways):
            if len(address) + 1 == len(destination) and mask_bits(address, destination[-1]) == destination[:-1]:
                self._queues.changed(WAY, address)

    def _on_link(self, kind: int, data: Octets, start: int, end: int) -> None:
        link = decode_link(data, start, end)
        if link.family == AF_UNSPEC:
            if kind == RTM_DELLINK:
                self._names.is_gone(link.ifindex)
            else:
                self._names.is_there(link)
            if kind == RTM_DELLINK or not link.up:
                self._queues.changed(ON_LINK, link.ifindex)
        self._queues.changed(LINK, link.ifindex)


def _count_down(counted: Counter[bytes], key: bytes) -> None:
    counted[key] -= 1
    if not counted[key]:
        del counted[key]
