"""What a daemon before this one has left outside: taken over by whoever asks for the same, and undone otherwise.

Each kind of thing has one who undoes it from a record alone, so that nobody needs the program that made it.
"""

import errno
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from netstrata.contract import Holder
from netstrata.system.held.foresight import Foresight, Leaving, Undoing
from netstrata.values import Unavailable, no_memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What an undo may find: what it was about is not there any more.
GONE: Final = frozenset({errno.ENODEV, errno.ESRCH, errno.EADDRNOTAVAIL, errno.ENOENT, errno.ENXIO})

Undo = Callable[[bytes, bytes], None]  # is given key and inverse; raises Unavailable
SlowUndo = Callable[[bytes, bytes], Awaitable[None]]  # as that, for what takes time


class Unanswered(Unavailable):
    """It may have been done: nobody has said that it was, nor that it was not."""


class LeftEntry(Protocol):
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
    def left(self) -> "Sequence[LeftEntry]": ...
    @property
    def problem(self) -> str: ...
    def intend(self, kind: str, key: bytes, undo: bytes, holder: str) -> int: ...
    def done(self, number: int, undo: bytes | None = None) -> None: ...
    def undone(self, number: int) -> None: ...
    def adopt(self, entry: Any, holder: str) -> int: ...
    def close(self) -> None: ...


class Left(NamedTuple):
    """One that somebody had claimed, and has given back."""

    number: int
    kind: str
    key: bytes
    undo: bytes
    holder: str
    done: bool


class Behind(Left):
    """An entry of this daemon's own that nobody holds."""

    __slots__ = ()


class NoJournal:
    """Nothing is written, and nothing was."""

    left: "tuple[LeftEntry, ...]" = ()
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

    entry: LeftEntry
    problem: str  # "" if it is undone


class _Outcome:
    """What comes of undoing an entry in this block: it is undone, or there is a problem."""

    __slots__ = ("_entry", "_journal", "problem")

    def __init__(self, journal: Journal, entry: LeftEntry) -> None:
        self._journal = journal
        self._entry = entry
        self.problem = ""

    def __enter__(self) -> "_Outcome":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if error is None:
            self._journal.undone(self._entry.number)
        elif isinstance(error, MemoryError):
            self.problem = str(no_memory())
        elif isinstance(error, Exception):  # one that is our bug stops no other
            self.problem = str(error) if isinstance(error, Unavailable) else f"undo a {self._entry.kind}: {error!r}"
        return self.problem != ""


class Recovery:
    """What is left, until it is claimed or swept away."""

    __slots__ = ("_busy", "_left", "_parts", "_slow", "_stores", "_tried", "_undo", "journal")

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._undo: dict[str, Undo] = {}
        self._slow: dict[str, SlowUndo] = {}
        self._stores: list[Foresight] = []
        self._busy = 0
        self._parts: list[Callable[[], None]] = []
        self._tried: list[LeftEntry] = []  # what could not be undone: it is not tried again before the end
        # Of one thing there are two where what was lost had not been left by all when it was made anew.
        self._left: dict[tuple[str, bytes], list[LeftEntry]] = {}
        for entry in journal.left:
            self._left.setdefault((entry.kind, entry.key), []).append(entry)

    def knows(self, kind: str, undo: Undo) -> None:
        """Know who undoes a kind of thing."""
        self._undo[kind] = undo

    def knows_slow(self, kind: str, undo: SlowUndo) -> None:
        """Know who undoes a kind of thing that takes time to undo: see `finish`."""
        self._slow[kind] = undo

    def keeps(self, store: Foresight) -> None:
        """Know who keeps things that are held."""
        if self is not NO_RECOVERY:
            self._stores.append(store)

    def undoing(self, leaving: Leaving) -> "Iterator[Undoing | None]":
        """Say what becomes of all that is held if some leave; None now and then, so that others have their turn."""
        for store in self._stores:
            yield from store.undoing(leaving)

    @property
    def left(self) -> list[LeftEntry]:
        """What nobody has claimed, in the order in which it was done."""
        return sorted(chain.from_iterable(self._left.values()), key=lambda entry: entry.number)

    @property
    def is_left(self) -> bool:
        """Whether nobody has claimed something yet, or a part of it."""
        return bool(self._left or self._parts)

    @property
    def is_due(self) -> bool:
        """Whether something is left that nobody has tried to undo yet."""
        untried = (entry not in self._tried for found in self._left.values() for entry in found)
        return bool(self._parts) or any(untried)

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

    def has(self, kind: str, key: bytes) -> bool:
        """Say whether something is left of a thing."""
        return (kind, key) in self._left

    def claim(self, kind: str, key: bytes) -> LeftEntry | None:
        """Take what is left of a thing, the last of it; whoever takes it adopts it, or has it undone."""
        found = self._left.pop((kind, key), None) if self._left else None
        if found is None:
            return None
        last = found.pop()
        if found:
            others = [one for one in found if one.undo != last.undo]
            for same in found:
                if same not in others:
                    self.journal.undone(same.number)
            if others:
                self._left[kind, key] = others
        return last

    def takes_parts(self, undo_rest: Callable[[], None]) -> None:
        """Know of a thing that was claimed, and is left in part: the rest is undone when all else is swept."""
        if self is not NO_RECOVERY:
            self._parts.append(undo_rest)

    def give_back(self, entry: LeftEntry) -> None:
        """Take back a claim: whoever claimed it could neither hold nor undo it now."""
        self._left.setdefault((entry.kind, entry.key), []).append(entry)

    def leave(self, number: int, kind: str, key: bytes, undo: bytes, who: Holder | None, *, done: bool) -> bool:
        """Leave what could not be undone, or may have been done, as a daemon before this one would have.

        Return whether that is so: without a recovery it is left for good.
        """
        if isinstance(self.journal, NoJournal):
            return False
        self.give_back(Behind(number, kind, key, undo, who.title if who is not None else "", done))
        return True

    def undo(self, entry: LeftEntry) -> str:
        """Undo one thing that was left and claimed; return why it cannot be, "" if it is."""
        undo = self._undo.get(entry.kind)
        if undo is None:
            return f"nobody here knows how to undo a {entry.kind}"
        with _Outcome(self.journal, entry) as outcome:
            undo(entry.key, entry.undo)
        return outcome.problem

    async def finish(self, entry: LeftEntry) -> str:
        """Undo as `undo` does, also what takes time to undo."""
        slow = self._slow.get(entry.kind)
        if slow is None:
            return self.undo(entry)
        with _Outcome(self.journal, entry) as outcome:
            await slow(entry.key, entry.undo)
        return outcome.problem

    async def sweep(self) -> list[Undone]:
        """Undo all that nobody has claimed: what was done last goes first, and may be claimed until it is its turn."""
        with self.claiming():
            parts, self._parts = self._parts, []
            for undo_rest in reversed(parts):
                undo_rest()
            claimed = (self.claim(entry.kind, entry.key) for entry in reversed(self.left))
            undone = [Undone(entry, await self.finish(entry)) for entry in claimed if entry is not None]
        self._tried = [one.entry for one in undone if one.problem]
        for entry in self._tried:
            self.give_back(entry)
        return undone


NO_RECOVERY: Final = Recovery(NoJournal())
