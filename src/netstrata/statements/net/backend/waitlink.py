"""net.backend.waitlink: a link that has carrier."""

from contextlib import aclosing

from netstrata.contract import DOWN, KERNEL, Watch, note, watches
from netstrata.contract.shapes.common import Link
from netstrata.ports import Ports


@watches("net.backend.waitlink", layer=1)
async def waitlink(ports: Ports, link: Link) -> Watch[None]:
    """Be up while a link is up and its other end is there; a link that is deleted has no carrier, for good.

    Example:
        net.up("eth0");
        net.backend.waitlink("eth0");

    Source: rtnetlink(7), IFF_RUNNING.
    """
    async with aclosing(ports.links.watch_carrier(link)) as carrier:
        async for there in carrier:
            note(f"carrier on {link}" if there else f"no carrier on {link}", KERNEL)
            yield None if there else DOWN
