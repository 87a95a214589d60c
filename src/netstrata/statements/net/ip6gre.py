"""net.ip6gre: packets over IPv6."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.tunnels import Ip6GreOptions, each_way
from netstrata.ports import NewLink, Ports


@configures("net.ip6gre", layer=4)
async def ip6gre(ports: Ports, name: LinkName, options: Ip6GreOptions) -> Up[None]:
    """Hold a GRE tunnel over IPv6.  As with `ip`, `ttl` is 64 and `encaplimit` 4 if they are not given.

    Example:
        net.ip6gre("gre1", ["local": "2001:db8::1", "remote": "2001:db8:1::1"]);
        net.up("gre1");

    Source: ip-link(8), type ip6gre.
    """
    held = {"ttl": 64, "encaplimit": 4, **each_way(options)}
    async with ports.links.held_link(NewLink(name, "ip6gre", held)):
        yield
