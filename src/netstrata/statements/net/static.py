"""net.static: an address and what goes with it, from the program itself."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Network
from netstrata.contract.shapes.uplink import StaticTerms, UplinkTerms, terms_of
from netstrata.protocols.uplink_routes import in_order


@computes("net.static", layer=3)
def static(terms: StaticTerms) -> UplinkTerms:
    """Say what a DHCP server would say of an uplink, and assign nothing: the variables are those of DHCP.

    So what stands above an address, such as `net.addr`, `net.gateway` and `net.dns`, is written once for all uplinks,
    of either family.  What is not said is empty.

    `routes` are all of them, in an order in which the kernel takes them: those that are given, a default route over the
    `gateway`, and one to the gateway itself if the address has a network of its own (/32, /128).  A gateway outside of
    the network is a mistake, unless one of the routes says that it is on the link.  `prefixes` are IPv6 networks that
    are routed to this host, for `net.ipv6.prefix`.

    Example:
        net.static(["address": "192.0.2.7/24", "gateway": "192.0.2.1", "dns_servers": {"192.0.2.53"}]) fixed;
        println(fixed.addr, " ", fixed.prefix);  # 192.0.2.7 24
        println(@encode_value(fixed.routes));    # {{"0.0.0.0/0", "192.0.2.1"}}

    Source: RFC 4632 section 5.1 (of two routes the one to the smaller network counts).
    """
    said = dict(terms)
    network: Network = said.pop("address")
    gateway, granted = said.pop("gateway", b""), said.pop("routes", [])
    if gateway:
        granted = [*granted, (bytes(len(gateway)), 0, gateway)]
    routes = in_order(network.address, network.prefix, granted)
    defaults = [via for _, prefix, via in routes if not prefix and any(via)]
    return terms_of(network, (defaults or [b""])[0], routes, **said)
