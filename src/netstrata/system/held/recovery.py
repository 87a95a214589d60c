"""What a daemon before this one has left outside: taken over by whoever asks for the same, and undone otherwise.

Each kind of thing has one who undoes it from a record alone, so that nobody needs the program that made it.
"""

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from netstrata.values import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Undo = Callable[[bytes, bytes], None]  # is given key and inverse; raises Unavailable


class Entry(Protocol):
    """One thing that a daemon did, or was about to do: see `system/undo_journal`."""

    @property
    def number(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def key(self) -> bytes: ...
    @property
    def undo(self) -> bytes: ...
    @property
    def holder(self) -> str: ...
    @property
    def done(self) -> bool: ...


class Journal(Protocol):
    """Where it is written what is done, before it is: see `system/undo_journal`."""

    @property
    def left(self) -> "Sequence[Entry]": ...
    @property
    def problem(self) -> str: ...
    def intend(self, kind: str, key: bytes, undo: bytes, holder: str) -> int: ...
    def done(self, number: int, undo: bytes | None = None) -> None: ...
    def undone(self, number: int) -> None: ...
    def adopt(self, entry: Any, holder: str) -> int: ...
    def close(self) -> None: ...


class _NoJournal:
    """Nothing is written, and nothing was."""

    left: "tuple[Entry, ...]" = ()
    problem = ""

    def intend(self, kind: str, key: bytes, undo: bytes, holder: str) -> int:
        """Write nothing."""
        return 0

    def done(self, number: int, undo: bytes | None = None) -> None:
        """Write nothing."""

    def undone(self, number: int) -> None:
        """Write nothing."""

    def adopt(self, entry: Any, holder: str) -> int:
        """Write nothing."""
        return 0

    def close(self) -> None:
        """Have nothing to close."""


class Undone(NamedTuple):
    """What came of undoing one thing that was left."""

    entry: Entry
    problem: str  # "" if it is undone


class Recovery:
    """What is left, until it is claimed or swept away."""

    __slots__ = ("_busy", "_left", "_undo", "journal", "trusts_marks")

    def __init__(self, journal: Journal, *, trusts_marks: bool = False) -> None:
        """Take the journal.

        Shapes: trusts_marks is True if a journal may be lost, and no other daemon runs: what bears our mark in the
        kernel is then ours.
        """
        self.journal = journal
        self.trusts_marks = trusts_marks
        self._undo: dict[str, Undo] = {}
        self._busy = 0
        self._left: dict[tuple[str, bytes], Entry] = {}
        for entry in journal.left:
            self._left[entry.kind, entry.key] = entry

    def knows(self, kind: str, undo: Undo) -> None:
        """Know who undoes a kind of thing."""
        self._undo[kind] = undo

    @property
    def left(self) -> list[Entry]:
        """What nobody has claimed, in the order in which it was done."""
        return sorted(self._left.values(), key=lambda entry: entry.number)

    @property
    def is_busy(self) -> bool:
        """Whether somebody is about to claim more."""
        return self._busy > 0

    @contextmanager
    def claiming(self) -> "Iterator[None]":
        """Have nothing swept away meanwhile: what is under way here may claim more when it is done."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    def claim(self, kind: str, key: bytes) -> Entry | None:
        """Take what is left of a thing; whoever takes it adopts it, or has it undone."""
        return self._left.pop((kind, key), None) if self._left else None

    def give_back(self, entry: Entry) -> None:
        """Take back a claim: whoever claimed it could neither hold nor undo it now."""
        self._left[entry.kind, entry.key] = entry

    def undo(self, entry: Entry) -> str:
        """Undo one thing that was left and claimed; return why it cannot be, "" if it is."""
        undo = self._undo.get(entry.kind)
        if undo is None:
            return f"nobody here knows how to undo a {entry.kind}"
        try:
            undo(entry.key, entry.undo)
        except Unavailable as error:
            return str(error)
        self.journal.undone(entry.number)
        return ""

    def sweep(self) -> list[Undone]:
        """Undo all that nobody has claimed: what was done last goes first."""
        left, self._left = self.left, {}
        return [Undone(entry, self.undo(entry)) for entry in reversed(left)]


NO_RECOVERY: Final = Recovery(_NoJournal())
