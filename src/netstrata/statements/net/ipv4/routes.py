"""net.ipv4.routes: all routes of a link, such as those of a lease."""

from contextlib import AsyncExitStack

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Link, Metric
from netstrata.contract.shapes.dhcp import ON_LINK, GrantedRoutes
from netstrata.ports import Ports
from netstrata.ports.kernel import Route


@configures("net.ipv4.routes", layer=3)
async def routes(ports: Ports, link: Link, routes: GrantedRoutes, metric: Metric) -> Up[None]:
    """Hold IPv4 routes over a link, set in their order: those of a lease, with its default route if it has one.

    Metric 0 is no metric.  Without any route it is up, and holds nothing.

    Example:
        net.ipv4.routes("eth0", {{"192.0.2.1/32", "none"}, {"0.0.0.0/0", "192.0.2.1"}}, "20");

    Source: rtnetlink(7), RTM_NEWROUTE.
    """
    async with AsyncExitStack() as held:
        for destination, prefix, gateway in routes:
            via = None if gateway == ON_LINK else gateway
            await held.enter_async_context(ports.routes.held_route(Route(destination, prefix, via, link, metric)))
        yield
