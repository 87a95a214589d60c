"""IPv4 addresses of the model, with the routes that the kernel makes for them.

The first address of a network is primary, the others secondary: they go with it, unless the link promotes one of them.
Source: net/ipv4/devinet.c, net/ipv4/fib_frontend.c.
"""

import errno
from collections import Counter

from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    IFA_F_NOPREFIXROUTE,
    IFA_F_SECONDARY,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    RT_SCOPE_HOST,
    RTM_DELADDR,
    RTM_NEWADDR,
    RTN_BROADCAST,
    RTN_LOCAL,
    RTN_UNICAST,
    RTNLGRP_IPV4_IFADDR,
)
from netstrata.testing.model.addresses import ModelAddress, asked_address
from netstrata.testing.model.link import ModelLink
from netstrata.testing.model.links import Links
from netstrata.testing.model.messages import Notify, Refusal, Request
from netstrata.testing.model.neighbours import Neighbours
from netstrata.testing.model.routes4 import Routes4

_FIRST_LOOPBACK = b"\x7f\0\0\1"


class Addresses4:
    """The IPv4 addresses of all links, by link, primary ones first."""

    def __init__(
        self,
        links: Links,
        routes: Routes4,
        neighbours: Neighbours,
        notify: Notify,
    ) -> None:
        self._links = links
        self._routes = routes
        self._neighbours = neighbours
        self._notify = notify
        self.of_link: dict[int, list[ModelAddress]] = {}
        self._count: Counter[bytes] = Counter()

    def has(self, address: bytes) -> bool:
        """Say whether this host has an address."""
        return self._count[address] > 0

    def new(self, request: Request) -> None:
        """Add an address, or change one."""
        address = asked_address(request)
        link = self._links.by_index.get(address.ifindex)
        if address.prefix > 32 or not address.local:
            raise Refusal(errno.EINVAL, "ipv4: Invalid prefix length" if address.prefix > 32 else "")
        if link is None:
            raise Refusal(errno.ENODEV, "ipv4: Device not found")
        address.label = address.label or link.name
        twin = self._same_network(address, address.local)
        if twin is None:
            self._insert(link, address, request)
        elif request.flags & NLM_F_EXCL or not request.flags & NLM_F_REPLACE:
            raise Refusal(errno.EEXIST, "ipv4: Address already assigned")
        else:
            twin.preferred_s, twin.valid_s, twin.protocol = address.preferred_s, address.valid_s, address.protocol
            twin.flags = address.flags | twin.flags & IFA_F_SECONDARY
            self._tell(RTM_NEWADDR, twin, request)

    def delete(self, request: Request) -> None:
        """Delete the first address that is as it is asked for."""
        asked = asked_address(request)
        if asked.ifindex not in self._links.by_index:
            raise Refusal(errno.ENODEV, "ipv4: Device not found")
        for one in self.of_link.get(asked.ifindex, ()):
            if asked.local and asked.local != one.local:
                continue
            if asked.label and asked.label != one.label:
                continue
            if asked.peer and (asked.prefix != one.prefix or asked.network != one.network):
                continue
            self._remove(one, request)
            return
        raise Refusal(errno.EADDRNOTAVAIL, "ipv4: Address not found")

    def link_up(self, link: ModelLink) -> None:
        """Make the routes of a link's addresses; lo gets its first one."""
        if link.loopback and not self.of_link.get(link.ifindex):
            first = ModelAddress(AF_INET, link.ifindex, _FIRST_LOOPBACK, _FIRST_LOOPBACK, 8, RT_SCOPE_HOST)
            first.label = link.name
            self._insert(link, first, None)
        for one in self.of_link.get(link.ifindex, ()):
            self._make_routes(link, one)

    def link_renamed(self, link: ModelLink) -> None:
        """Give the addresses of a link the labels that inetdev_changename does."""
        for number, one in enumerate(self.of_link.get(link.ifindex, ()), 1):
            _, colon, rest = one.label.partition(":")
            suffix = colon + rest if colon else f":{number}"
            one.label = link.name + (suffix if number > 1 else "")
            self._tell(RTM_NEWADDR, one, None)

    def link_gone(self, link: ModelLink) -> None:
        """Take all addresses of a link away."""
        while self.of_link.get(link.ifindex):
            self._remove(self.of_link[link.ifindex][0], None)

    def _same_network(self, address: ModelAddress, local: bytes = b"") -> ModelAddress | None:
        """Return the first address of the same network, or the one that is the same."""
        for one in self.of_link.get(address.ifindex, ()):
            if (one.prefix, one.network) == (address.prefix, address.network) and local in (b"", one.local):
                return one
        return None

    def _insert(self, link: ModelLink, address: ModelAddress, request: Request | None) -> None:
        there = self.of_link.setdefault(link.ifindex, [])
        first = self._same_network(address)
        if first is not None and first.scope != address.scope:
            raise Refusal(errno.EINVAL, "ipv4: Invalid scope value")
        if first is not None:
            address.flags |= IFA_F_SECONDARY
            there.append(address)
        else:
            address.flags &= ~IFA_F_SECONDARY
            before = sum(not one.has_flag(IFA_F_SECONDARY) and one.scope <= address.scope for one in there)
            there.insert(before, address)
        self._count[address.local] += 1
        self._tell(RTM_NEWADDR, address, request)
        self._make_routes(link, address)

    def _remove(self, address: ModelAddress, request: Request | None) -> None:
        """Do what __inet_del_ifa does."""
        link = self._links.by_index[address.ifindex]
        there = self.of_link[link.ifindex]
        promoted: list[ModelAddress] = []
        if not address.has_flag(IFA_F_SECONDARY):
            twins = [one for one in there if one is not address and (one.prefix, one.network) == _subnet(address)]
            if link.promotes:
                promoted = twins
                for one in promoted:
                    self._drop_routes(link, one, address, gone=False)
            else:
                for one in twins:
                    self._take(link, one, address, request)
        self._take(link, address, address, request)
        if promoted:
            there.remove(promoted[0])
            promoted[0].flags &= ~IFA_F_SECONDARY
            there.insert(sum(not one.has_flag(IFA_F_SECONDARY) for one in there), promoted[0])
            self._tell(RTM_NEWADDR, promoted[0], request)
        for one in promoted:
            self._make_routes(link, one)
        if not there:
            self._routes.link_down(link.ifindex, gone=True)
            self._neighbours.link_down(link, AF_INET)

    def _take(self, link: ModelLink, address: ModelAddress, primary: ModelAddress, request: Request | None) -> None:
        self.of_link[link.ifindex].remove(address)
        self._count[address.local] -= 1
        self._tell(RTM_DELADDR, address, request)
        self._drop_routes(link, address, primary, gone=True)

    def _make_routes(self, link: ModelLink, address: ModelAddress) -> None:
        """Do what fib_add_ifaddr does."""
        routes = self._routes
        primary = self._same_network(address) or address
        source = primary.local if address.has_flag(IFA_F_SECONDARY) else address.local
        routes.made(True, RTN_LOCAL, address.local, 32, link.ifindex, source)
        if not link.up:
            return
        if address.broadcast and address.broadcast != b"\xff\xff\xff\xff":
            routes.made(True, RTN_BROADCAST, address.broadcast, 32, link.ifindex, source)
        if address.network[0] == 0 or address.has_flag(IFA_F_SECONDARY) or address.prefix == 32:
            return
        if not address.has_flag(IFA_F_NOPREFIXROUTE):
            kind = RTN_LOCAL if link.loopback else RTN_UNICAST
            routes.made(True, kind, address.network, address.prefix, link.ifindex, source)
        if address.prefix < 31:
            routes.made(True, RTN_BROADCAST, _last(address), 32, link.ifindex, source)

    def _drop_routes(self, link: ModelLink, address: ModelAddress, primary: ModelAddress, gone: bool) -> None:
        """Do what fib_del_ifaddr does."""
        routes = self._routes
        source = primary.local
        if not address.has_flag(IFA_F_SECONDARY):
            kind = RTN_LOCAL if link.loopback else RTN_UNICAST
            routes.made(False, kind, address.network, address.prefix, link.ifindex, source)
            if address.prefix < 31:
                routes.made(False, RTN_BROADCAST, _last(address), 32, link.ifindex, source)
        if address.broadcast:
            routes.made(False, RTN_BROADCAST, address.broadcast, 32, link.ifindex, source)
        twice = self._count[address.local] > (0 if gone else 1)
        if not twice or not any(one.local == address.local for one in self.of_link[link.ifindex] if one is not address):
            for route in list(routes.at(255, address.local, 32)):
                if route.ifindex == link.ifindex and route.type == RTN_LOCAL:
                    routes.made(False, RTN_LOCAL, address.local, 32, link.ifindex, route.source)
            if gone and not self.has(address.local):
                routes.source_gone(address.local)

    def _tell(self, kind: int, address: ModelAddress, request: Request | None) -> None:
        port, sequence = (request.port, request.sequence) if request is not None else (0, 0)
        self._notify(RTNLGRP_IPV4_IFADDR, kind, address.body(), 0, sequence, port)


def _subnet(address: ModelAddress) -> tuple[int, bytes]:
    return address.prefix, address.network


def _last(address: ModelAddress) -> bytes:
    """Return the last address of a network, which is for all of it."""
    number = int.from_bytes(address.network, "big") | (1 << (32 - address.prefix)) - 1
    return number.to_bytes(4, "big")
