"""Who holds something in a directory is told when it is no longer as it should be.

A directory is watched, not the file: most programs write another file and rename it.  Several changes in a row are
looked at once.  Somebody who has the file open and goes on writing is noticed when it is closed.
Source: inotify(7).
"""

import asyncio
import os
from collections.abc import Callable

from netstrata.system.filesystem import inotify
from netstrata.system.filesystem.inotify import Inotify
from netstrata.values import Unavailable

QUIET_S = 0.05
_CHANGES = (
    inotify.CLOSE_WRITE | inotify.MOVED_TO | inotify.MOVED_FROM | inotify.CREATE | inotify.DELETE | inotify.ATTRIB
)
_ALL = inotify.OVERFLOW | inotify.IGNORED | inotify.UNMOUNT | inotify.MOVE_SELF


class WatchedName:
    """Something that is held: its name in a directory, how to see that it is as it should be, and whom to tell."""

    __slots__ = ("directory", "holds", "lost", "name")

    def __init__(self, directory: int, name: bytes, holds: Callable[[], bool], lost: Callable[[], None]) -> None:
        """Take what to look for; the directory is its watch."""
        self.directory = directory
        self.name = name
        self.holds = holds
        self.lost = lost


class DirectoryMonitor:
    """One queue for all directories; open while something is held in one."""

    __slots__ = ("_queue", "_timer", "_to_check", "_watched")

    def __init__(self) -> None:
        self._queue: Inotify | None = None
        self._watched: dict[int, list[WatchedName]] = {}  # by the directory's watch
        self._to_check: dict[WatchedName, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, path: str, holds: Callable[[], bool], lost: Callable[[], None]) -> WatchedName:
        """Have `lost` called once `holds` is no longer so after a change of what is at a path.

        Raises: OSError if it cannot be watched (no such directory, too many watches).
        """
        if self._queue is None:
            self._queue = Inotify()
            asyncio.get_running_loop().add_reader(self._queue.descriptor, self._readable)
        try:
            folder, name = os.path.split(path)
            directory = self._queue.add(folder or ".", _CHANGES | inotify.MOVE_SELF | inotify.ONLYDIR)
        except OSError:
            self._close_unused()
            raise
        watched = WatchedName(directory, os.fsencode(name), holds, lost)
        self._watched.setdefault(directory, []).append(watched)
        return watched

    def remove(self, watched: WatchedName) -> None:
        """Call it no more."""
        self._to_check.pop(watched, None)
        left = self._watched.get(watched.directory, [])
        if watched in left:
            left.remove(watched)
        if not left:
            self._watched.pop(watched.directory, None)
            if self._queue is not None:
                self._queue.remove(watched.directory)
        self._close_unused()

    def _close_unused(self) -> None:
        if self._queue is not None and not self._watched:
            asyncio.get_running_loop().remove_reader(self._queue.descriptor)
            self._queue.close()
            self._queue = None
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _readable(self) -> None:
        try:
            for change in self._queue.read() if self._queue is not None else []:
                everywhere = change.mask & inotify.OVERFLOW
                for held in self._watched.values() if everywhere else [self._watched.get(change.watch, [])]:
                    self._to_check.update({one: None for one in held if change.mask & _ALL or one.name == change.name})
        except MemoryError:
            self._to_check.update((one, None) for held in self._watched.values() for one in held)
        self._look_soon()

    def _look_soon(self) -> None:
        if self._to_check and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(QUIET_S, self._look)

    def _look(self) -> None:
        self._timer = None
        to_check, self._to_check = self._to_check, {}
        for watched in to_check:
            try:
                if not watched.holds():
                    watched.lost()
            except (OSError, Unavailable, MemoryError):  # nothing is known of it now
                self._to_check[watched] = None
        self._look_soon()
