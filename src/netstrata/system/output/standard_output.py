"""The daemon's standard output, written in blocks as C's stdio does."""

from typing import Final

from netstrata.system.output.bounded_writer import BoundedWriter

BLOCK: Final = 4096  # bytes, as glibc for a pipe or a file


class StandardOutput:
    """A writer that is given blocks, or lines on a terminal."""

    __slots__ = ("_by_line", "_held", "_size", "_writer")

    def __init__(self, writer: BoundedWriter | None = None) -> None:
        self._writer = writer or BoundedWriter(1)
        self._held: list[bytes] = []
        self._size = 0
        self._by_line = self._writer.by_line

    def write(self, text: bytes) -> None:
        """Add bytes; a full block, or a line on a terminal, is written at once."""
        self._held.append(text)
        self._size += len(text)
        if self._size >= BLOCK or (self._by_line and b"\n" in text):
            self.flush()

    def flush(self) -> None:
        """Write what is held back.  Never raises, and never waits."""
        if self._size:
            self._writer.write(b"".join(self._held))
            self._held.clear()
            self._size = 0
