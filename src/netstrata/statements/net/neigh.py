"""net.neigh: which hardware address answers for an address."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Link
from netstrata.contract.shapes.dhcp import Mac
from netstrata.contract.shapes.link import Address
from netstrata.ports import Neighbour, Ports


@configures("net.neigh", layer=3)
async def neigh(ports: Ports, link: Link, address: Address, mac: Mac) -> Up[None]:
    """Hold a permanent neighbour, in the place of one that was only learned; the same permanent one before stays.

    The kernel drops the neighbours of a link that is set down, or loses its last IPv4 address: it is written below
    `net.up`, and below an address of the link if it is of IPv4.

    Example:
        net.up("eth0");
        net.neigh("eth0", "192.0.2.9", "02:00:00:00:0A:09");

    Source: ip-neighbour(8).
    """
    async with ports.neighbours.held_neighbour(Neighbour(link, address, mac)):
        yield
