"""net.ipv6.route: an IPv6 route."""

from netstrata.contract import Up, configures
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import Ipv6Gateway, Ipv6Network, Metric, Name
from netstrata.contract.shapes.link import ipv6_of
from netstrata.ports import Ports
from netstrata.ports.kernel import Route


@configures("net.ipv6.route", layer=3, roles=Roles(keeps=lambda values: ipv6_of(values[-1])))
async def route(ports: Ports, destination: Ipv6Network, gateway: Ipv6Gateway, metric: Metric, link: Name) -> Up[None]:
    """Hold an IPv6 route; the same route that was there before stays on the way back.

    Metric 0 is the kernel's own, 1024.  With the gateway `blackhole` the link's name is not used.

    Example:
        net.ipv6.route("::/0", "2001:db8::1", "20", "eth0");
        net.ipv6.route("2001:db8:1::", "48", "none", "0", "eth0");
        net.ipv6.route("2001:db8:2::/48", "blackhole", "0", "");

    Source: rtnetlink(7), RTM_NEWROUTE.
    """
    kind = "blackhole" if gateway.blackhole else "unicast"
    held = Route(destination.address, destination.prefix, gateway.address, link, metric, kind)
    async with ports.routes.held_route(held):
        yield
