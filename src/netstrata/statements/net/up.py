"""net.up: a link that is administratively up."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Link
from netstrata.ports import Ports


@configures("net.up", layer=1)
async def up(ports: Ports, link: Link) -> Up[None]:
    """Hold a link up; down again when the last statement that holds it goes, unless it was up before.

    Example:
        net.up("eth0");

    Source: rtnetlink(7), RTM_NEWLINK, IFF_UP.
    """
    async with ports.links.held_up(link):
        yield
