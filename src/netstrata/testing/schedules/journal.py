"""An undo journal on a real file, of a daemon that may die at any entry."""

from collections.abc import Sequence

from netstrata.system.undo_journal import Entry, UndoJournal
from netstrata.testing.schedules.faults import Faults


class MortalJournal:
    """Writes what the daemon does; the daemon may die before or after any of it is written."""

    def __init__(self, journal: UndoJournal, faults: Faults) -> None:
        self._journal = journal
        self._faults = faults
        self._of = {entry.number: f"{entry.kind} of {entry.holder}" for entry in journal.left}

    @property
    def left(self) -> Sequence[Entry]:
        """What the daemon before it has left."""
        return self._journal.left

    @property
    def problem(self) -> str:
        """Why it cannot be written."""
        return self._journal.problem

    @property
    def live(self) -> str:
        """What is neither undone nor given up, "" for nothing."""
        return ", ".join(self._of.values())

    def intend(self, kind: str, key: bytes, undo: bytes, holder: str) -> int:
        """Write what is about to be done."""
        with self._faults.mortal("record"):
            number = self._journal.intend(kind, key, undo, holder)
        self._of[number] = f"{kind} of {holder}"
        return number

    def done(self, number: int, undo: bytes | None = None) -> None:
        """Write that it stands."""
        with self._faults.mortal("record"):
            self._journal.done(number, undo)

    def undone(self, number: int) -> None:
        """Write that nothing of it is left."""
        with self._faults.mortal("record"):
            self._journal.undone(number)
        self._of.pop(number, None)

    def adopt(self, entry: Entry, holder: str) -> int:
        """Write who holds it now."""
        with self._faults.mortal("record"):
            return self._journal.adopt(entry, holder)

    def close(self) -> None:
        """Write nothing any more."""
        self._journal.close()
