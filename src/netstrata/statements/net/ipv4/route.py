"""net.ipv4.route: an IPv4 route."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Ipv4Gateway, Ipv4Network, Metric, Name
from netstrata.ports import Ports
from netstrata.ports.kernel import Route


@configures("net.ipv4.route", layer=3)
async def route(ports: Ports, destination: Ipv4Network, gateway: Ipv4Gateway, metric: Metric, link: Name) -> Up[None]:
    """Hold an IPv4 route; the same route that was there before stays on the way back.

    Metric 0 is no metric.  With the gateway `blackhole` the link's name is not used.

    Example:
        net.ipv4.route("0.0.0.0/0", "192.0.2.1", "20", "eth0");
        net.ipv4.route("198.51.100.0", "24", "none", "0", "eth0");
        net.ipv4.route("203.0.113.0/24", "blackhole", "0", "");

    Source: rtnetlink(7), RTM_NEWROUTE.
    """
    kind = "blackhole" if gateway.blackhole else "unicast"
    held = Route(destination.address, destination.prefix, gateway.address, link, metric, kind)
    async with ports.routes.held_route(held):
        yield
