"""net.vti: IPsec over IPv4 as a link."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.tunnels import VtiOptions, each_way
from netstrata.ports import NewLink, Ports


@configures("net.vti", layer=4)
async def vti(ports: Ports, name: LinkName, options: VtiOptions) -> Up[None]:
    """Hold a link whose packets IPsec encrypts for another host, over IPv4.

    It does so by the policies that have the link's keys as their mark, which are of who speaks IKE; `key` is of both
    ways.  `net.xfrm` is the newer kind of link for them.

    Example:
        net.vti("vti-a", ["local": "192.0.2.1", "remote": "198.51.100.1", "key": "7"]);
        net.up("vti-a");

    Source: ip-link(8), type vti.
    """
    async with ports.links.held_link(NewLink(name, "vti", each_way(options))):
        yield
