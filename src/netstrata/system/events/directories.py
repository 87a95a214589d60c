"""What happens to the entries of a directory.

What is there is read after the watch is set, so that nothing is missed between the two; an entry that is made in
between may be reported twice.  When the kernel's queue has run over, the directory is read again: what came and went is
reported, and everything else as changed, since it may be.
"""

import os
from collections.abc import AsyncGenerator

from netstrata.ports.events import DirectoryChange
from netstrata.system.filesystem import inotify
from netstrata.system.readable import wait_readable
from netstrata.values import Unavailable

ADDED = b"added"
REMOVED = b"removed"
CHANGED = b"changed"
_KINDS = {
    inotify.CREATE: ADDED,
    inotify.MOVED_TO: ADDED,
    inotify.DELETE: REMOVED,
    inotify.MOVED_FROM: REMOVED,
    inotify.MODIFY: CHANGED,
}
_ENDS = {
    inotify.IGNORED: "it was deleted",
    inotify.MOVE_SELF: "it was moved away",
    inotify.UNMOUNT: "its file system was unmounted",
}
_OWN_END = inotify.MOVE_SELF | inotify.ONLYDIR
_ENTRIES = inotify.CREATE | inotify.MOVED_TO | inotify.DELETE | inotify.MOVED_FROM | inotify.MODIFY


class _Watch:
    """One watched directory."""

    __slots__ = ("_known", "_path", "_queue")

    def __init__(self, path: bytes, queue: inotify.Inotify) -> None:
        self._path = path
        self._queue = queue
        self._known: dict[bytes, None] = {}

    def start(self) -> list[DirectoryChange]:
        """Watch from now on, and return what is there."""
        try:
            self._queue.add(os.fsdecode(self._path), _ENTRIES | _OWN_END)
            self._known = dict.fromkeys(os.listdir(self._path))
        except OSError as error:
            raise self._unavailable(error) from None
        return [DirectoryChange(ADDED, name) for name in self._known]

    def changes(self) -> tuple[list[DirectoryChange], str]:
        """Return what has happened, and how the directory ended, "" if it did not."""
        changes: list[DirectoryChange] = []
        for change in self._queue.read():
            if change.mask & inotify.OVERFLOW:
                changes += self._compared()
                continue
            for mask, end in _ENDS.items():
                if change.mask & mask:
                    return changes, end
            for mask, kind in _KINDS.items():
                if change.mask & mask:
                    changes.append(self._seen(kind, change.name))
        return changes, ""

    def _seen(self, kind: bytes, name: bytes) -> DirectoryChange:
        if kind == REMOVED:
            self._known.pop(name, None)
        else:
            self._known[name] = None
        return DirectoryChange(kind, name)

    def _compared(self) -> list[DirectoryChange]:
        """Read the directory again, after changes were lost."""
        try:
            now = dict.fromkeys(os.listdir(self._path))
        except FileNotFoundError:
            now = {}
        except OSError as error:
            raise self._unavailable(error) from None
        changes = [DirectoryChange(REMOVED, name) for name in self._known if name not in now]
        changes += [DirectoryChange(CHANGED if name in self._known else ADDED, name) for name in now]
        self._known = now
        return changes

    def _unavailable(self, error: OSError) -> Unavailable:
        reason = error.strerror or str(error)
        return Unavailable(f"watch the directory {os.fsdecode(self._path)}", reason, error.errno or 0)


async def watch_directory(path: bytes) -> AsyncGenerator[DirectoryChange, None]:
    """Report every entry as added, and then what happens to them: see `ports.Events`."""
    try:
        queue = inotify.Inotify()
    except OSError as error:
        raise Unavailable("watch a directory", error.strerror or str(error), error.errno or 0) from None
    try:
        watch = _Watch(path, queue)
        for change in watch.start():
            yield change
        while True:
            await wait_readable(queue.descriptor)
            changes, end = watch.changes()
            for change in changes:
                yield change
            if end:
                raise Unavailable(f"watch the directory {os.fsdecode(path)}", end)
    finally:
        queue.close()
