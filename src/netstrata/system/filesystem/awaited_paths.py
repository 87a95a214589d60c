"""Waiting until paths lead to something else, such as a program that is installed in one of several folders."""

import asyncio
import os
from contextlib import ExitStack, suppress
from errno import EACCES, EEXIST, EISDIR, ELOOP, ENOENT, ENOTDIR, ETXTBSY
from typing import Final

from netstrata.system.filesystem.path_watch import PathWatch
from netstrata.system.held import Stop, WaitQueues
from netstrata.system.held.wait_queues import PATHS
from netstrata.values import Awaited

# Errors that go when a path leads to something else, or is for others.
_OF_PATHS: Final = frozenset({EACCES, EEXIST, EISDIR, ELOOP, ENOENT, ENOTDIR, ETXTBSY})


def awaits_path(path: str, error: OSError) -> tuple[Awaited, ...]:
    """Return what is waited for after an error with a path: that it leads to something else, if that may help."""
    return (Awaited(PATHS, (path,)),) if error.errno in _OF_PATHS else ()


class AwaitedPaths:
    """Watches paths that anybody waits for."""

    __slots__ = ("_queues",)

    def __init__(self, queues: WaitQueues) -> None:
        self._queues = queues
        queues.knows(PATHS, self._listen)

    def _listen(self, paths: tuple[str, ...]) -> Stop:
        """Watch some paths, which need not lead to anything.

        Raises: OSError if they cannot be watched.
        """
        loop = asyncio.get_running_loop()
        watch = PathWatch()

        def look() -> None:
            if watch.has_changed():
                self._queues.changed(PATHS, paths)

        with ExitStack() as listening:
            listening.callback(watch.close)
            for path in paths:
                with suppress(OSError):  # files below /proc/sys are others as soon as nobody has them open
                    listening.callback(os.close, os.open(path, os.O_PATH | os.O_CLOEXEC))
                watch.add(path)
            loop.add_reader(watch.descriptor, look)
            listening.callback(loop.remove_reader, watch.descriptor)
            return listening.pop_all().close
