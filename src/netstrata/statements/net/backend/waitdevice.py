"""net.backend.waitdevice: a link that exists."""

from contextlib import aclosing

from netstrata.contract import DOWN, KERNEL, Watch, watches
from netstrata.contract.shapes.common import Link
from netstrata.ports import Ports


@watches("net.backend.waitdevice", layer=1)
async def waitdevice(ports: Ports, link: Link) -> Watch[None]:
    """Be up while a link of that name exists; down and up again when another one takes its place.

    A link that a statement of the program calls otherwise, as `net.rename` does, is still the one that was waited for:
    it is gone when it is unplugged, or when somebody else renames it.

    Example:
        net.backend.waitdevice("eth0");
        net.up("eth0");

    Source: rtnetlink(7), RTM_NEWLINK, RTM_DELLINK.
    """
    async with aclosing(ports.links.watch_present(link)) as presence:
        async for present in presence:
            ports.holder.note(f"there is a link named {link}" if present else f"there is no link named {link}", KERNEL)
            yield None if present else DOWN
