"""net.gre: packets over IPv4."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.tunnels import GreOptions, each_way
from netstrata.ports import NewLink, Ports


@configures("net.gre", layer=4)
async def gre(ports: Ports, name: LinkName, options: GreOptions) -> Up[None]:
    """Hold a GRE tunnel: IP and other packets over IPv4, to one other host or to whoever sends.

    `key`, `csum` and `seq` are of both ways; `ikey` and `okey` and their like of one.

    Example:
        net.gre("gre1", ["local": "192.0.2.1", "remote": "198.51.100.1", "key": "7"]);
        net.up("gre1");
        net.ipv4.addr("gre1", "203.0.113.1/30");

    Source: ip-link(8), type gre; RFC 2784, RFC 2890.
    """
    async with ports.links.held_link(NewLink(name, "gre", each_way(options))):
        yield
