"""The daemon's standard output, written in blocks as C's stdio does."""

import os
import select

BLOCK = 4096  # bytes, as glibc for a pipe or a file


class StandardOutput:
    """A descriptor written in blocks, in lines on a terminal.

    What cannot be written (the reader is gone, the disk is full) is lost, and `lost` says why the first time.
    """

    __slots__ = ("_by_line", "_descriptor", "_held", "_size", "lost")

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._held: list[bytes] = []
        self._size = 0
        self._by_line = os.isatty(descriptor)
        self.lost: OSError | None = None

    def write(self, text: bytes) -> None:
        """Add bytes; a full block, or a line on a terminal, is written at once."""
        self._held.append(text)
        self._size += len(text)
        if self._size >= BLOCK or (self._by_line and b"\n" in text):
            self.flush()

    def flush(self) -> None:
        """Write what is held back.  Never raises; waits while a reader is slow."""
        if not self._size:
            return
        left = memoryview(b"".join(self._held))
        self._held.clear()
        self._size = 0
        try:
            while left:
                left = left[self._write(left) :]
        except OSError as error:
            self.lost = self.lost or error

    def _write(self, left: memoryview) -> int:
        try:
            return os.write(self._descriptor, left)
        except BlockingIOError:
            # Somebody who shares the descriptor made it non-blocking; stdio would lose text here.
            ready = select.poll()
            ready.register(self._descriptor, select.POLLOUT)
            ready.poll()
            return 0
