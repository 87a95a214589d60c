"""An undo journal on a real file, of a daemon that may die at any entry."""

from ast import literal_eval
from collections.abc import Sequence
from sys import byteorder

from netstrata.protocols.rtnetlink import SETTINGS
from netstrata.system.undo_journal import Entry, UndoJournal
from netstrata.testing.schedules.facts import Key
from netstrata.testing.schedules.faults import Faults

_NAMES = {"address": "mac", "mtu": "mtu", "name": "name"}  # of settings, as facts have them


class MortalJournal:
    """Writes what the daemon does; the daemon may die before or after any of it is written."""

    def __init__(self, journal: UndoJournal, faults: Faults) -> None:
        self._journal = journal
        self._faults = faults
        self._of = {entry.number: entry for entry in journal.left}

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
        return ", ".join(f"{entry.kind} of {entry.holder}" for entry in self._of.values())

    @property
    def doubtful(self) -> set[Key]:
        """What may stand or not, of what bears no mark of whose it is."""
        return {key for entry in self._of.values() if (key := _doubtful(entry)) is not None}

    def intend(self, kind: str, key: bytes, undo: bytes, holder: str) -> int:
        """Write what is about to be done."""
        with self._faults.mortal("record"):
            number = self._journal.intend(kind, key, undo, holder)
        self._of[number] = Entry(number, kind, key, undo, holder, False)
        return number

    def done(self, number: int, undo: bytes | None = None) -> None:
        """Write that it stands."""
        with self._faults.mortal("record"):
            self._journal.done(number, undo)
        entry = self._of.get(number)
        if entry is not None:
            self._of[number] = entry._replace(undo=entry.undo if undo is None else undo, done=True)

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


def _doubtful(entry: Entry) -> Key | None:
    """Return what an entry is about, if it may stand or not, and bears no mark."""
    if entry.kind == "setting":
        ifindex, word = literal_eval(entry.key.decode())
        _, may_stand, *_ = literal_eval(entry.undo.decode("utf-8", "surrogateescape"))
        name = _NAMES.get(word, SETTINGS[word].kept.attribute)
        return ("field", ifindex, name) if not entry.done or len(may_stand) > 1 else None
    if entry.done or entry.kind not in ("link", "port", "up"):
        return None
    if entry.kind == "link":
        return ("link", entry.key.decode().partition(" ")[2])
    return ("field", int.from_bytes(entry.key, byteorder), "up" if entry.kind == "up" else "master")
