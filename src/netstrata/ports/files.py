"""Files, read and written while everything else waits, as NCD does."""

from typing import NamedTuple, Protocol


class FileStatus(NamedTuple):
    """What a name in the file system stands for.

    Shapes: kind is file, dir, chr, blk, fifo, link, socket or other; size is in bytes.
    """

    kind: bytes
    size: int


class OpenFile(Protocol):
    """A file opened as C's fopen does: what is written is held back until a seek, a read, the end or a full buffer.

    Everything here raises Unavailable when the system refuses it.  A file is closed to others before a secret is in it.
    """

    def read(self, most: int) -> bytes:
        """Return so many bytes, or as many as there are before the end; none at the end, which may move later."""

    def write(self, data: bytes) -> None:
        """Write at the position, or at the end if the file was opened for appending."""

    def seek(self, offset: int, whence: bytes) -> None:
        """Go to a position.

        Shapes: whence is set, cur or end.
        """

    def close(self) -> None:
        """Write what is held back, and close, whatever comes of it."""


class Files(Protocol):
    """Files by their paths, through no symbolic link that somebody else may have made.

    Everything but `status` raises Unavailable when the system refuses it.
    """

    def read(self, path: bytes) -> bytes:
        """Return all that a file holds."""

    def write(self, path: bytes, data: bytes) -> None:
        """Make a file, or empty it, and write; one that could be written only in part stays so.

        With a secret in the data, another file with the mode 0600 is put in its place, in one stroke.
        """

    def status(self, path: bytes, *, follow: bool) -> FileStatus | None:
        """Say what a path leads to; None if that cannot be said."""

    def open(self, path: bytes, mode: bytes) -> OpenFile:
        """Open a file.

        Shapes: mode is r, w, a, r+, w+ or a+.
        """
