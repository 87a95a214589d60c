"""What a child says, line by line, as people read it."""

import asyncio
import os
from collections.abc import Callable

READ = 65536  # bytes at once, so that one loud child leaves turns to everybody else
LINE = 4096  # bytes; what is longer is shown in pieces
QUIET_S = 1.0  # after which a line that has not ended is shown
LEFT_READS = 16  # a pipe holds at most 1 MiB (pipe(7), pipe-max-size), so this empties it


class LineReader:
    """Reads a pipe until its end.

    The end of the child is not the end of the pipe: a grandchild may keep it.  It is read on, since closing it would
    kill that one by SIGPIPE.
    """

    __slots__ = ("_descriptor", "_loop", "_note", "_partial", "_quiet", "last")

    def __init__(self, descriptor: int, note: Callable[[str], None]) -> None:
        """Take over the read end of a pipe."""
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._note = note
        self._loop = asyncio.get_running_loop()
        self._partial = b""
        self._quiet: asyncio.TimerHandle | None = None
        self.last = ""
        self._loop.add_reader(descriptor, self._read)

    def catch_up(self) -> None:
        """Read what is there."""
        for _ in range(LEFT_READS):
            if not self._read():
                break

    def take_left(self) -> None:
        """Read what the child left behind: it has ended."""
        self.catch_up()
        self._show_partial()

    def _read(self) -> bool:
        """Read once; say whether there may be more."""
        if self._descriptor < 0:
            return False
        try:
            piece = os.read(self._descriptor, READ)
        except BlockingIOError:
            return False
        if not piece:
            self._close()
            return False
        self._take(piece)
        return True

    def _take(self, piece: bytes) -> None:
        lines = (self._partial + piece).split(b"\n")
        partial = lines.pop()
        for line in lines:
            if line:
                self._show(line)
        whole = len(partial) - len(partial) % LINE
        self._show(partial[:whole])
        self._partial = partial[whole:]
        if lines and self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None
        if self._partial and self._quiet is None:
            self._quiet = self._loop.call_later(QUIET_S, self._show_partial)

    def _show(self, line: bytes) -> None:
        line = line.rstrip(b"\r")
        for at in range(0, len(line), LINE):
            self.last = line[at : at + LINE].decode("utf-8", "backslashreplace")
            self._note(self.last)

    def _show_partial(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
            self._quiet = None
        partial = self._partial
        self._partial = b""
        self._show(partial)

    def _close(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1
        self._show_partial()
