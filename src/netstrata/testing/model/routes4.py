"""IPv4 routes of the model.  Source: net/ipv4/fib_trie.c, net/ipv4/fib_semantics.c, net/ipv4/fib_frontend.c."""

import errno

from netstrata.protocols.rtnetlink import RouteMessage
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    NLM_F_APPEND,
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    RT_SCOPE_HOST,
    RT_SCOPE_LINK,
    RT_TABLE_MAIN,
    RTM_DELROUTE,
    RTM_NEWROUTE,
    RTN_LOCAL,
    RTN_UNICAST,
    RTNLGRP_IPV4_ROUTE,
    RTPROT_KERNEL,
)
from netstrata.testing.model.messages import NotModelled, Refusal, Request
from netstrata.testing.model.routes import TABLE_LOCAL, Routes, RoutesHost, Where
from netstrata.testing.model.routes6 import Routes6
from netstrata.values import mask_bits

_NOWHERE = 255  # a scope: any, of a route to delete
_NO_LINK = "Nexthop device is not up"


class Routes4(Routes):
    """The IPv4 routing tables."""

    family = AF_INET
    group = RTNLGRP_IPV4_ROUTE
    bits = 32

    def __init__(self, host: RoutesHost, routes6: Routes6) -> None:
        """Take the host, and its IPv6 routes: a gateway may be an IPv6 address."""
        super().__init__(host)
        self._routes6 = routes6

    def position(self, where: Where) -> tuple[bytes, int]:
        """Return by what the kernel sorts networks: of two with one address the smaller one first."""
        return where[0], -where[1]

    def new(self, request: Request) -> None:
        """Add a route, or put one in the place of another."""
        route = self.asked(request)
        if route.table == 0:
            route = route._replace(table=RT_TABLE_MAIN)
        self.tables.setdefault(route.table, {})  # it stays, whatever becomes of the route
        if mask_bits(route.destination, route.prefix) != route.destination:
            raise Refusal(errno.EINVAL, "Invalid prefix for given prefix length")
        route = self._resolved(route)
        if route.source and not self._host.has_address(route.source):
            raise Refusal(errno.EINVAL, "Invalid prefsrc address")
        self._add(route, request.flags, request)

    def delete(self, request: Request) -> None:
        """Delete the first route that is as it is asked for."""
        asked = self.asked(request)
        table = asked.table or RT_TABLE_MAIN
        if mask_bits(asked.destination, asked.prefix) != asked.destination:
            raise Refusal(errno.EINVAL, "Invalid prefix for given prefix length")
        self.check_table(table)
        for route in self.at(table, asked.destination, asked.prefix):
            if _fits(route, asked):
                self.take(route)
                self.tell(RTM_DELROUTE, route, 0, request)
                return
        raise Refusal(errno.ESRCH)

    def made(self, new: bool, kind: int, destination: bytes, prefix: int, ifindex: int, source: bytes) -> None:
        """Add or delete a route of the kernel itself (fib_magic), if it is not there, or is."""
        scope = RT_SCOPE_HOST if kind == RTN_LOCAL else RT_SCOPE_LINK
        table = RT_TABLE_MAIN if kind == RTN_UNICAST else TABLE_LOCAL
        route = RouteMessage(
            AF_INET, destination, prefix, 0, table, RTPROT_KERNEL, scope, kind, 0, b"", ifindex, 0, source
        )
        there = [one for one in self.at(table, destination, prefix) if one == route]
        if new and not there:
            self._add(route, NLM_F_CREATE | NLM_F_APPEND, None)
        elif there and not new:
            self.take(there[0])
            self.tell(RTM_DELROUTE, there[0])

    def link_down(self, ifindex: int, gone: bool) -> None:
        """Forget the routes over a link that went down; the kernel says nothing.  Its own addresses stay reachable."""
        for route in self.of_link(ifindex):
            if gone or route.type != RTN_LOCAL:
                self.take(route)

    def source_gone(self, address: bytes) -> None:
        """Delete the routes that had an address as their source; in other tables they keep it."""
        main = self.tables.get(RT_TABLE_MAIN, {})
        for where in sorted(main, key=self.position):
            for route in [one for one in main[where] if one.source == address]:
                self.take(route)
                self.tell(RTM_DELROUTE, route)

    def _add(self, route: RouteMessage, flags: int, request: Request | None) -> None:
        """Do what fib_table_insert does."""
        there = self.at(route.table, route.destination, route.prefix)
        same = [n for n, one in enumerate(there) if (one.tos, one.metric) == (route.tos, route.metric)]
        told = NLM_F_CREATE
        if not same:
            if not flags & NLM_F_CREATE:
                raise Refusal(errno.ENOENT)
            position = sum((-one.tos, one.metric) < (-route.tos, route.metric) for one in there)
            told |= NLM_F_EXCL
        elif flags & NLM_F_EXCL:
            raise Refusal(errno.EEXIST)
        elif flags & NLM_F_REPLACE:
            if route in there:
                if there[same[0]] == route:
                    return
                raise Refusal(errno.EEXIST)
            self.insert(route, same[0])
            self.take(there[same[0] + 1])
            self.tell(RTM_NEWROUTE, route, NLM_F_REPLACE, request)
            return
        elif route in there:
            raise Refusal(errno.EEXIST)
        else:
            append = flags & NLM_F_APPEND
            position = same[-1] + 1 if append else same[0]
            told |= append
        self.insert(route, position)
        self.tell(RTM_NEWROUTE, route, told, request)

    def _resolved(self, route: RouteMessage) -> RouteMessage:
        """Check the way of a route as fib_check_nh does, and fill in its link."""
        if route.type not in (RTN_UNICAST, RTN_LOCAL):
            if route.gateway or route.ifindex:
                raise Refusal(errno.EINVAL, "Gateway, device and multipath can not be specified for this route type")
            return route
        link = self._host.links.by_index.get(route.ifindex)
        if route.ifindex and link is None:
            raise Refusal(errno.ENODEV)
        if len(route.gateway) == 16:
            if link is None:
                raise NotModelled("a route by IPv6 without its link")
            self._routes6.check_gateway(route.gateway, route.ifindex, route.onlink)
            return route
        if not route.gateway:
            if route.onlink:
                raise Refusal(errno.EINVAL, "Invalid flags for nexthop - PERVASIVE and ONLINK can not be set")
            if link is None:
                raise Refusal(errno.ENODEV)
            if not link.up:
                raise Refusal(errno.ENETDOWN, "Device for nexthop is not up")
            return route
        if route.onlink:
            if link is None:
                raise Refusal(errno.EINVAL, "Nexthop device required for onlink")
            if not link.up:
                raise Refusal(errno.ENETDOWN, _NO_LINK)
            return route
        way = self._way(route.gateway, route.ifindex)
        if not self._host.links.by_index[way.ifindex].up:
            raise Refusal(errno.ENETDOWN)
        return route._replace(ifindex=way.ifindex)

    def _way(self, gateway: bytes, ifindex: int) -> RouteMessage:
        """Return the route to a gateway; that has to be on a link itself."""
        for table in (TABLE_LOCAL, RT_TABLE_MAIN):
            for route in self.match(table, gateway):
                if route.scope < RT_SCOPE_LINK or (ifindex and route.ifindex != ifindex):
                    continue
                if route.type not in (RTN_UNICAST, RTN_LOCAL):
                    raise Refusal(errno.EINVAL, "Nexthop has invalid gateway")
                return route
        raise Refusal(errno.ENETUNREACH, "Nexthop has invalid gateway")


def _fits(route: RouteMessage, asked: RouteMessage) -> bool:
    """Say whether a route is as it is asked for; what is not said fits."""
    return (
        route.tos == asked.tos
        and asked.type in (0, route.type)
        and asked.scope in (_NOWHERE, route.scope)
        and asked.source in (b"", route.source)
        and asked.protocol in (0, route.protocol)
        and asked.metric in (0, route.metric)
        and asked.ifindex in (0, route.ifindex)
        and asked.gateway in (b"", route.gateway)
        and asked.mtu in (0, route.mtu)
    )
