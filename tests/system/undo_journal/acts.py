"""What is done to a journal in these tests, and what must be live after it, by another way than the journal's own."""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from netstrata.system.undo_journal import Entry, UndoJournal
from netstrata.system.undo_journal.format import JournalReading, read

Live = dict[int, Entry]


class Act(NamedTuple):
    """One call: of a new entry, or of one that is live, by its place among them."""

    verb: str  # intend, done, done with, undone, adopt
    which: int = 0
    key: bytes = b""
    undo: bytes = b""
    text: str = ""


def play(journal: UndoJournal, live: Live, act: Act) -> int:
    """Do it to a journal; return the number of the entry."""
    if act.verb == "intend":
        return journal.intend("kind", act.key, act.undo, act.text)
    number = sorted(live)[act.which % len(live)]
    match act.verb:
        case "done":
            journal.done(number)
        case "done with":
            journal.done(number, act.undo)
        case "undone":
            journal.undone(number)
        case "adopt":
            assert journal.adopt(live[number], act.text) == number
    return number


def after(live: Live, act: Act, number: int) -> Live:
    """Return what is live when it is done."""
    new = dict(live)
    if act.verb == "intend":
        new[number] = Entry(number, "kind", act.key, act.undo, act.text, done=False)
    elif act.verb == "done":
        new[number] = live[number]._replace(done=True)
    elif act.verb == "done with":
        new[number] = live[number]._replace(done=True, undo=act.undo)
    elif act.verb == "undone":
        del new[number]
    else:
        new[number] = live[number]._replace(holder=act.text)
    return new


def endless(seed: int, live: Live, first: int) -> Iterator[tuple[Act, int, Live]]:
    """Yield acts by chance, the numbers of their entries, and what is live after each.

    Shapes: first is the number of the next entry that is made.
    """
    chance = Random(seed)
    while True:
        verbs = ["intend"] if not live else ["intend", "intend", "done", "done", "done with", "undone", "adopt"]
        verb = "undone" if len(live) > 200 else chance.choice(verbs)
        which = chance.randrange(1 << 30)
        act = Act(verb, which, chance.randbytes(20), chance.randbytes(chance.randrange(300)), f"p.{which % 9}")
        number = first if verb == "intend" else sorted(live)[which % len(live)]
        first += verb == "intend"
        live = after(live, act, number)
        yield act, number, live


def reading(path: Path) -> JournalReading:
    """Return what a file says; of one that is not there, as of an empty one."""
    try:
        with path.open("rb") as file:
            return read(file)
    except FileNotFoundError:
        with Path("/dev/null").open("rb") as file:
            return read(file)


class Progress:
    """How far a program has come that may be killed: which act it has begun, and which it has ended."""

    def __init__(self, path: Path) -> None:
        """Take the file, which both have."""
        if not path.exists():
            path.write_bytes(bytes(16))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 16)

    @property
    def begun(self) -> int:
        """The number of the act that was begun last."""
        return int(struct.unpack_from("<Q", self._map, 0)[0])

    @property
    def ended(self) -> int:
        """The number of the act that was ended last."""
        return int(struct.unpack_from("<Q", self._map, 8)[0])

    def begin(self, number: int) -> None:
        """Say that an act begins."""
        struct.pack_into("<Q", self._map, 0, number)

    def end(self, number: int) -> None:
        """Say that an act has ended."""
        struct.pack_into("<Q", self._map, 8, number)
