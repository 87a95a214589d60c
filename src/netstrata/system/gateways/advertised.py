"""The router of a link that advertises itself, as the kernel knows it: its default route is the kernel's, and stays so.

Source: RFC 4861 section 6.3.4; Linux, net/ipv6/ndisc.c, ndisc_router_discovery.
"""

from asyncio import get_running_loop
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from netstrata.protocols.rtnetlink import ask_routes, decode_route, messages
from netstrata.protocols.rtnetlink.constants import AF_INET6, RTM_GETROUTE, RTM_NEWROUTE, RTPROT_RA
from netstrata.system.gateways.held_for_uplink import AGAIN_S
from netstrata.system.held import Stop
from netstrata.system.held.wait_queues import DESTINATION
from netstrata.values import Awaited

if TYPE_CHECKING:
    from netstrata.system.netlink import Netlink

_ANY_TABLE: Final = 0  # that of a VRF, too
_ANYWHERE: Final = bytes(17)  # ::/0, with its prefix length as one more byte


class AdvertisedRouter:
    """Follows the router of one link; of several the one that was there first."""

    def __init__(self, netlink: "Netlink", ifindex: int, on_change: Callable[[bytes | None], None]) -> None:
        """Know of none yet; on_change is given its address, or None, at the beginning and whenever that is another."""
        self._address: bytes | None = None
        self._netlink = netlink
        self._ifindex = ifindex
        self._on_change = on_change
        self._stop: Stop | None = None
        self._is_due = False

    def begin(self) -> None:
        """Follow it.

        Raises: Unavailable.
        """
        queues = self._netlink.monitor.wait_queues
        self._stop = queues.wait(Awaited(DESTINATION, _ANYWHERE), self._look_soon)
        self._take(self._routers() or [])

    def end(self) -> None:
        """Follow it no more."""
        if self._stop is not None:
            self._stop()
            self._stop = None

    def _look_soon(self) -> None:
        if not self._is_due:
            self._is_due = self._netlink.monitor.soon(self._look)

    def _look(self) -> None:
        self._is_due = False
        there = self._routers() if self._stop is not None else None
        if there is None or self._address in there:
            return
        if there or self._address is not None:
            self._take(there)

    def _take(self, there: list[bytes]) -> None:
        self._address = next(iter(there), None)
        self._on_change(self._address)

    def _routers(self) -> list[bytes] | None:
        """Return the routers that the kernel has default routes over; None if that is not read, and later once more."""
        question = ask_routes(AF_INET6, _ANY_TABLE, RTPROT_RA, self._ifindex)
        dump = self._netlink.requests.dump(RTM_GETROUTE, question)
        if not dump.complete or dump.answer is not None:
            get_running_loop().call_later(AGAIN_S, self._look_soon)
            return None
        found: list[bytes] = []
        for data in dump.datagrams:
            for one in messages(data, len(data)):
                if one.type == RTM_NEWROUTE:
                    route = decode_route(data, one.start, one.end)
                    hops = [(hop.ifindex, hop.gateway) for hop in route.nexthops] or [(route.ifindex, route.gateway)]
                    if not route.prefix:
                        found += [gateway for ifindex, gateway in hops if gateway and ifindex == self._ifindex]
        return found
