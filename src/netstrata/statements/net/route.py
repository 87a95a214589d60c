"""net.route: a route of either family, with what iproute2 says of one."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.route import NetworkOrAddress, RouteOptions, family_of, is_link_local
from netstrata.ports import Ports
from netstrata.ports.kernel import Route
from netstrata.values import Refused


@configures("net.route", layer=3)
async def route(ports: Ports, destination: NetworkOrAddress, options: RouteOptions) -> Up[None]:
    """Hold a route; the same route that was there before stays on the way back.

    Without `dev` the link is the one that the gateway is on when the route is set up.  Without the address
    `src` there is no route.  The MTU of an IPv6 route is no more than that of its link.

    Example:
        net.route("198.51.100.0/24", ["via": "192.0.2.1", "src": "192.0.2.7", "metric": "20"]);
        net.route("::/0", ["via": "2001:db8::1", "dev": "eth0", "table": "7"]);
        net.route("203.0.113.0/24", ["type": "unreachable"]);

    Source: ip-route(8).
    """
    kind, via, link = options.get("type", "unicast"), options.get("via"), options.get("dev")
    if (kind == "unicast") != (via is not None or link is not None):
        raise Refused("a unicast route needs `via` or `dev`, and no other route takes one", argument=1)
    if via is not None and link is None and is_link_local(via):
        raise Refused("a link-local gateway needs `dev`: every link has such addresses", argument=1)
    if not family_of(destination.address, options.get("src")):
        raise Refused("`src` has to be of the destination's family", argument=1)
    if via is not None and len(via) < len(destination.address):
        raise Refused("an IPv6 route cannot go via an IPv4 gateway: the kernel has no such routes", argument=1)
    held = Route(
        *(destination.address, destination.prefix, via, link, options.get("metric", 0), kind),
        *(options.get("table", 254), options.get("src", b""), options.get("mtu", 0), bool(options.get("onlink"))),
    )
    async with ports.routes.held_route(held):
        yield
