"""net.ipv6.addr: an IPv6 address on a link."""

from netstrata.contract import Up, configures
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import Ipv6Network, Link
from netstrata.contract.shapes.link import ipv6_of
from netstrata.ports import Ports


@configures("net.ipv6.addr", layer=3, roles=Roles(keeps=lambda values: ipv6_of(values[0])))
async def addr(ports: Ports, link: Link, network: Ipv6Network) -> Up[None]:
    """Hold an IPv6 address on a link; an address that was there before stays on the way back.

    It is up while the kernel still looks for duplicates, and down again if there is one.

    Example:
        net.ipv6.addr("eth0", "2001:db8::1/64");
        net.ipv6.addr("eth0", "2001:db8::2", "64");

    Source: rtnetlink(7), RTM_NEWADDR; RFC 4862 section 5.4.
    """
    async with ports.addresses.held_address(link, network.address, network.prefix):
        yield
