"""The way to a tunnel's server, which must not lead into the tunnel: it stays on the best uplink that is no tunnel."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.ports.kernel import Route
from netstrata.system.gateways.held_for_uplink import HeldForUplink
from netstrata.values import Unavailable, mask_bits

if TYPE_CHECKING:
    from netstrata.system.netlink import Netlink


class PinnedServer:
    """A route to one server, which follows its uplink."""

    def __init__(self, netlink: "Netlink", server: bytes, statement: Holder, try_later: Callable[[], None]) -> None:
        """Lead nowhere yet; try_later has `follow` called in a while."""
        self._netlink = netlink
        self._server = server
        self._statement = statement
        self._try_later = try_later
        self._over: Route | None = None  # the default route of the uplink that it is pinned to
        self._route: HeldForUplink | None = None

    def follow(self, over: Route | None, ifindex: int) -> None:
        """Lead over an uplink, that has some default route: there before it leads over the last one no more.

        Raises: Unavailable, with the last one as it was.
        """
        if over == self._over:
            return
        old = self._route
        route = HeldForUplink(self._netlink.route_store, self._spec(over, ifindex), self._statement, self._lost)
        if over is not None:
            route.add(old)
        elif old is not None:
            old.remove()
        self._over, self._route = over, route

    def end(self) -> None:
        """Lead nowhere any more."""
        self.follow(None, 0)

    def _spec(self, over: Route | None, ifindex: int) -> Route:
        """Return the route to the server: straight to it if it is in a network of the link."""
        server = self._server
        if over is None:
            return Route(server, 8 * len(server), None, None, 0)
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
            self._over = None
            self._try_later()
