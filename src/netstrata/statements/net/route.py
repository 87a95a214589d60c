"""net.route: a route of either family, with what iproute2 says of one."""

from netstrata.contract import Up, configures
from netstrata.contract.options import Options
from netstrata.contract.shapes.common import Network
from netstrata.contract.shapes.route import NetworkOrAddress, family_of, is_link_local
from netstrata.ports import Hop, Ports, Route
from netstrata.protocols.rtnetlink.route_metrics import METRICS
from netstrata.protocols.rtnetlink.route_options import RouteOptions
from netstrata.values import ITS_NAME, Refused

_OWN = ("local", "broadcast", "anycast")  # kinds whose routes are in the table local, if not said otherwise
_ON_LINK = (*_OWN, "multicast")


@configures("net.route", layer=3)
async def route(ports: Ports, destination: NetworkOrAddress, options: RouteOptions) -> Up[None]:
    """Hold a route; the same route that was there before stays on the way back.

    Without `dev` the link is the one that the gateway is on when the route is set up.  Without the address
    `src` there is no route.  The MTU of an IPv6 route is no more than that of its link.

    With `nexthops` connections are spread over several ways, by `weight`.  While some of their links are down the
    kernel does without them; the route is lost when one of the links is deleted, or all are down.

    Without `table` it is in main, and in local if its type is `local`, `broadcast` or `anycast`.

    Example:
        net.route("198.51.100.0/24", ["via": "192.0.2.1", "src": "192.0.2.7", "metric": "20", "advmss": "1300"]);
        net.route("::/0", ["via": "2001:db8::1", "dev": "eth0", "table": "7"]);
        net.route("203.0.113.0/24", ["type": "unreachable"]);
        net.route("0.0.0.0/0", ["type": "local", "dev": "lo", "table": "100"]);
        net.route("0.0.0.0/0", ["nexthops": {["via": "192.0.2.1", "weight": "2"], ["via": "198.51.100.1"]}]);

    Source: ip-route(8).
    """
    _check(destination, options)
    kind = options.get("type", "unicast")
    hops = tuple(
        Hop(hop.get("via"), hop.get("dev"), hop.get("weight", 1), bool(hop.get("onlink")))
        for hop in options.get("nexthops", ())
    )
    held = Route(
        *(destination.address, destination.prefix, options.get("via"), options.get("dev"), options.get("metric", 0)),
        *(kind, options.get("table", 255 if kind in _OWN else 254), options.get("src", b"")),
        *(bool(options.get("onlink")), options.get("tos", 0), options.get("scope")),
        metrics={word: options[word] for word in METRICS if word in options},
        hops=hops,
    )
    async with ports.routes.held_route(held):
        yield


def _check(destination: Network, options: Options) -> None:
    """See that what is said of a route goes together.

    Raises: Refused.
    """
    is_ipv4 = len(destination.address) == 4
    kind, hops = options.get("type", "unicast"), options.get("nexthops", ())
    _check_ways(kind, options)
    for way in (*hops, options):
        via = way.get("via")
        if via is not None and "dev" not in way and is_link_local(via):
            raise Refused("a link-local gateway needs `dev`: every link has such addresses", argument=1)
        if via is not None and len(via) == 4 and not is_ipv4:
            raise Refused("an IPv6 route cannot go via an IPv4 gateway: the kernel has no such routes", argument=1)
    if not family_of(destination.address, options.get("src")):
        raise Refused("`src` has to be of the destination's family", argument=1)
    for word in ("scope", "tos"):
        if word in options and not is_ipv4:
            raise Refused(f"an IPv6 route has no `{word}`", argument=1, within=(word.encode(), ITS_NAME))
    if kind == "broadcast" and not is_ipv4:
        raise Refused("IPv6 has no broadcast", argument=1)


def _check_ways(kind: str, options: Options) -> None:
    via, dev, hops = ("via" in options, "dev" in options, "nexthops" in options)
    if hops and (via or dev or "onlink" in options or kind != "unicast"):
        raise Refused("a route with `nexthops` is unicast, and has `via`, `dev` and `onlink` in these", argument=1)
    if kind in _ON_LINK and (via or not dev):
        raise Refused(f"a {kind} route needs `dev`, and takes no `via`", argument=1)
    if kind not in _ON_LINK and (kind == "unicast") != (via or dev or hops):
        raise Refused("a unicast route needs `via`, `dev` or `nexthops`, and no other route takes one", argument=1)
