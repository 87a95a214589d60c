"""sys.watch_directory: what happens to the entries of a directory."""

from contextlib import aclosing
from typing import Annotated, NamedTuple

from netstrata.contract import Events, reports
from netstrata.contract.shapes.common import Text, Word, word_shape
from netstrata.ports import Ports

ENTRY_EVENT = word_shape("an event type", "added, removed or changed", (b"added", b"removed", b"changed"), "moved")


class Change(NamedTuple):
    event_type: Annotated[bytes, ENTRY_EVENT]
    filename: Text
    filepath: Text


@reports("sys.watch_directory")
async def watch_directory(ports: Ports, directory: Word) -> Events[Change]:
    """Show each entry of a directory as added, then what happens to them, one event at a time.

    A rename is the old name removed and the new one added.  When the directory itself goes, the statement fails, after
    what happened before was shown.

    Example:
        file_write("watched", "");
        sys.watch_directory(".") change;
        println(change.event_type, " ", change.filepath);  # added ./watched
        change->nextevent();

    Source: inotify(7); NCD, sys.watch_directory.
    """
    async with aclosing(ports.events.watch_directory(directory)) as changes:
        async for change in changes:
            yield Change(change.kind, change.name, directory + b"/" + change.name)
