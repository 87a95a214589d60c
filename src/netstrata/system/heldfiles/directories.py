"""Directories that were made: with mode and owner, and removed if they are empty.

One that could not be removed is ours still: made again, it gets its mode and owner again.
"""

import os
import stat
from errno import EEXIST, ENOENT, ENOTDIR, ENOTEMPTY
from typing import NamedTuple

from netstrata.contract import Holder
from netstrata.contract.shapes.heldfiles import Attributes
from netstrata.system.filesystem import atomic_file
from netstrata.system.filesystem.atomic_file import Ownership
from netstrata.system.filesystem.awaited_paths import awaits_path
from netstrata.system.filesystem.places import IfThere, opened
from netstrata.system.held import NO_RECOVERY, Recovery
from netstrata.system.heldfiles.named import Named, NamedStore, unavailable
from netstrata.system.heldfiles.ownership import ownership_of
from netstrata.values import Unavailable

_MODE = 0o755
_NOT_OURS = (ENOENT, ENOTDIR, ENOTEMPTY, EEXIST)  # of rmdir: somebody has removed it, replaced it or put something in


class Wanted(NamedTuple):
    """A directory that somebody wants."""

    path: str
    attributes: Attributes


class HeldDirectory(Named):
    """A directory that is held, and what it is to be like if it is ours."""

    __slots__ = ("ownership",)

    def __init__(self, path: str, ownership: Ownership) -> None:
        super().__init__(path)
        self.ownership = ownership


class Directories(NamedStore[Wanted, HeldDirectory]):
    """All directories that are held."""

    __slots__ = ("_left",)
    kind = "directory"

    def __init__(self, recovery: Recovery = NO_RECOVERY) -> None:
        super().__init__(recovery)
        self._left: dict[str, bytes] = {}  # which were not empty when nobody held them any more, by path

    def hold(self, spec: Wanted, who: Holder | None) -> HeldDirectory:
        """Have a directory, and one of ours as it is to be."""
        held = super().hold(spec, who)
        try:
            if held.ours and not atomic_file.has_ownership(held.key, held.ownership):
                held.ownership = _dress(held.key, held.ownership)
        except OSError as error:
            self.release(held, who)
            raise unavailable(f"make the directory {held.key}", error, awaits_path(held.key, error)) from None
        return held

    def prepare(self, spec: Wanted) -> HeldDirectory:
        """Find its owner."""
        try:
            return HeldDirectory(spec.path, ownership_of(spec.attributes, None, _MODE))
        except Unavailable as error:
            raise Unavailable(self.operation(spec), error.reason) from None

    def operation(self, spec: Wanted) -> str:
        """Return what is to be done."""
        return f"make the directory {spec.path}"

    def share(self, held: HeldDirectory, made: HeldDirectory) -> None:
        """See that it is still there."""
        if not is_directory(held.key):
            self.do(held)

    def look(self, held: HeldDirectory) -> None:
        """See whether there is one that we have not made."""
        left = self._left.pop(held.key, None)
        held.ours = not (is_directory(held.key) and left != _identity(_found(held.key)))

    def do(self, held: HeldDirectory) -> None:
        """Make it, if it is not there."""
        try:
            with opened(held.key, last=False) as place:
                try:
                    os.mkdir(place.name, 0o700, dir_fd=place.folder)
                except FileExistsError:
                    if not is_directory(held.key):
                        raise
                held.undo = _identity(atomic_file.found_at(place))
        except OSError as error:
            raise unavailable(f"make the directory {held.key}", error, awaits_path(held.key, error)) from None

    def stands(self, held: HeldDirectory, undo: bytes) -> bool:
        """Say whether it is the one that was made, whatever its mode and owner are."""
        held.undo = _identity(_found(held.key))
        return bool(held.undo) and undo in (b"", held.undo)

    def undo(self, key: bytes, undo: bytes) -> None:
        """Remove it, unless something is in it that is not ours: then neither is it."""
        path = os.fsdecode(key)
        if undo not in (b"", _identity(_found(path))):
            return
        try:
            _remove(path)
        except OSError as error:
            if error.errno not in _NOT_OURS:
                raise unavailable(f"remove {path}", error) from None

    def leave(self, held: HeldDirectory) -> None:
        """Remove it, or say why it stays."""
        try:
            _remove(held.key)
        except FileNotFoundError:
            return
        except OSError as error:
            self._left[held.key] = held.undo
            if error.errno in _NOT_OURS and not self._recovery.left:  # else what is in it may be undone yet
                self._recovery.journal.undone(held.number)
            raise unavailable(f"remove {held.key}", error) from None


def is_directory(path: str) -> bool:
    """Say whether a path leads to a directory.

    Raises: Unavailable if that cannot be known.
    """
    found = _found(path, last=True)
    return found is not None and stat.S_ISDIR(found.st_mode)


def _found(path: str, *, last: bool = False) -> os.stat_result | None:
    try:
        with IfThere(), opened(path, last=last) as place:
            return atomic_file.found_at(place)
    except OSError as error:
        raise unavailable(f"look at {path}", error) from None
    return None


def _identity(found: os.stat_result | None) -> bytes:
    """Return by what a directory is told from another one at the same path, b"" if it is none."""
    if found is None or not stat.S_ISDIR(found.st_mode):
        return b""
    return b"%x-%x" % (found.st_dev, found.st_ino)


def _remove(path: str) -> None:
    with opened(path, last=False) as place:
        os.rmdir(place.name, dir_fd=place.folder)


def _dress(path: str, ownership: Ownership) -> Ownership:
    """Give a directory its mode and owner, and return what they are."""
    with opened(path, last=False) as place:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(place.name, flags, dir_fd=place.folder)
        try:
            atomic_file.set_ownership(descriptor, ownership)
            now = os.fstat(descriptor)
            return Ownership(stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid)
        finally:
            os.close(descriptor)
