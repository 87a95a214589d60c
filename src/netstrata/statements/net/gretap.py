"""net.gretap: Ethernet over IPv4."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.tunnels import GreOptions, each_way
from netstrata.ports import NewLink, Ports


@configures("net.gretap", layer=4)
async def gretap(ports: Ports, name: LinkName, options: GreOptions) -> Up[None]:
    """Hold a GRE tunnel for Ethernet over IPv4, which can be in a bridge.

    Example:
        net.gretap("tap1", ["local": "192.0.2.1", "remote": "198.51.100.1"]);
        net.bridge.port("br0", "tap1");

    Source: ip-link(8), type gretap.
    """
    async with ports.links.held_link(NewLink(name, "gretap", each_way(options))):
        yield
