"""The undo journal of one daemon: what it did and has not undone, in memory, and on a file for the daemon after it.

What is in memory is what is true.  An intention is taken only if there is room on the file for it, and for what must be
said of it later; so `done` and `undone` find theirs, however full the disk is by then.  Where something could not be
written all the same, the file is written anew as soon as that is possible.

What is undone in one turn of the event loop is written in one go: before anything else is, or when the turn ends.

Nothing here makes the daemon fail: without a file it works as before, only what it leaves when it is killed stays.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from netstrata.system.undo_journal import format as form
from netstrata.system.undo_journal.file import JournalFile, JournalTaken, nowhere
from netstrata.system.undo_journal.format import (
    DONE,
    LARGEST,
    SHORT,
    UNDONE,
    Entry,
    JournalReading,
    intended,
    short,
    shorts,
)
from netstrata.system.undo_journal.identity import Identity

COMPACTED: Final = 1 << 20  # bytes of records without a use, from which on the file is written anew
_AFTERWARDS: Final = 2 * SHORT  # what is said of an entry later: that it is done, and undone
_AGAIN_S: Final = 1.0  # between two tries to write, while it fails
_NEVER: Final = float("inf")
_PLAIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+@-")
_LONGEST_NAME: Final = 100


def file_name(name: str) -> str:
    """Return the name of a daemon as that of a file, which no other daemon's has."""
    safe = "".join(
        chr(byte) if chr(byte) in _PLAIN else f"%{byte:02x}" for byte in name.encode("utf-8", "surrogatepass")
    )
    if len(safe) > _LONGEST_NAME:
        safe = f"{safe[:_LONGEST_NAME]}%{hashlib.sha256(safe.encode()).hexdigest()[:32]}"
    return safe


def journal_path(run: str, name: str = "netstrata") -> str:
    """Return where the journal of a daemon of that name is, in the network namespace of whoever asks."""
    return f"{run}/journal/{file_name(name)}.{Identity.here().namespace or 'unknown'}"


class UndoJournal:
    """One for each daemon and network namespace."""

    __slots__ = (
        "_again_at", "_behind", "_compacted", "_fault", "_file", "_free", "_identity", "_intended", "_next", "_notice",
        "_path", "_standing", "_undone", "_write", "dropped", "left",
    )  # fmt: skip

    def __init__(self, path: str, identity: Identity, *, compacted: int = COMPACTED) -> None:
        """Open and lock the file, and read what is there.

        Shapes: compacted is how many bytes without a use make it worth writing the file anew.
        Raises: JournalTaken if another daemon has it; what else is wrong is the `problem`.
        """
        self.left: list[Entry] = []  # of the last daemon, in order of doing; if it cannot be read now, it comes later
        self.dropped = 0  # entries of another boot or another network namespace
        self._path = path
        self._identity = identity
        self._compacted = compacted
        self._file: JournalFile | None = None
        self._write: Callable[[bytes], int] = nowhere
        self._free = 0  # bytes that intentions may use; what was promised to those that are live is not in it
        self._behind = False  # whether the file lacks something that is in memory
        self._intended: dict[int, bytes] = {}  # the record of each entry that is live, by number
        self._standing: dict[int, bytes] = {}
        self._undone: list[int] = []  # what is live no more, and must still be written
        self._next = 1
        self._notice = ""
        self._fault = ""
        self._again_at = 0.0
        try:
            self._open()
        except OSError as error:
            self._fail(error)

    @property
    def problem(self) -> str:
        """Why it cannot be written now, or what was found that it cannot read; "" if all is well."""
        return self._fault or self._notice

    def intend(self, kind: str, key: bytes, undo: bytes, holder: str) -> int:
        """Write down what is about to be done, and its inverse; return its number, 0 if it could not be written."""
        if self._undone:
            self._write_undone()
        number = self._next
        record = intended(number, kind, key, undo, holder)
        needed = len(record) + _AFTERWARDS
        if needed > self._free:
            if not self._make_room(needed):
                return 0
            number = self._next  # a file that could only be read now has numbers of its own
            record = intended(number, kind, key, undo, holder)
        self._free -= needed
        self._write(record)
        self._next = number + 1
        self._intended[number] = record
        return number

    def done(self, number: int, undo: bytes | None = None) -> None:
        """Write down that it stands; `undo` takes the place of the inverse that was intended."""
        if self._undone:
            self._write_undone()
        if undo is not None:
            self._done_with(number, undo)
            return
        record = self._intended.pop(number, None)
        if record is not None:
            self._standing[number] = record
            try:
                self._write(short(DONE, number))
            except ValueError:
                self._make_good()

    def undone(self, number: int) -> None:
        """Write down, in this turn of the event loop, that nothing of it is left, or that it is somebody else's."""
        if self._intended.pop(number, None) is None and self._standing.pop(number, None) is None:
            return
        undone = self._undone
        undone.append(number)
        if len(undone) == 1:
            self._write_soon()

    def adopt(self, entry: Entry, holder: str) -> int:
        """Have an entry of `left` held again, perhaps by another holder; return its number, 0 if it is live no more."""
        if self._undone:
            self._write_undone()
        number = entry.number
        record = self._standing.get(number) or self._intended.get(number)
        if record is None:
            return 0
        if holder != entry.holder:
            self._change(form.held_by(number, holder), _entry(record)._replace(holder=holder), number in self._standing)
        return number

    def close(self) -> None:
        """Take the file away if nothing is live, else leave it for the next daemon; nothing is written any more."""
        self._write_undone()
        if self._behind:
            self._again_at = 0.0
            self._make_good()
        self._again_at = _NEVER
        self._write = nowhere
        self._free = 0
        if self._file is not None:
            if self._intended or self._standing:
                self._file.close()
            else:
                self._file.remove()

    def _write_soon(self) -> None:
        """Write what is undone when this turn of the event loop ends, at once if none runs."""
        from asyncio import get_running_loop

        try:
            get_running_loop().call_soon(self._write_undone)
        except RuntimeError:
            self._write_undone()

    def _write_undone(self) -> None:
        """Write what is undone by now."""
        undone, self._undone = self._undone, []
        if undone:
            try:
                self._write(shorts(UNDONE, undone))
            except (ValueError, MemoryError):
                self._make_good()

    def _done_with(self, number: int, undo: bytes) -> None:
        record = self._intended.get(number) or self._standing.get(number)
        if record is not None:
            self._change(form.done_with(number, undo), _entry(record)._replace(undo=undo), True)

    def _change(self, record: bytes, entry: Entry, stands: bool) -> None:
        """Have an entry changed in memory, and the file say so."""
        known = intended(entry.number, entry.kind, entry.key, entry.undo, entry.holder)
        if len(known) > LARGEST:
            self._refuse(len(known))
            return
        self._intended.pop(entry.number, None)
        live = self._standing if stands else self._intended
        live[entry.number] = known
        if len(record) <= self._free or self._make_room(len(record)):
            self._free -= len(record)
            self._write(record)
        else:
            self._behind = True

    def _make_room(self, needed: int) -> bool:
        """Have room for a record, by whatever it takes; say whether there is."""
        if needed > LARGEST:
            self._refuse(needed)
            return False
        if time.monotonic() < self._again_at:
            return False
        try:
            self._restore(needed)
        except JournalTaken as error:
            self._fault = str(error)
            self._again_at = time.monotonic() + _AGAIN_S
        except OSError as error:
            self._fail(error)
        return needed <= self._free

    def _make_good(self) -> None:
        """Know that the file lacks something, and write it anew if it can be."""
        self._behind = True
        self._make_room(0)

    def _restore(self, needed: int) -> None:
        """Do what the file lacks: be opened, be written anew, or grow.

        Raises: OSError, JournalTaken.
        """
        if self._file is None:
            self._open()
        elif self._behind or self._file.write is nowhere:
            self._rewrite()
        elif self._is_mostly_past():
            with suppress(OSError):  # no room for two files at once, or no descriptor: this one will do
                self._rewrite()
        if self._file is not None:
            self._count()
            if needed > self._free:
                self._file.grow(needed - self._free)
                self._count()
        self._fault = ""
        self._again_at = 0.0

    def _count(self) -> None:
        """Find what intentions may use: what there is, but for what is promised to those that are live."""
        if self._file is not None:
            self._free = self._file.room - _AFTERWARDS * (len(self._intended) + len(self._standing))

    def _is_mostly_past(self) -> bool:
        """Say whether more than half of the file is of no use to anybody, and enough to be worth the work."""
        if self._file is None:
            return False
        written = self._file.size - self._file.room
        if written <= self._compacted:
            return False
        used = sum(map(len, self._intended.values())) + sum(map(len, self._standing.values()))
        past = written - used - SHORT * len(self._standing)
        return past > self._compacted and 2 * past > written

    def _records(self) -> Iterator[bytes]:
        """Yield the least that a file must have: its head, and the entries that are live, in order of doing."""
        yield form.head(self._identity)
        standing = self._standing
        for number in sorted((*self._intended, *standing)):
            record = standing.get(number)
            if record is None:
                yield self._intended[number]
            else:
                yield record
                yield short(DONE, number)

    def _rewrite(self) -> None:
        """Put a file in place that has only what is live.

        Raises: OSError, JournalTaken; the old one is there still.
        """
        if self._file is not None:
            self._file = self._file.replaced(self._records())
            self._write = self._file.write
            self._behind = False
            self._count()

    def _open(self) -> None:
        """Lock the file, and read what the last daemon has left.

        Raises: JournalTaken, OSError.
        """
        file = JournalFile.lock(self._path)
        try:
            with file.reader() as reader:
                reading = form.read(reader)
            ours = reading.version == form.VERSION and reading.identity == self._identity and self._identity.is_known
            if reading.version != form.VERSION and not file.is_empty:
                self._notice = _unreadable(self._path, reading, file.keep())
            if not ours:
                file = file.replaced([form.head(self._identity)])
        except BaseException:
            file.close()
            raise
        self._file = file
        if ours:
            self._take(reading)
            file.start(reading.end)
        else:
            self.dropped += len(reading.entries)
        self._write = file.write
        self._count()

    def _take(self, reading: JournalReading) -> None:
        """Have what was read live on."""
        self.left += reading.entries.values()
        self._next = reading.last + 1
        for number, entry in reading.entries.items():
            live = self._standing if entry.done else self._intended
            record = reading.records.get(number)
            live[number] = record or intended(number, entry.kind, entry.key, entry.undo, entry.holder)

    def _refuse(self, size: int) -> None:
        """Do without one entry; that it is so is told until the next one is written."""
        self._fault = f"{self._path}: {size} bytes are too many for one entry"
        self._free = 0

    def _fail(self, error: OSError) -> None:
        """Go on without writing, and try again later."""
        self._fault = f"{self._path}: {error.strerror or error}"
        self._free = 0
        self._again_at = time.monotonic() + _AGAIN_S


def _entry(record: bytes) -> Entry:
    """Return what the record of an intention says."""
    _, _, _, number = form.FRAME.unpack_from(record)
    return form.entry(number, record, False)


def _unreadable(path: str, found: JournalReading, kept: str) -> str:
    what = f"of a newer version ({found.version})" if found.version else "no undo journal"
    return f"{path} was {what}: what it says is not undone; it is kept as {kept}"
