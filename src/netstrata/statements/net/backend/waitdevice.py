"""net.backend.waitdevice: a link that exists."""

from contextlib import aclosing

from netstrata.contract import DOWN, KERNEL, Watch, note, watches
from netstrata.contract.shapes.common import Link
from netstrata.ports import Ports


@watches("net.backend.waitdevice", layer=1)
async def waitdevice(ports: Ports, link: Link) -> Watch[None]:
    """Be up while a link of that name exists; down and up again when another one takes its place.

    Example:
        net.backend.waitdevice("eth0");
        net.up("eth0");

    Source: rtnetlink(7), RTM_NEWLINK, RTM_DELLINK.
    """
    async with aclosing(ports.links.watch_present(link)) as presence:
        async for present in presence:
            note(f"there is a link named {link}" if present else f"there is no link named {link}", KERNEL)
            yield None if present else DOWN
