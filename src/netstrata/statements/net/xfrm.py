"""net.xfrm: an interface of IPsec."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.tunnels import XfrmOptions
from netstrata.ports import NewLink, Ports


@configures("net.xfrm", layer=4)
async def xfrm(ports: Ports, name: LinkName, options: XfrmOptions) -> Up[None]:
    """Hold an XFRM interface: what is sent through it is encrypted by the IPsec policies that have its `if_id`.

    Example:
        net.xfrm("ipsec0", ["if_id": "7", "dev": "eth0"]);
        net.up("ipsec0");

    Source: ip-link(8), type xfrm.
    """
    async with ports.links.held_link(NewLink(name, "xfrm", options)):
        yield
