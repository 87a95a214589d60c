"""net.rename: another name for a link."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Link, LinkName
from netstrata.ports import Ports


@configures("net.rename", layer=1)
async def rename(ports: Ports, link: Link, name: LinkName) -> Up[None]:
    """Hold a link under another name; what is written below calls it by that.

    Who waits for it by the name that it had, with `net.backend.waitdevice`, has not lost it.

    Kernels before 6.2 rename a link only while it is down: one that is up is set down for the moment, and loses its
    routes and IPv6 addresses.  It is best written above `net.up`.

    Example:
        net.rename("eth0", "wan");
        net.up("wan");

    Source: ip-link(8), name.
    """
    async with ports.links.held_settings(link, {"name": name}):
        yield
