"""IPv6 addresses of the model, with the routes that the kernel makes for them.

An address is tentative until somebody calls `finish`, as time does not pass here, unless its link or the address itself
takes no part in duplicate address detection.  When a link goes down the kernel deletes its addresses.
Source: net/ipv6/addrconf.c.
"""

import errno

from netstrata.protocols.rtnetlink.constants import (
    AF_INET6,
    IFA_F_DADFAILED,
    IFA_F_DEPRECATED,
    IFA_F_NODAD,
    IFA_F_NOPREFIXROUTE,
    IFA_F_OPTIMISTIC,
    IFA_F_PERMANENT,
    IFA_F_TENTATIVE,
    IPV6_MIN_MTU,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    RT_SCOPE_HOST,
    RT_SCOPE_LINK,
    RTM_DELADDR,
    RTM_NEWADDR,
    RTN_LOCAL,
    RTN_MULTICAST,
    RTN_UNICAST,
    RTNLGRP_IPV6_IFADDR,
)
from netstrata.testing.model.addresses import ModelAddress, asked_address
from netstrata.testing.model.link import ModelLink
from netstrata.testing.model.links import Links
from netstrata.testing.model.messages import Notify, Refusal, Request
from netstrata.testing.model.neighbours import Neighbours
from netstrata.testing.model.routes6 import Routes6

_OF_TIME = IFA_F_PERMANENT | IFA_F_DEPRECATED
_LOOPBACK = bytes(15) + b"\1"
_MULTICAST = b"\xff" + bytes(15)


class Addresses6:
    """The IPv6 addresses of all links, by link, those with the widest scope first."""

    def __init__(
        self,
        links: Links,
        routes: Routes6,
        neighbours: Neighbours,
        duplicates: set[tuple[int, bytes]],
        notify: Notify,
    ) -> None:
        self._links = links
        self._routes = routes
        self._neighbours = neighbours
        self._duplicates = duplicates
        self._notify = notify
        self.of_link: dict[int, list[ModelAddress]] = {}

    def has(self, address: bytes) -> bool:
        """Say whether this host has an address."""
        return any(one.local == address for there in self.of_link.values() for one in there)

    def new(self, request: Request) -> None:
        """Add an address, or change one."""
        address = asked_address(request)
        link = self._links.by_index.get(address.ifindex)
        if address.prefix > 128:
            raise Refusal(errno.EINVAL, "ipv6: Invalid prefix length")
        if link is None:
            raise Refusal(errno.ENODEV, "ipv6: Unable to find the interface")
        if link.mtu < IPV6_MIN_MTU:
            raise Refusal(errno.EINVAL)
        if address.has_flag(IFA_F_NODAD) and address.has_flag(IFA_F_OPTIMISTIC):
            raise Refusal(errno.EINVAL, "IFA_F_NODAD and IFA_F_OPTIMISTIC are mutually exclusive")
        address.flags &= ~IFA_F_OPTIMISTIC  # as long as optimistic_dad is off
        if address.local[0] == 0xFF:
            raise Refusal(errno.EINVAL, 'ipv6: Cannot assign multicast address without "IFA_F_MCAUTOJOIN" flag')
        address.scope = RT_SCOPE_LINK if address.local[:2] == b"\xfe\x80" else _scope(address.local)
        twin = next((one for one in self.of_link.get(link.ifindex, ()) if one.local == address.local), None)
        if twin is None:
            self._add(link, address)
        elif request.flags & NLM_F_EXCL or not request.flags & NLM_F_REPLACE:
            raise Refusal(errno.EEXIST, "ipv6: address already assigned")
        else:
            twin.preferred_s, twin.valid_s, twin.protocol = address.preferred_s, address.valid_s, address.protocol
            twin.flags = twin.flags & ~_OF_TIME | address.flags & _OF_TIME
            self._tell(RTM_NEWADDR, twin)

    def delete(self, request: Request) -> None:
        """Delete an address."""
        asked = asked_address(request)
        link = self._links.by_index.get(asked.ifindex)
        if link is None:
            raise Refusal(errno.ENODEV, "ipv6: Unable to find the interface")
        for one in self.of_link.get(asked.ifindex, ()):
            if (one.local, one.prefix) == (asked.local, asked.prefix):
                self._remove(one)
                return
        raise Refusal(errno.EADDRNOTAVAIL, "ipv6: address not found")

    def link_up(self, link: ModelLink) -> None:
        """Begin with the addresses that a link was given while it was down; lo gets its own."""
        there = self.of_link.setdefault(link.ifindex, [])
        if link.loopback and not there:
            self._add(link, ModelAddress(AF_INET6, link.ifindex, _LOOPBACK, _LOOPBACK, 128, RT_SCOPE_HOST))
        for one in there:
            self._make_network_route(link, one)
        if link.operational:
            self.link_ready(link)

    def link_ready(self, link: ModelLink) -> None:
        """Begin to work on a link that has carrier: with its own address, which is tentative."""
        if link.loopback or link.mtu < IPV6_MIN_MTU:
            return
        if not link.ready:
            link.ready = True
            self._routes.made(True, RTN_MULTICAST, _MULTICAST, 8, link.ifindex)
            local = b"\xfe\x80" + bytes(6) + _interface_id(link.mac)
            own = ModelAddress(AF_INET6, link.ifindex, local, local, 64, RT_SCOPE_LINK)
            own.flags |= IFA_F_TENTATIVE
            if not self.has(local):
                self._insert(own)
            self._make_network_route(link, own)
        for one in self.of_link.get(link.ifindex, ()):
            if not link.accept_dad:
                self._finish(one)

    def link_down(self, link: ModelLink) -> None:
        """Delete the addresses of a link."""
        link.ready = False
        self._routes.link_down(link.ifindex)
        for one in self.of_link.pop(link.ifindex, []):
            self._tell(RTM_DELADDR, one)

    def mtu_changed(self, link: ModelLink, before: int) -> None:
        """Take IPv6 from a link that is too small for it, or begin with it again."""
        if link.mtu < IPV6_MIN_MTU:
            self._routes.link_down(link.ifindex)
            self._neighbours.link_down(link, AF_INET6)
            self.link_down(link)
        elif before < IPV6_MIN_MTU:
            if link.up:
                self.link_up(link)
        else:
            self._routes.mtu_changed(link.ifindex, before, link.mtu)

    def finish(self) -> bool:
        """Let duplicate address detection come to its end, on every link that has carrier; say whether any went on."""
        went_on = False
        for ifindex, there in self.of_link.items():
            link = self._links.by_index[ifindex]
            for one in there if link.carrier else ():
                went_on = self._finish(one) or went_on
        return went_on

    def _add(self, link: ModelLink, address: ModelAddress) -> None:
        """Do what inet6_addr_add does."""
        silent = address.has_flag(IFA_F_NODAD) or link.loopback
        if not silent:
            address.flags |= IFA_F_TENTATIVE
        self._insert(address)
        if link.up and not link.loopback:
            self._routes.made(True, RTN_MULTICAST, _MULTICAST, 8, link.ifindex)
        self._make_network_route(link, address)
        if silent:
            self._begin(address)
            return
        self._tell(RTM_NEWADDR, address)
        if not link.accept_dad:
            self._finish(address)

    def _finish(self, address: ModelAddress) -> bool:
        if not address.has_flag(IFA_F_TENTATIVE) or address.has_flag(IFA_F_DADFAILED):
            return False
        if self._is_taken(address):
            address.flags |= IFA_F_DADFAILED
            self._tell(RTM_NEWADDR, address)
        else:
            address.flags &= ~IFA_F_TENTATIVE
            self._begin(address)
        return True

    def _is_taken(self, address: ModelAddress) -> bool:
        """Say whether the other half of a pair has an address, or somebody who was named."""
        link = self._links.by_index[address.ifindex]
        others = (one for one in self.of_link.get(link.peer, ()) if not one.has_flag(IFA_F_TENTATIVE))
        return (link.ifindex, address.local) in self._duplicates or any(one.local == address.local for one in others)

    def _begin(self, address: ModelAddress) -> None:
        """Make an address one that works."""
        self._tell(RTM_NEWADDR, address)
        self._routes.made(True, RTN_LOCAL, address.local, 128, address.ifindex)

    def _insert(self, address: ModelAddress) -> None:
        there = self.of_link.setdefault(address.ifindex, [])
        there.insert(sum(one.scope < address.scope for one in there), address)

    def _remove(self, address: ModelAddress) -> None:
        there = self.of_link[address.ifindex]
        there.remove(address)
        self._tell(RTM_DELADDR, address)
        routes = self._routes
        routes.made(False, RTN_LOCAL, address.local, 128, address.ifindex)
        twins = [one for one in there if (one.prefix, one.network) == (address.prefix, address.network)]
        if not address.has_flag(IFA_F_NOPREFIXROUTE) and not twins:
            routes.made(False, RTN_UNICAST, address.network, address.prefix, address.ifindex)
        if not self.has(address.local):
            routes.source_gone(address.local)

    def _make_network_route(self, link: ModelLink, address: ModelAddress) -> None:
        if link.up and not address.has_flag(IFA_F_NOPREFIXROUTE) and address.local != _LOOPBACK:
            self._routes.made(True, RTN_UNICAST, address.network, address.prefix, link.ifindex)

    def _tell(self, kind: int, address: ModelAddress) -> None:
        self._notify(RTNLGRP_IPV6_IFADDR, kind, address.body())


def _scope(address: bytes) -> int:
    return RT_SCOPE_HOST if address == _LOOPBACK else 0


def _interface_id(mac: bytes) -> bytes:
    """Return the half of an address that a hardware address makes (EUI-64)."""
    return bytes((mac[0] ^ 2,)) + mac[1:3] + b"\xff\xfe" + mac[3:]
