"""file.write: a file with a content of one's own."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Text, Word
from netstrata.contract.shapes.heldfiles import NOTHING_SAID, AttributesMap
from netstrata.ports import Ports


@configures("file.write")
async def write(ports: Ports, path: Word, data: Text, options: AttributesMap = NOTHING_SAID) -> Up[None]:
    """Replace a file in one stroke, or make it; put back the one that was there on the way back.

    If somebody else changes or removes it meanwhile, it is written again, and theirs is what comes back; mode and owner
    are held, too.  Without options they are those of the file that was there, else 0644 and ours; where a secret is in
    the data, 0600 and ours.  A symbolic link is followed, unless somebody else may have made it.  `file_write` writes
    once and undoes nothing.

    Example:
        file.write("/run/greeting", "hello\\n", ["mode": "0600"]);

    Source: rename(2), fsync(2).
    """
    async with ports.held_files.held_file(path, data, options):
        yield
