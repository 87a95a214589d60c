"""Things that are there under a path while somebody holds them; who holds one watches the folder it is in."""

import os
from collections.abc import Iterable
from typing import TypeVar

from netstrata.system.held import Held, Store
from netstrata.values import Awaited, Unavailable


class Named(Held):
    """A thing with a path, which is all by which it is told from others."""

    __slots__ = ("key", "record")

    def __init__(self, path: str) -> None:
        super().__init__()
        self.key = path
        self.record = os.fsencode(path)

    @property
    def words(self) -> str:
        """Its path."""
        return str(self.key)

    @property
    def undo_words(self) -> str:
        """What is done when it is undone."""
        return f"remove {self.key}"


S = TypeVar("S")
N = TypeVar("N", bound=Named)


class NamedStore(Store[S, N]):
    """All such things of one kind."""

    __slots__ = ()

    def listen(self, held: N) -> None:
        """Need no more: see `monitor`."""

    def unlisten(self, held: N) -> None:
        """Need no more."""

    def check(self, suspects: dict[N, int]) -> Iterable[tuple[N, Unavailable]]:
        """Suspect nothing."""
        return ()


def unavailable(operation: str, error: OSError, awaits: tuple[Awaited, ...] = ()) -> Unavailable:
    """Return the refusal of an operation on a path."""
    return Unavailable(operation, error.strerror or str(error), error.errno or 0, awaits)
