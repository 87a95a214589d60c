"""net.mac: the hardware address of a link."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Link
from netstrata.contract.shapes.link import Mac
from netstrata.ports import Ports


@configures("net.mac", layer=1)
async def mac(ports: Ports, link: Link, address: Mac) -> Up[None]:
    """Hold a link at a hardware address; put back the one it had.

    Some drivers change it only while the link is down, so it is best written above `net.up`.

    Example:
        net.mac("eth0", "02:00:00:00:0A:01");
        net.up("eth0");

    Source: ip-link(8), address.
    """
    async with ports.links.held_settings(link, {"address": address}):
        yield
