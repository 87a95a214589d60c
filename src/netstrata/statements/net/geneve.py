"""net.geneve: a network over UDP."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.tunnels import GeneveOptions
from netstrata.ports import NewLink, Ports


@configures("net.geneve", layer=4)
async def geneve(ports: Ports, name: LinkName, options: GeneveOptions) -> Up[None]:
    """Hold a GENEVE tunnel: Ethernet over UDP, to one other host.

    Without `dstport` it is the standard's, 6081.

    Example:
        net.geneve("gnv0", ["id": "42", "remote": "192.0.2.2"]);
        net.up("gnv0");

    Source: ip-link(8), type geneve; RFC 8926.
    """
    async with ports.links.held_link(NewLink(name, "geneve", options)):
        yield
