"""The kernel's network configuration, in one piece: a socket that asks, one that hears, and the ports over them."""

from collections.abc import Callable

from netstrata.protocols.rtnetlink import LinkMessage, ask_link
from netstrata.protocols.rtnetlink.constants import RTM_GETLINK
from netstrata.system.held import NO_RECOVERY, Recovery, WaitQueues
from netstrata.system.netlink.addresses import NetlinkAddresses
from netstrata.system.netlink.awaited import KernelAwaited
from netstrata.system.netlink.kernel_socket import OpenSocket, open_socket
from netstrata.system.netlink.links import NetlinkLinks
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.monitor import QUEUE_BYTES, Monitor
from netstrata.system.netlink.neighbours import NetlinkNeighbours
from netstrata.system.netlink.ports import AddressesPort, LinksPort, NeighboursPort, PrefixesPort, RoutesPort, RulesPort
from netstrata.system.netlink.routes import NetlinkRoutes
from netstrata.system.netlink.rules import NetlinkRules
from netstrata.system.netlink.socket import RequestSocket

_LOOPBACK = 1  # the index of a link that every namespace has


class Netlink:
    """Links, addresses, neighbours, routes and rules of the network namespace of the thread that makes it.

    Called on behalf of nobody, a `held_…` operation watches nothing and needs no event loop.  On behalf of a statement,
    and for every `watch_…`, an event loop must be running: it is a mistake of the caller, and a RuntimeError before
    anything is done, if none is.  One Netlink belongs to one event loop.
    """

    __slots__ = (
        "_watched",
        "address_store",
        "address_table",
        "addresses",
        "links",
        "lookup",
        "monitor",
        "neighbours",
        "prefixes",
        "recovery",
        "requests",
        "route_store",
        "routes",
        "rule_store",
        "rules",
    )

    def __init__(
        self,
        queue_bytes: int = QUEUE_BYTES,
        opens: OpenSocket = open_socket,
        recovery: Recovery = NO_RECOVERY,
        wait_queues: WaitQueues | None = None,
        waits: bool = True,
    ) -> None:
        """Open the request socket; the listening one is opened when somebody listens.

        Shapes: queue_bytes is the listening socket's receive queue; opens makes sockets of another kernel, of a model;
        recovery has what a daemon before this one has left; wait_queues are for those who wait for a change;
        waits says whether an IPv6 address is held only when it can be used, if nothing is asked for.
        Raises: OSError if the kernel gives no netlink socket.
        """
        self.recovery = recovery
        self.requests = RequestSocket(opens=opens)
        self.monitor = Monitor(self.requests.port, queue_bytes, opens, wait_queues)
        self.monitor.barrier = self._wait_for_links
        self.lookup = LinkLookup(self.requests, self.monitor)
        index_of = self.lookup.index_of
        KernelAwaited(self.monitor, self.requests.index_of)
        self._watched = links = NetlinkLinks(self.requests, self.monitor, self.lookup, recovery)
        addresses = NetlinkAddresses(self.requests, self.monitor, index_of, recovery, waits)
        routes = NetlinkRoutes(self.requests, self.monitor, index_of, recovery)
        links.heard += [routes.link_heard, addresses.link_heard]
        addresses.left.append(routes.address_left)
        links.heard.append(addresses.connected.link_heard)
        routes.dropped.append(addresses.route_dropped)
        routes.put.append(addresses.connected.replaced)
        self.links = LinksPort(links)
        self.address_store = addresses
        self.address_table = addresses.table
        self.prefixes = PrefixesPort(addresses.leased)
        self.addresses = AddressesPort(addresses)
        self.route_store = routes
        self.routes = RoutesPort(routes)
        self.rule_store = NetlinkRules(self.requests, self.monitor, recovery)
        self.rules = RulesPort(self.rule_store)
        neighbours = NetlinkNeighbours(self.requests, self.monitor, index_of, recovery)
        self.neighbours = NeighboursPort(neighbours, links.forwarding)
        neighbours.bridges.append(links.forwarding.heard)

    def hear_links(self, *listeners: Callable[[int, LinkMessage], None]) -> None:
        """Have some called with what is said of links, as long as somebody listens to that."""
        self._watched.heard += listeners

    def _wait_for_links(self) -> None:
        """Return once the kernel is done with what it does to links: it answers nobody about one before.

        A link that goes is first set down and loses its addresses; that it is gone is said last, tens of ms later.
        Source: net/core/rtnetlink.c, rtnl_getlink, which is called with RTNL held.
        """
        self.requests.get(RTM_GETLINK, ask_link(_LOOPBACK))

    def catch_up(self) -> int:
        """Hear what the kernel says of what it does to links now.

        Return how many who watch links were told that something is not there any more; -1 if nobody listens at all.
        """
        before = self._watched.falls
        return self._watched.falls - before if self.monitor.catch_up() else -1

    def close(self) -> None:
        """Close all sockets; what is held stays in the kernel."""
        self.monitor.close()
        self.requests.close()
        self._watched.close()
