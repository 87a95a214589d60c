"""The port for files, over the real ones."""

import os
import stat

from netstrata.contract.secrets import SECRETS
from netstrata.ports.files import FileStatus
from netstrata.system.files.stdio import StdioFile
from netstrata.system.filesystem import atomic_file
from netstrata.system.filesystem.atomic_file import PRIVATE
from netstrata.system.filesystem.awaited_paths import awaits_path
from netstrata.system.filesystem.places import open_file, opened, read_file
from netstrata.values import Unavailable

_KINDS = (
    (stat.S_ISREG, b"file"),
    (stat.S_ISDIR, b"dir"),
    (stat.S_ISCHR, b"chr"),
    (stat.S_ISBLK, b"blk"),
    (stat.S_ISFIFO, b"fifo"),
    (stat.S_ISLNK, b"link"),
    (stat.S_ISSOCK, b"socket"),
)
_FLAGS = {
    b"r": os.O_RDONLY,
    b"w": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    b"a": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    b"r+": os.O_RDWR,
    b"w+": os.O_RDWR | os.O_CREAT | os.O_TRUNC,
    b"a+": os.O_RDWR | os.O_CREAT | os.O_APPEND,
}


class RealFiles:
    """Files of this machine."""

    __slots__ = ()

    def read(self, path: bytes) -> bytes:
        """Return all that a file holds: see `ports.Files`."""
        try:
            return read_file(os.fsdecode(path))
        except OSError as error:
            raise _unavailable("read", path, error) from None

    def write(self, path: bytes, data: bytes) -> None:
        """Make a file, or empty it, and write: see `ports.Files`."""
        try:
            name = os.fsdecode(path)
            if SECRETS.within(data) and _is_to_be_file(name):
                atomic_file.replace(name, data, PRIVATE)
                return
            descriptor = open_file(name, _FLAGS[b"w"])
            try:
                left = memoryview(data)
                while left:
                    left = left[os.write(descriptor, left) :]
            finally:
                os.close(descriptor)
        except OSError as error:
            raise _unavailable("write", path, error) from None

    def status(self, path: bytes, *, follow: bool) -> FileStatus | None:
        """Say what a path leads to: see `ports.Files`."""
        try:
            found = os.stat(path, follow_symlinks=follow)
        except (OSError, ValueError):  # a NUL in it
            return None
        kind = next((word for test, word in _KINDS if test(found.st_mode)), b"other")
        return FileStatus(kind, found.st_size)

    def open(self, path: bytes, mode: bytes) -> StdioFile:
        """Open a file: see `ports.Files`."""
        try:
            descriptor = open_file(os.fsdecode(path), _FLAGS[mode])
        except OSError as error:
            raise _unavailable("open", path, error) from None
        return StdioFile(descriptor, os.fsdecode(path), mode != b"r")


def _is_to_be_file(path: str) -> bool:
    """Say whether a path leads to a file, or to nothing yet; a device or a pipe is never replaced."""
    with opened(path) as place:
        found = atomic_file.found_at(place)
        return found is None or stat.S_ISREG(found.st_mode)


def _unavailable(what: str, path: bytes, error: OSError) -> Unavailable:
    name = os.fsdecode(path)
    return Unavailable(f"{what} {name}", error.strerror or str(error), error.errno or 0, awaits_path(name, error))
