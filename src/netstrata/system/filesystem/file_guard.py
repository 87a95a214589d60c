"""Notice that somebody else has written a file of ours, and write it again: at once, then more and more rarely.

What cannot be read, or written, is looked at again after that time.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Protocol

from netstrata.protocols.backoff import Repairs
from netstrata.system.filesystem import inotify

_CHANGES = (
    inotify.CLOSE_WRITE | inotify.MOVED_TO | inotify.MOVED_FROM | inotify.CREATE | inotify.DELETE | inotify.ATTRIB
)


class Guarded(Protocol):
    """A file that can say whether it is as it was written."""

    path: str

    @property
    def in_place(self) -> bool:
        """Whether the file itself is written, because no other can be put in its place."""

    def is_ours(self) -> bool:
        """Say whether it is as it was written.

        Raises: OSError if that cannot be known.
        """


class FileGuard:
    """Watch one file.  `repair` is called when it is to be written again."""

    def __init__(self, file: Guarded, repair: Callable[[float], None]) -> None:
        """Begin to watch.

        Shapes: repair is given the seconds until the next one can follow.
        Raises: OSError.
        """
        self._file = file
        self._repair = repair
        self._name = os.fsencode(os.path.basename(file.path))
        self._repairs = Repairs()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._queue = inotify.Inotify()
        try:
            self._directory = self._queue.add(os.path.dirname(file.path) or ".", _CHANGES | inotify.ONLYDIR)
            if file.in_place:
                # A bind mount is written without its directory's noticing.
                self._queue.add(file.path, inotify.CLOSE_WRITE)
            self._loop.add_reader(self._queue.descriptor, self._readable)
        except BaseException:
            self._queue.close()
            raise

    def close(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._queue.descriptor >= 0:
            self._loop.remove_reader(self._queue.descriptor)
            self._queue.close()

    def _readable(self) -> None:
        try:
            changes = self._queue.read()
        except MemoryError:
            self._look_later(Repairs.FIRST_S)
            return
        for change in changes:
            if change.watch != self._directory or change.name == self._name or change.mask & inotify.OVERFLOW:
                self._look()
                return

    def _look(self) -> None:
        if self._timer is not None:
            return
        try:
            self._look_now()
            is_ours = self._timer is not None or self._file.is_ours()
        except (OSError, MemoryError):
            is_ours = False
        if not is_ours:
            self._look_later(max(Repairs.FIRST_S, self._repairs.wait))

    def _look_now(self) -> None:
        if self._file.is_ours():
            return
        now = self._loop.time()
        left = self._repairs.left(now)
        if left:
            self._look_later(left)
            return
        self._repair(self._repairs.repaired(now))

    def _look_later(self, after: float) -> None:
        if self._timer is None and self._queue.descriptor >= 0:  # else a repair has closed it
            self._timer = self._loop.call_later(after, self._later)

    def _later(self) -> None:
        self._timer = None
        self._look()
