"""net.down: a link that is administratively down."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Link
from netstrata.ports import Ports


@configures("net.down", layer=1)
async def down(ports: Ports, link: Link) -> Up[None]:
    """Hold a link down; up again when the last statement that holds it goes, unless it was down before.

    What others have put on it goes with it, and does not come back by itself.  A link that this program holds up, with
    `net.up`, is not set down.

    Example:
        net.down("eth1");

    Source: rtnetlink(7), RTM_NEWLINK, IFF_UP.
    """
    async with ports.links.held_down(link):
        yield
