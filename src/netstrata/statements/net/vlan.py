"""net.vlan: a VLAN of a link."""

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.common import Link, LinkName
from netstrata.contract.shapes.link import VlanId, VlanOptions
from netstrata.ports import NewLink, Ports


@configures("net.vlan", layer=1)
async def vlan(ports: Ports, link: Link, id: VlanId, name: LinkName, options: VlanOptions = NO_OPTIONS) -> Up[None]:
    """Hold a link that is one VLAN of another link.

    Example:
        net.vlan("eth0", "7", "eth0.7");
        net.vlan("eth0", "100", "outer", ["protocol": "802.1ad"]);

    Source: ip-link(8), type vlan.
    """
    async with ports.links.held_link(NewLink(name, "vlan", {**options, "id": id}, link)):
        yield
