"""net.vrf: a routing domain."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.link import Table
from netstrata.ports import NewLink, Ports


@configures("net.vrf", layer=1)
async def vrf(ports: Ports, name: LinkName, table: Table) -> Up[None]:
    """Hold a VRF: links that are put into it use a routing table of their own.

    Example:
        net.vrf("blue", "100");
        net.vrf.port("blue", "eth0");
        net.up("blue");

    Source: ip-vrf(8).
    """
    async with ports.links.held_link(NewLink(name, "vrf", {"table": table})):
        yield
