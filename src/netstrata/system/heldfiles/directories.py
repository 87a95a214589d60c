"""Directories that were made: with mode and owner, and removed if they are empty.

One that could not be removed is ours still: made again, it gets its mode and owner again.
"""

import os
import stat

from netstrata.contract.shapes.heldfiles import Attributes
from netstrata.system.filesystem import atomic_file
from netstrata.system.filesystem.atomic_file import Ownership
from netstrata.system.filesystem.places import Place, opened
from netstrata.system.heldfiles.ownership import ownership_of

_MODE = 0o755


class Directories:
    """All directories that we have made and that are there."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left: dict[str, tuple[int, int]] = {}  # device and inode of those that were not empty, by path

    def make(self, path: str, attributes: Attributes) -> Ownership | None:
        """Make a directory, and return what it is like; None if there is one that we have not made.

        Raises: OSError; Unavailable for an owner that there is not.
        """
        ownership = ownership_of(attributes, None, _MODE)
        with opened(path, last=False) as place:
            is_new = True
            try:
                os.mkdir(place.name, 0o700, dir_fd=place.folder)
            except FileExistsError:
                if not is_directory(path):
                    raise
                is_new = False
                if not self._was_left(path, place):
                    return None
            try:
                return _with_defaults(place, ownership)
            except BaseException:
                if is_new:
                    os.rmdir(place.name, dir_fd=place.folder)
                raise

    def remove(self, path: str) -> None:
        """Remove one that was made.

        Raises: OSError, if it is not empty or gone.
        """
        with opened(path, last=False) as place:
            try:
                os.rmdir(place.name, dir_fd=place.folder)
            except OSError:
                found = atomic_file.found_at(place)
                if found is not None and stat.S_ISDIR(found.st_mode):
                    self._left[path] = found.st_dev, found.st_ino
                raise

    def _was_left(self, path: str, place: Place) -> bool:
        found = atomic_file.found_at(place)
        return found is not None and self._left.pop(path, None) == (found.st_dev, found.st_ino)


def is_directory(path: str) -> bool:
    """Say whether a path leads to a directory."""
    try:
        with opened(path) as place:
            found = atomic_file.found_at(place)
            return found is not None and stat.S_ISDIR(found.st_mode)
    except OSError:
        return False


def _with_defaults(place: Place, ownership: Ownership) -> Ownership:
    """Give a directory its mode and owner, and return what they are."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(place.name, flags, dir_fd=place.folder)
    try:
        atomic_file.set_ownership(descriptor, ownership)
        now = os.fstat(descriptor)
        return Ownership(stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid)
    finally:
        os.close(descriptor)
