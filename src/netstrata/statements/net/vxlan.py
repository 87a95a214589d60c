"""net.vxlan: a network over UDP."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.link import VxlanOptions
from netstrata.ports import NewLink, Ports


@configures("net.vxlan", layer=4)
async def vxlan(ports: Ports, name: LinkName, options: VxlanOptions) -> Up[None]:
    """Hold a VXLAN: Ethernet over UDP, to one other host or to a group.

    Without `dstport` the kernel takes 8472, as iproute2 does; the standard's port is 4789.

    Example:
        net.vxlan("vx0", ["id": "42", "remote": "192.0.2.2", "dstport": "4789"]);

    Source: ip-link(8), type vxlan; RFC 7348.
    """
    async with ports.links.held_link(NewLink(name, "vxlan", options)):
        yield
