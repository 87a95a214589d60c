"""IPv6 routes of the model: several with gateways, to one network and with one metric, are several ways of one route.

Source: net/ipv6/ip6_fib.c, net/ipv6/route.c.
"""

import errno
from collections.abc import Callable, Iterator

from netstrata.protocols.rtnetlink import NextHop, RouteMessage
from netstrata.protocols.rtnetlink.constants import (
    AF_INET6,
    IP6_METRIC,
    IPV6_MIN_MTU,
    NLM_F_APPEND,
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    RT_SCOPE_UNIVERSE,
    RT_TABLE_MAIN,
    RTM_DELROUTE,
    RTM_NEWROUTE,
    RTN_LOCAL,
    RTN_MULTICAST,
    RTN_UNICAST,
    RTNLGRP_IPV6_ROUTE,
    RTPROT_KERNEL,
)
from netstrata.protocols.rtnetlink.route_metrics import with_mtu
from netstrata.testing.model.messages import Refusal, Request
from netstrata.testing.model.routes import TABLE_LOCAL, Routes, Where
from netstrata.values import mask_bits

PREFIX_METRIC = 256  # of a route to the network of an address
_REJECTING = (6, 7, 8, 9)  # blackhole, unreachable, prohibit, throw
_LOOPBACK = 1


class Routes6(Routes):
    """The IPv6 routing tables."""

    family = AF_INET6
    group = RTNLGRP_IPV6_ROUTE
    bits = 128

    def position(self, where: Where) -> tuple[bytes, int]:
        """Return by what the kernel sorts networks: those in another one before it."""
        address, prefix = where
        digits = bytes(48 + (address[n >> 3] >> (7 - (n & 7)) & 1) for n in range(prefix))
        return digits + b"2", prefix

    def shown(self) -> Iterator[RouteMessage]:
        """Yield all routes, those that are several ways of one together."""
        last: RouteMessage | None = None
        for route in self.all():
            ways = self._ways(route)
            if len(ways) == 1 or last not in ways:
                yield self._together(route, ways)
            last = route

    def new(self, request: Request) -> None:
        """Add a route, or put one in the place of another."""
        asked = self.asked(request)
        self.check_link(asked.ifindex)
        route = asked._replace(
            table=asked.table or RT_TABLE_MAIN,
            destination=mask_bits(asked.destination, asked.prefix),
            metric=asked.metric or IP6_METRIC,
            scope=RT_SCOPE_UNIVERSE,
        )
        self.tables.setdefault(route.table, {})  # it stays, whatever becomes of the route
        if route.type in _REJECTING:
            route = route._replace(ifindex=_LOOPBACK, gateway=b"")
        else:
            if route.gateway:
                link_index = self.check_gateway(route.gateway, route.ifindex, route.onlink, route.table)
                route = route._replace(ifindex=link_index)
            link = self._host.links.by_index.get(route.ifindex)
            if link is None:
                raise Refusal(errno.ENODEV)
            if link.mtu < IPV6_MIN_MTU:
                raise Refusal(errno.ENODEV)
            if not link.up:
                raise Refusal(errno.ENETDOWN, "Nexthop device is not up")
        if route.source and not self._host.has_address(route.source):
            raise Refusal(errno.EINVAL, "Invalid source address")
        self._add(route, request.flags, request)

    def delete(self, request: Request) -> None:
        """Delete the first route that is as it is asked for; without a gateway, all ways of it."""
        asked = self.asked(request)
        asked = asked._replace(table=asked.table or RT_TABLE_MAIN)
        destination = mask_bits(asked.destination, asked.prefix)
        self.check_table(asked.table)
        for route in self.at(asked.table, destination, asked.prefix):
            if _fits(route, asked):
                ways = [route] if asked.gateway else self._ways(route)
                told = self._together(route, ways)
                for way in ways:
                    self.take(way)
                self.tell(RTM_DELROUTE, told, 0, request)
                return
        # Where there is no default route the kernel finds one of its own, which it does not delete.
        unspecific = not (asked.prefix or asked.gateway or asked.metric or asked.protocol)
        nothing = unspecific and asked.ifindex in (0, _LOOPBACK) and not self.at(asked.table, destination, 0)
        raise Refusal(errno.ENOENT if nothing else errno.ESRCH)

    def made(self, new: bool, kind: int, destination: bytes, prefix: int, ifindex: int) -> None:
        """Add or delete a route of the kernel itself, if it is not there, or is."""
        table = RT_TABLE_MAIN if kind == RTN_UNICAST else TABLE_LOCAL
        metric = 0 if kind == RTN_LOCAL else PREFIX_METRIC
        route = RouteMessage(
            AF_INET6, destination, prefix, 0, table, RTPROT_KERNEL, RT_SCOPE_UNIVERSE, kind, 0, b"", ifindex, metric,
            b"",
        )  # fmt: skip
        there = [one for one in self.at(table, destination, prefix) if one == route]
        if new and not there:
            self._add(route, NLM_F_CREATE, None)
        elif there and not new:
            self.take(there[0])
            self.tell(RTM_DELROUTE, there[0])

    def link_down(self, ifindex: int) -> None:
        """Forget the routes over a link that went down, and tell of each."""
        for route in self.of_link(ifindex):
            if route.type not in _REJECTING:
                self.take(route)
                self.tell(RTM_DELROUTE, route)

    def source_gone(self, address: bytes) -> None:
        """Let routes have no source any more that had an address; the kernel says nothing."""
        self._rewrite(lambda route: route._replace(source=b"") if route.source == address else route)

    def mtu_changed(self, ifindex: int, before: int, now: int) -> None:
        """Let the MTU of routes follow that of their link: down to it, and up from it; the kernel says nothing."""

        def follow(route: RouteMessage) -> RouteMessage:
            follows = route.ifindex == ifindex and route.mtu and (route.mtu >= now or route.mtu == before)
            return route._replace(metrics=with_mtu(route.metrics, now)) if follows else route

        self._rewrite(follow)

    def _rewrite(self, change: Callable[[RouteMessage], RouteMessage]) -> None:
        for table in self.tables.values():
            for there in table.values():
                there[:] = [change(route) for route in there]

    def check_gateway(self, gateway: bytes, ifindex: int, onlink: bool, table: int = RT_TABLE_MAIN) -> int:
        """Return the link that a gateway is on, as ip6_validate_gw finds it."""
        if self._host.has_address(gateway):
            raise Refusal(errno.EINVAL, "Gateway can not be a local address")
        link_local = gateway[0] == 0xFE and gateway[1] & 0xC0 == 0x80
        if onlink or link_local:
            if not ifindex:
                raise Refusal(errno.ENODEV if onlink else errno.EINVAL, "" if onlink else "Egress device not specified")
            return ifindex
        near = (route for route in self.match(table, gateway) if ifindex in (0, route.ifindex))
        for route in (next(near, None), self._by_rules(gateway, ifindex)):
            if route is None or route.gateway or route.type in _REJECTING:
                continue
            if ifindex in (0, route.ifindex):
                return route.ifindex
        raise Refusal(errno.EHOSTUNREACH)

    def _by_rules(self, address: bytes, ifindex: int) -> RouteMessage | None:
        try:
            return self._host.look_up(AF_INET6, address, ifindex)
        except Refusal:
            return None

    def _add(self, route: RouteMessage, flags: int, request: Request | None) -> None:
        """Do what fib6_add_rt2node does."""
        there = self.at(route.table, route.destination, route.prefix)
        same = [n for n, one in enumerate(there) if one.metric == route.metric]
        told = NLM_F_CREATE
        if not same:
            if flags & NLM_F_REPLACE and not flags & NLM_F_CREATE:
                found_network = there or not route.prefix
                raise Refusal(errno.ENOENT, "" if found_network else "Can not replace route - no match found")
            position = sum(one.metric < route.metric for one in there)
            told |= NLM_F_EXCL
        elif flags & NLM_F_EXCL:
            raise Refusal(errno.EEXIST)
        elif flags & NLM_F_REPLACE:
            old = self._ways(there[same[0]])
            self.insert(route, same[0])
            for one in old:
                self.take(one)
            self.tell(RTM_NEWROUTE, route, NLM_F_REPLACE, request)
            return
        elif any((there[n].ifindex, there[n].gateway) == (route.ifindex, route.gateway) for n in same):
            raise Refusal(errno.EEXIST)
        else:
            position = same[-1] + 1
            told |= flags & NLM_F_APPEND
        self.insert(route, position)
        self.tell(RTM_NEWROUTE, self._together(route, self._ways(route)), told, request)

    def _ways(self, route: RouteMessage) -> list[RouteMessage]:
        """Return a route and those that are other ways of the same one, in the order of the table."""
        if not route.gateway:
            return [route]
        there = self.at(route.table, route.destination, route.prefix)
        return [one for one in there if one.metric == route.metric and one.gateway]

    def _together(self, first: RouteMessage, ways: list[RouteMessage]) -> RouteMessage:
        """Return several ways as one route, which is told of by the first of them."""
        if len(ways) == 1:
            return first
        hops = (first, *(way for way in ways if way is not first))
        return first._replace(
            gateway=b"", ifindex=0, nexthops=tuple(NextHop(way.ifindex, way.gateway, 1) for way in hops)
        )


def _fits(route: RouteMessage, asked: RouteMessage) -> bool:
    """Say whether a route is as it is asked for; what is not said fits, and types are not looked at."""
    return (
        asked.ifindex in (0, route.ifindex)
        and asked.gateway in (b"", route.gateway)
        and asked.metric in (0, route.metric)
        and asked.protocol in (0, route.protocol)
        and (asked.type != RTN_MULTICAST or route.type == RTN_MULTICAST)
    )
