"""A file with the ways of C's stdio, as far as others can see them: when what was written is really written."""

import errno
import os
import stat

from netstrata.contract.secrets import SECRETS
from netstrata.values import Unavailable

HELD = 4096  # bytes, as glibc for most files
_WHENCE = {b"set": os.SEEK_SET, b"cur": os.SEEK_CUR, b"end": os.SEEK_END}


class StdioFile:
    """One open file.  Nothing is read ahead, so that its position is always the kernel's."""

    __slots__ = ("_descriptor", "_held", "_name", "_writable")

    def __init__(self, descriptor: int, name: str, writable: bool) -> None:
        """Take an open descriptor over."""
        self._descriptor = descriptor
        self._name = name
        self._writable = writable
        self._held = bytearray()

    def read(self, most: int) -> bytes:
        """Return so many bytes, or as many as there are: see `ports.OpenFile`."""
        self._write_held("read")
        parts: list[bytes] = []
        while most > 0:
            try:
                part = os.read(self._descriptor, min(most, 1 << 20))
            except OSError as error:
                if parts:
                    break
                raise self._unavailable("read", error) from None
            if not part:
                break
            parts.append(part)
            most -= len(part)
        return b"".join(parts)

    def write(self, data: bytes) -> None:
        """Write at the position: see `ports.OpenFile`."""
        if not data:
            return
        if not self._writable:
            raise self._unavailable("write", OSError(errno.EBADF, "it was opened for reading only"))
        self._held += data
        if len(self._held) >= HELD:
            self._write_held("write")

    def seek(self, offset: int, whence: bytes) -> None:
        """Go to a position: see `ports.OpenFile`."""
        self._write_held("write")
        try:
            os.lseek(self._descriptor, offset, _WHENCE[whence])
        except OSError as error:
            raise self._unavailable("seek in", error) from None

    def close(self) -> None:
        """Write what is held back, and close: see `ports.OpenFile`."""
        if self._descriptor < 0:
            return
        try:
            self._write_held("write")
        finally:
            descriptor = self._descriptor
            self._descriptor = -1
            try:
                os.close(descriptor)
            except OSError as error:
                raise self._unavailable("close", error) from None

    def _write_held(self, what: str) -> None:
        """Write what is held back; what cannot be written is lost, as with stdio after an error."""
        held = bytes(self._held)
        self._held.clear()
        left = memoryview(held)
        try:
            if SECRETS.changes and SECRETS.within(held):
                self._close_to_others()
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            raise self._unavailable(what, error) from None

    def _close_to_others(self) -> None:
        """Have nobody else open the file, before a secret is in it.

        Raises: OSError if it is another user's.
        """
        found = os.fstat(self._descriptor)
        if stat.S_ISREG(found.st_mode):
            if found.st_uid != os.geteuid():
                raise OSError(errno.EPERM, "it is another user's, and what is written is a secret")
            os.fchmod(self._descriptor, stat.S_IMODE(found.st_mode) & 0o700)

    def _unavailable(self, what: str, error: OSError) -> Unavailable:
        return Unavailable(f"{what} {self._name}", error.strerror or str(error), error.errno or 0)
