"""net.ipv4.addr: an IPv4 address on a link."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Ipv4Network, Link
from netstrata.ports import Ports


@configures("net.ipv4.addr", layer=3)
async def addr(ports: Ports, link: Link, network: Ipv4Network) -> Up[None]:
    """Hold an IPv4 address on a link; an address that was there before stays on the way back.

    Example:
        net.ipv4.addr("eth0", "192.0.2.1/24");
        net.ipv4.addr("eth0", "192.0.2.2", "24");

    Source: rtnetlink(7), RTM_NEWADDR.
    """
    async with ports.addresses.held_address(link, network.address, network.prefix):
        yield
