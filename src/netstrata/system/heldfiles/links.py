"""Symbolic links that were made, and are removed as long as they lead where they did."""

import os
from contextlib import suppress
from typing import NamedTuple

from netstrata.system.filesystem.awaited_paths import awaits_path
from netstrata.system.filesystem.places import IfThere, opened
from netstrata.system.heldfiles.named import Named, NamedStore, unavailable


class WantedLink(NamedTuple):
    """A link that somebody wants."""

    target: str
    path: str


class HeldSymbolicLink(Named):
    """A symbolic link that is held, and where it leads."""

    __slots__ = ("target",)

    def __init__(self, target: str, path: str) -> None:
        super().__init__(path)
        self.target = target
        self.undo = os.fsencode(target)


class SymbolicLinks(NamedStore[WantedLink, HeldSymbolicLink]):
    """All symbolic links that are held."""

    __slots__ = ()
    kind = "symbolic link"

    def prepare(self, spec: WantedLink) -> HeldSymbolicLink:
        """Take where it is to lead."""
        return HeldSymbolicLink(*spec)

    def operation(self, spec: WantedLink) -> str:
        """Return what is to be done."""
        return f"link {spec.path} to {spec.target}"

    def share(self, held: HeldSymbolicLink, made: HeldSymbolicLink) -> None:
        """See that it leads where another one wants it to."""
        if leads_to(held.key) != made.target:
            self.do(made)

    def look(self, held: HeldSymbolicLink) -> None:
        """See whether there is one that leads there."""
        held.ours = leads_to(held.key) != held.target

    def do(self, held: HeldSymbolicLink) -> None:
        """Make it."""
        try:
            with opened(held.key, last=False) as place:
                os.symlink(held.target, place.name, dir_fd=place.folder)
        except OSError as error:
            raise unavailable(f"link {held.key} to {held.target}", error, awaits_path(held.key, error)) from None

    def stands(self, held: HeldSymbolicLink, undo: bytes) -> bool:
        """Say whether it leads where it did and is to."""
        return held.undo == undo and leads_to(held.key) == held.target

    def undo(self, key: bytes, undo: bytes) -> None:
        """Remove it, if it leads where it did."""
        path = os.fsdecode(key)
        if leads_to(path) != os.fsdecode(undo):
            return
        try:
            with opened(path, last=False) as place, suppress(FileNotFoundError):
                os.unlink(place.name, dir_fd=place.folder)
        except OSError as error:
            raise unavailable(f"remove {path}", error) from None


def leads_to(path: str) -> str | None:
    """Return where a symbolic link leads, None if it is none.

    Raises: Unavailable if that cannot be known.
    """
    try:
        with IfThere(), opened(path, last=False) as place:
            return os.readlink(place.name, dir_fd=place.folder)
    except OSError as error:
        raise unavailable(f"read {path}", error) from None
    return None
