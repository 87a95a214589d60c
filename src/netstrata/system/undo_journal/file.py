"""The file under an undo journal: locked, with room that is really there, written to as memory.

A store into a mapped file cannot say that the file system is full: it is SIGBUS.  So whatever is mapped was allocated
before, which can.  The lock is that of an open file, which no program inherits that is executed.

Source: flock(2), posix_fallocate(3), mmap(2), tmpfs(5).
"""

import fcntl
import mmap
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from errno import EAGAIN, EFBIG, EINVAL, EPERM
from typing import BinaryIO, Final

from netstrata.system.filesystem.places import Place, opened, others_may_write
from netstrata.system.undo_journal.format import LARGEST_FILE
from netstrata.values import Unavailable

_LEAST: Final = 1 << 16  # bytes of room that a file begins with; it doubles …
_MOST: Final = 1 << 20  # … until so many are added each time
_TRIES: Final = 100  # of locking a file that others put away or exchange meanwhile
_FLAGS: Final = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class JournalTaken(Unavailable):
    """Another daemon has the journal."""


class JournalFile:
    """One file that is ours alone, at its path."""

    __slots__ = ("_descriptor", "_map", "_path", "size", "write")

    def __init__(self, path: str, descriptor: int) -> None:
        """Take a file that is open and locked; nothing can be written before `start`."""
        self._path = path
        self._descriptor = descriptor
        self._map: mmap.mmap | None = None
        self.size = 0
        self.write: Callable[[bytes], int] = nowhere

    @classmethod
    def lock(cls, path: str) -> "JournalFile":
        """Have the file there, an empty one if there is none, and lock it.

        Raises: JournalTaken, OSError.
        """
        os.makedirs(os.path.dirname(os.path.dirname(path)), 0o755, exist_ok=True)
        for tries in range(_TRIES):
            with suppress(FileExistsError):
                os.mkdir(os.path.dirname(path), 0o700)
            try:
                descriptor = _locked(path)
            except FileNotFoundError:  # the one before us has put the folder away meanwhile
                if tries == _TRIES - 1:
                    raise
                continue
            if descriptor >= 0:
                return cls(path, descriptor)
        raise _taken(path)

    def reader(self) -> BinaryIO:
        """Return a reader of the whole file, which is read, not mapped: holes in it are harmless.

        Raises: OSError.
        """
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        return open(self._descriptor, "rb", closefd=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever written."""
        return os.fstat(self._descriptor).st_size == 0

    def start(self, end: int) -> None:
        """Be ready to write behind what is good, and forget the rest.

        Raises: OSError if there is no room; what is good is there still.
        """
        rest = os.pread(self._descriptor, _MOST + 1, end)
        if len(rest) > _MOST or rest.count(0) < len(rest):
            os.ftruncate(self._descriptor, end)  # what is allocated anew is zeros
        size = max(_pages(end), end + min(len(rest), _MOST))  # what was ours is not given away on a full disk
        os.posix_fallocate(self._descriptor, 0, size)
        self._map = mmap.mmap(self._descriptor, size)
        self._map.seek(end)
        self.size = size
        self.write = self._map.write

    @property
    def room(self) -> int:
        """How many bytes can still be written."""
        return self.size - self._map.tell() if self._map is not None else 0

    def grow(self, least: int) -> None:
        """Have so many more bytes of room, or rather more.

        Raises: OSError; what room there was is there still.
        """
        if self._map is None:
            raise OSError(EINVAL, "it is not open for writing")
        if self.size + _pages(least) > LARGEST_FILE:
            raise OSError(EFBIG, "it is too large already")
        wanted = max(_pages(least), min(self.size, _MOST))
        for step in dict.fromkeys((wanted, _pages(least))):
            try:
                os.posix_fallocate(self._descriptor, self.size, step)
            except OSError:
                if step == _pages(least):
                    raise
            else:
                self._map.resize(self.size + step)
                self.size += step
                return

    def replaced(self, parts: Iterable[bytes]) -> "JournalFile":
        """Put another file in the place of this one in one stroke, locked as well, and close this one.

        Raises: JournalTaken if the place is no longer ours; OSError.  This one goes on then.
        """
        data = b"".join(parts)
        with opened(self._path, last=False) as place:
            name = f".{place.name}.new"
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=place.folder)
            descriptor = os.open(name, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=place.folder)
            new = JournalFile(self._path, descriptor)
            try:
                _lock(descriptor, self._path)
                os.posix_fallocate(descriptor, 0, max(_LEAST, _pages(len(data))))
                left = memoryview(data)
                while left:
                    left = left[os.write(descriptor, left) :]
                new.start(len(data))
                if not _is_there(place, self._descriptor) and _exists(place):
                    raise _taken(self._path)
                os.rename(name, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
            except BaseException:
                new.close()
                with suppress(OSError):
                    os.unlink(name, dir_fd=place.folder)
                raise
        self.close()
        return new

    def keep(self) -> str:
        """Give the file a second name, which it keeps when another one is put in its place, and return that.

        Raises: OSError.
        """
        with opened(self._path, last=False) as place:
            with suppress(FileNotFoundError):
                os.unlink(f"{place.name}.kept", dir_fd=place.folder)
            os.link(place.name, f"{place.name}.kept", src_dir_fd=place.folder, dst_dir_fd=place.folder)
        return f"{self._path}.kept"

    def remove(self) -> None:
        """Take the file away if it is there still, and its folder if nothing else is in it; let go of it."""
        with suppress(OSError), opened(self._path, last=False) as place:
            if _is_there(place, self._descriptor):
                os.unlink(place.name, dir_fd=place.folder)
                os.rmdir(os.path.dirname(self._path))
        self.close()

    def close(self) -> None:
        """Let go of the file; once more does no harm."""
        self.write = nowhere
        if self._map is not None:
            self._map.close()
            self._map = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def nowhere(data: bytes) -> int:
    """Write as what has no room does.

    Raises: ValueError.
    """
    raise ValueError(f"there is no room for {len(data)} bytes")


def _locked(path: str) -> int:
    """Return a file that is locked, and in its place; -1 if the one before us has put it away meanwhile.

    Raises: JournalTaken, OSError.
    """
    with opened(path, last=False) as place:
        if others_may_write(place.folder):
            raise OSError(EPERM, f"others may write to {os.path.dirname(place.path)}")
        descriptor = os.open(place.name, _FLAGS | os.O_CREAT, 0o600, dir_fd=place.folder)
        try:
            _lock(descriptor, path)
            if _is_there(place, descriptor):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return -1


def _lock(descriptor: int, path: str) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(EINVAL, "it is no file")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise _taken(path) if error.errno == EAGAIN else error from None


def _taken(path: str) -> JournalTaken:
    return JournalTaken(f"use the undo journal {path}", "another daemon of this name uses it", EAGAIN)


def _is_there(place: Place, descriptor: int) -> bool:
    """Say whether a place is that of an open file."""
    ours = os.fstat(descriptor)
    try:
        found = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return (found.st_dev, found.st_ino) == (ours.st_dev, ours.st_ino)


def _exists(place: Place) -> bool:
    try:
        os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _pages(size: int) -> int:
    """Return a size in whole pages, one more if there is nothing left of the last one."""
    return (size // mmap.PAGESIZE + 1) * mmap.PAGESIZE
