"""Says on one link what a router says."""

import socket
from asyncio import get_running_loop
from collections.abc import Callable
from contextlib import suppress
from math import inf
from random import random
from struct import Struct
from typing import TYPE_CHECKING, Final

from netstrata.contract.options import NO_OPTIONS, Options
from netstrata.contract.shapes.advertise import INTERVAL_S
from netstrata.contract.shapes.common import Network
from netstrata.ports.kernel import Link
from netstrata.protocols.ndp import ALL_NODES, ALL_ROUTERS, Advertisement, encode
from netstrata.protocols.ndp.advertising import Schedule, advertisement, taken_back
from netstrata.protocols.ndp.solicitation import is_solicitation
from netstrata.protocols.rtnetlink.constants import IFA_F_DADFAILED, IFA_F_TENTATIVE
from netstrata.system.held.wait_queues import ADDRESSES
from netstrata.system.ndp.sockets import Icmp6Reader, Packet, now_s
from netstrata.system.netlink.ipv6_obstacles import why_no_ipv6
from netstrata.values import Awaited

if TYPE_CHECKING:
    from asyncio import TimerHandle

    from netstrata.system.netlink import Netlink

_GROUP: Final = Struct("=16si")  # struct ipv6_mreq, and struct in6_pktinfo
_LINK_LOCAL: Final = b"\xfe\x80"


class Advertiser:
    """What is said on one link."""

    def __init__(
        self,
        netlink: "Netlink",
        link: Link,
        said: tuple[Options, Options],
        handed: socket.socket,
        given_up: Callable[[], dict[Network, int]],
        note: Callable[[str], None],
    ) -> None:
        """Take a socket over that hears solicitations; say nothing yet.

        Shapes: said is what hosts believe of a statement before this one, and what is to be said from now on.
        """
        self._netlink = netlink
        self._link = link
        self._before, self._options = said
        self._socket = handed
        self._given_up = given_up
        self._note = note
        self._schedule = Schedule(self._options.get("interval", INTERVAL_S))
        self._is_silent = False  # the link has no address that could be the source
        self._timer: TimerHandle | None = None
        self._join()
        self._reader = Icmp6Reader(handed, self._hear, self._turn)
        queues = netlink.monitor.wait_queues
        self._stop_waiting = queues.wait(Awaited(ADDRESSES, link.ifindex), self._look)

    def has_carrier(self, carrier: bool) -> None:
        """Say all of it now: behind a cable that was out may be others."""
        if carrier:
            self._schedule.begin(now_s())
            self._turn()

    def end(self) -> None:
        """Say no more."""
        self._stop_waiting()
        del self._stop_waiting  # which has a function of ours, as the reader has
        if self._timer is not None:
            self._timer.cancel()
        self._reader.close()
        del self._reader

    def _hear(self, packet: Packet) -> None:
        if is_solicitation(packet.octets, packet.hop_limit):
            self._schedule.solicited(now_s(), random())

    def _join(self) -> None:
        """Be given what is said to all routers of the link, which without IPv6 has no groups, and loses them."""
        group = _GROUP.pack(socket.inet_pton(socket.AF_INET6, ALL_ROUTERS), self._link.ifindex)
        for option in (socket.IPV6_LEAVE_GROUP, socket.IPV6_JOIN_GROUP):
            with suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_IPV6, option, group)

    def _look(self) -> None:
        if self._is_silent:
            self._join()
            self._schedule.begin(now_s())
            self._turn()

    def _turn(self) -> None:
        """Say it if it is time, and come back when it is time again."""
        now = now_s()
        if now >= self._schedule.due_s:
            self._is_silent = not self._say()
            if self._is_silent:
                self._schedule.could_not_be_sent()
                why = why_no_ipv6(self._netlink.requests, self._link.ifindex)
                if why:
                    self._note(f"nothing can be advertised on {self._link.name}: {why}")
            else:
                self._schedule.sent(now, random())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._schedule.due_s != inf:
            self._timer = get_running_loop().call_later(max(self._schedule.due_s - now, 0.0), self._turn)

    def _say(self) -> bool:
        """Say all of it, and first what of what was said before counts no more; say whether that could be done."""
        gone = taken_back(self._before, self._options, _mac(self._link))
        if gone is not None and not _send(self._netlink, self._link, self._socket, gone):
            return False
        self._before = NO_OPTIONS
        return send_advertisement(self._netlink, self._link, self._socket, self._options, self._given_up())


def send_advertisement(
    netlink: "Netlink",
    link: Link,
    opened: socket.socket,
    options: Options,
    given_up: dict[Network, int],
    ending: bool = False,
) -> bool:
    """Say it to all hosts of a link, or take it back; say whether that could be done."""
    return _send(netlink, link, opened, advertisement(options, _mac(link), given_up, ending))


def _mac(link: Link) -> bytes:
    return link.mac if link.ethernet else b""


def _send(netlink: "Netlink", link: Link, opened: socket.socket, what: Advertisement) -> bool:
    """Send an advertisement to all hosts of a link; say whether that could be done.

    The source is the link-local address: what comes from another one does not count, and the kernel would take another
    one while that is tentative.
    """
    said = encode(what)
    for address in netlink.address_table.of_link(link.ifindex) or ():
        if address.local.startswith(_LINK_LOCAL) and not address.flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED):
            source = (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, _GROUP.pack(address.local, link.ifindex))
            with suppress(OSError):
                opened.sendmsg([said], [source], 0, (ALL_NODES, 0, 0, link.ifindex))
                return True
    return False
