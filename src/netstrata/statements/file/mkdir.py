"""file.mkdir: a directory."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Word
from netstrata.contract.shapes.heldfiles import NOTHING_SAID, AttributesMap
from netstrata.ports import Ports


@configures("file.mkdir")
async def mkdir(ports: Ports, path: Word, options: AttributesMap = NOTHING_SAID) -> Up[None]:
    """Make a directory; remove it on the way back if it is empty.  One that was there before stays as it was.

    Mode and owner of one that was made are held: if somebody else changes them, the statement goes down and sets them.

    Example:
        file.mkdir("/run/greetings", ["mode": "0750"]);
        file.write("/run/greetings/first", "hello\\n");

    Source: mkdir(2).
    """
    async with ports.held_files.held_directory(path, options):
        yield
