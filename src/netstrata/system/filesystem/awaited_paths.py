"""Waiting until paths lead to something else, such as a program that is installed in one of several folders."""

import asyncio
import os
from contextlib import ExitStack, suppress

from netstrata.system.filesystem.path_watch import PathWatch
from netstrata.system.held import Stop, WaitQueues
from netstrata.system.held.wait_queues import PATHS


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
