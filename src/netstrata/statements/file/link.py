"""file.link: a symbolic link."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Word
from netstrata.ports import Ports


@configures("file.link")
async def link(ports: Ports, target: Word, path: Word) -> Up[None]:
    """Make a symbolic link; remove it on the way back if it still leads there.  The same that was there before stays.

    Example:
        file.link("/usr/share/zoneinfo/UTC", "/run/localtime");

    Source: symlink(2).
    """
    async with ports.held_files.held_link(target, path):
        yield
