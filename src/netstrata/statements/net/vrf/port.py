"""net.vrf.port: a link in a VRF."""

from netstrata.contract import Up, configures
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import Link
from netstrata.contract.shapes.link import ipv6_of
from netstrata.ports import NewPort, Ports


@configures("net.vrf.port", layer=1, roles=Roles(takes=lambda values: ipv6_of(values[1])))
async def port(ports: Ports, vrf: Link, link: Link) -> Up[None]:
    """Hold a link in a VRF; one that was in it before stays in it.

    A link that comes into a VRF loses its IPv6 addresses, so it is written above them.

    Example:
        net.vrf("blue", "100");
        net.vrf.port("blue", "eth0");

    Source: ip-vrf(8).
    """
    async with ports.links.held_port(NewPort("vrf", vrf, link)):
        yield
