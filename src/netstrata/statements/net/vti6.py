"""net.vti6: IPsec over IPv6 as a link."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.tunnels import Vti6Options, each_way
from netstrata.ports import NewLink, Ports


@configures("net.vti6", layer=4)
async def vti6(ports: Ports, name: LinkName, options: Vti6Options) -> Up[None]:
    """Hold a link whose packets IPsec encrypts for another host, over IPv6; see `net.vti`.

    Example:
        net.vti6("vti6-a", ["local": "2001:db8::1", "remote": "2001:db8:1::1", "key": "7"]);
        net.up("vti6-a");

    Source: ip-link(8), type vti6.
    """
    async with ports.links.held_link(NewLink(name, "vti6", each_way(options))):
        yield
