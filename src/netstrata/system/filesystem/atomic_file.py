"""A file written whole: beside its place, with its mode and owner, on the disk, and only then in its place.

Everything that we write and that is not appended to is written here.  Whoever reads it sees all of it, or what was
there before; whoever may list its folder sees nothing of it but its size.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple

from netstrata.system.filesystem.places import IfThere, Place, opened

_LARGEST: Final = 1 << 28  # bytes: what is compared, not what is kept


class Ownership(NamedTuple):
    """What a file is like: its mode, and the numbers of its user and group, -1 for ours."""

    mode: int
    user: int = -1
    group: int = -1

    def of(self, found: os.stat_result) -> bool:
        """Say whether a file is like that."""
        return (
            stat.S_IMODE(found.st_mode) == self.mode
            and self.user in (-1, found.st_uid)
            and self.group in (-1, found.st_gid)
        )


PRIVATE: Final = Ownership(0o600)
PUBLIC: Final = Ownership(0o644)


def replace(path: str, data: bytes, ownership: Ownership) -> None:
    """Make a file, or put another one in its place; a link that can be followed stays one.

    Raises: OSError; what was there is there still.
    """
    with opened(path) as place, beside(place, data, ownership):
        pass


@contextmanager
def beside(place: Place, data: bytes, ownership: Ownership) -> Iterator[int]:
    """Write a file beside a place, and put it there at the end, unless an error ends the body.

    Shapes: yields its descriptor, open for reading and writing until then; whoever needs it longer copies it.
    Raises: OSError; what was there is there still.
    """
    name = _unfinished(place)
    forget_unfinished(place)  # of a daemon that was killed; it is made anew, never opened
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(name, flags, 0o600, dir_fd=place.folder)
    try:
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            set_ownership(descriptor, ownership)
            os.fsync(descriptor)
            yield descriptor
        finally:
            os.close(descriptor)
        os.rename(name, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(name, dir_fd=place.folder)
        raise
    sync(place)


def forget_unfinished(place: Place) -> None:
    """Remove what a daemon was writing beside a place when it was killed."""
    with suppress(OSError):
        os.unlink(_unfinished(place), dir_fd=place.folder)


def forget_unfinished_at(path: str) -> None:
    """Remove what a daemon was writing beside a path when it was killed; what is there itself may be as it should."""
    with suppress(OSError), opened(path, last=False) as place:
        forget_unfinished(place)


def _unfinished(place: Place) -> str:
    return f".{place.name}.netstrata-new"


def set_ownership(descriptor: int, ownership: Ownership) -> None:
    """Give a file, or a directory, its owner and mode.

    Raises: OSError.
    """
    now = os.fstat(descriptor)
    if ownership.user not in (-1, now.st_uid) or ownership.group not in (-1, now.st_gid):
        os.fchown(descriptor, ownership.user, ownership.group)
    os.fchmod(descriptor, ownership.mode)


def found_at(place: Place, name: str = "") -> os.stat_result | None:
    """Return what there is at a place, or beside it under another name; None if nothing is."""
    try:
        return os.stat(name or place.name, dir_fd=place.folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def is_whole(path: str, data: bytes, ownership: Ownership) -> bool:
    """Say whether a file is as it was written: content, mode and owner.

    Raises: OSError if that cannot be known.
    """
    return has_ownership(path, ownership) and holds(path, data)


def has_ownership(path: str, ownership: Ownership) -> bool:
    """Say whether there is something of that mode and owner.

    Raises: OSError if that cannot be known.
    """
    with IfThere(), opened(path) as place:
        found = found_at(place)
        return found is not None and ownership.of(found)
    return False


def holds(path: str, data: bytes) -> bool:
    """Say whether a file holds this, whatever its mode and owner are.

    Raises: OSError if that cannot be known.
    """
    with IfThere(), opened(path) as place:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(place.name, flags, dir_fd=place.folder), "rb") as file:
            return os.fstat(file.fileno()).st_size == len(data) and file.read(_LARGEST) == data[:_LARGEST]
    return False


def sync(place: Place) -> None:
    """Have the directory of a file on the disk, if it can be."""
    with suppress(OSError):
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place.folder)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
