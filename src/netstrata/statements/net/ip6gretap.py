"""net.ip6gretap: Ethernet over IPv6."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.tunnels import Ip6GreOptions, each_way
from netstrata.ports import NewLink, Ports


@configures("net.ip6gretap", layer=4)
async def ip6gretap(ports: Ports, name: LinkName, options: Ip6GreOptions) -> Up[None]:
    """Hold a GRE tunnel for Ethernet over IPv6.  As with `ip`, `ttl` is 64 and `encaplimit` 4 if they are not given.

    Example:
        net.ip6gretap("tap1", ["local": "2001:db8::1", "remote": "2001:db8:1::1"]);
        net.bridge.port("br0", "tap1");

    Source: ip-link(8), type ip6gretap.
    """
    held = {"ttl": 64, "encaplimit": 4, **each_way(options)}
    async with ports.links.held_link(NewLink(name, "ip6gretap", held)):
        yield
