"""The way to a tunnel's server, which must not lead into the tunnel: it stays on the best uplink that is no tunnel."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.ports.kernel import Route
from netstrata.system.gateways.held_for_uplink import HeldForUplink
from netstrata.system.held import Stop
from netstrata.system.held.wait_queues import ADDRESSES
from netstrata.values import Awaited, Unavailable, mask_bits

if TYPE_CHECKING:
    from netstrata.system.netlink import Netlink


class PinnedServer:
    """A route to one server, which follows its uplink, and the addresses that say whether that has a way of its own."""

    def __init__(
        self,
        netlink: "Netlink",
        server: bytes,
        statement: Holder,
        settle: Callable[[], None],
        try_later: Callable[[], None],
    ) -> None:
        """Lead nowhere yet; settle has `follow` called, try_later in a while."""
        self._netlink = netlink
        self._server = server
        self._statement = statement
        self._settle = settle
        self._try_later = try_later
        self._route: HeldForUplink | None = None
        self._ifindex = 0  # of the link that it leads over
        self._stop: Stop | None = None
        self._is_due = False

    def follow(self, over: Route | None, ifindex: int) -> None:
        """Lead over an uplink, that has some default route: there before it leads over the last one no more.

        Raises: Unavailable, with the last one as it was.
        """
        self._hear_of(ifindex)
        old, route = self._route, None
        if over is not None:
            spec = self._spec(over, ifindex)
            route = HeldForUplink(self._netlink.route_store, spec, self._statement, self._lost)
            if old is not None and old.is_active and old.is_same(route):
                return
            route.add(old)
        elif old is not None:
            old.remove()
        self._route = route

    def end(self) -> None:
        """Lead nowhere any more."""
        self.follow(None, 0)

    def _hear_of(self, ifindex: int) -> None:
        """Follow again whenever the addresses of a link are others."""
        if ifindex == self._ifindex:
            return
        if self._stop is not None:
            self._stop()
            self._stop = None
        self._ifindex = ifindex
        if ifindex:
            with suppress(Unavailable):  # nobody can listen now
                awaited = Awaited(ADDRESSES, ifindex)
                self._stop = self._netlink.monitor.wait_queues.wait(awaited, self._follow_soon)

    def _follow_soon(self) -> None:
        if not self._is_due:
            self._is_due = self._netlink.monitor.soon(self._follow_again)

    def _follow_again(self) -> None:
        self._is_due = False
        if self._ifindex:
            self._settle()

    def _spec(self, over: Route, ifindex: int) -> Route:
        """Return the route to the server: straight to it if it is in a network of the link."""
        server = self._server
        there = self._netlink.address_table.of_link(ifindex) or ()
        is_near = any(
            mask_bits(one.local, one.prefix) == mask_bits(server, one.prefix)
            for one in there
            if len(one.local) == len(server)
        )
        gateway = None if is_near else over.gateway
        return Route(server, 8 * len(server), gateway, over.link, 0, onlink=over.onlink and gateway is not None)

    def _lost(self, reason: Unavailable) -> None:
        """Put it back, or later; what is lost with its uplink follows to the next one."""
        if self._route is None or not self._route.put_back(reason):
            self._try_later()
