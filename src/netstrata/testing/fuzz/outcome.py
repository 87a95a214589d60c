"""A program run inside of this process, on a clock that needs no time, and what must be true of every program."""

from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from netstrata.engine.environment import Observer
from netstrata.engine.process import DOWN, DYING, NONE, STATE_NAMES, UP, Process, Statement
from netstrata.engine.program import Slot
from netstrata.language.refusals import Refusals
from netstrata.testing.play import Notes, Play
from netstrata.values import Refused, Unavailable

MOST_TURNS = 30  # of 10,000 steps: more, and a program is taken for endless
LAST_MS = 20_000  # of a program's own time, by which it must have ended


class Outcome(NamedTuple):
    """How a program went."""

    output: bytes
    exit_code: int
    ended: bool  # else it went on and on
    faults: list[str]  # what must never be
    digest: str  # of all that happened


class Rules(Observer[Process, Statement]):
    """Holds every transition against the rules of the machine."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self._there: dict[Process, list[Statement]] = {}  # those that exist, in order

    def moved(self, statement: Statement, before: int, after: int) -> None:
        """Check that statements begin in order, and are undone in exact reverse order."""
        process = statement.process
        there = self._there.setdefault(process, [])
        if before == NONE and after == DOWN:
            above = [other for other in there if other.state != UP]
            if above or statement.index != len(there):
                self._fault(statement, f"begins, but {len(there)} are there, {len(above)} of them not up")
            there.append(statement)
        elif after == DYING and there[-1] is not statement:
            self._fault(statement, "is undone, but is not the last")
        elif after == NONE:
            if before == DYING and there[-1] is not statement:
                self._fault(statement, "is gone, but is not the last")
            there.remove(statement)

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """Check that the failure is one that a program can have."""
        if not isinstance(error, (Refused, Unavailable)):
            self.faults.append(f"{slot.type} raised {error!r}")

    def process_moved(self, process: Process, what: str) -> None:
        """Check that nothing is left of a process that is gone."""
        if what == "gone" and self._there.pop(process, []):
            self.faults.append(f"{process.code.name} is gone, its statements are not")

    def processes(self) -> list[Process]:
        """Return the processes that have statements."""
        return list(self._there)

    def statements(self) -> Iterator[Statement]:
        """Yield the statements that exist."""
        for there in self._there.values():
            yield from there

    def left(self) -> int:
        """Return how many statements exist."""
        return sum(len(there) for there in self._there.values())

    def _fault(self, statement: Statement, what: str) -> None:
        where = f"{statement.process.code.name}.{statement.index + 1} {statement.slot.type}"
        self.faults.append(f"{where} ({STATE_NAMES[statement.state]}) {what}")


class Watcher(Notes):
    """Notes all that happens, and holds it against the rules of the machine."""

    def __init__(self) -> None:
        super().__init__()
        self.rules = Rules()

    @property
    def faults(self) -> list[str]:
        """What must never be."""
        return self.rules.faults

    def moved(self, statement: Statement, before: int, after: int) -> None:
        """Note a transition, and check it."""
        super().moved(statement, before, after)
        self.rules.moved(statement, before, after)

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """Note a failure, and check it."""
        super().failed(process, slot, error)
        self.rules.failed(process, slot, error)

    def process_moved(self, process: Process, what: str) -> None:
        """Note what becomes of a process, and check it."""
        self.log.append(f"{process.code.name} {what}")
        self.rules.process_moved(process, what)


class LimitedPlay(Play):
    """A play that gives up on a program that goes on and on."""

    turns = 0

    def work_off(self) -> None:
        """Let everything that is due happen, up to a limit."""
        while self.turns < MOST_TURNS and not self.engine.work_off(10_000):
            self.turns += 1

    def to_the_end(self) -> bool:
        """Let time pass until the program has ended, and say so; False if it goes on and on."""
        while not self.engine.stopped and self.clock.now() < LAST_MS and self.turns < MOST_TURNS:
            self.pass_time(100)
        return self.turns < MOST_TURNS


def outcome_of(program: str) -> Outcome:
    """Run a program to its end.

    Raises: whatever a bug of ours raises.
    """
    watcher = Watcher()
    try:
        play = LimitedPlay(program, observer=watcher)
    except Refusals as refusals:
        return Outcome(b"", 1, True, [], sha256(str(refusals).encode()).hexdigest())
    ended = play.to_the_end()
    faults = list(watcher.faults)
    left = watcher.rules.left()
    if ended and not play.engine.stopped:
        faults.append(f"it has not ended: {left} statements are there")
    elif ended and (left or play.engine.alive):
        faults.append(f"it has ended, but {left} statements are there")
    told = "\n".join([*watcher.log, *watcher.failures]).encode() + play.written
    return Outcome(play.written, play.engine.exit_code & 0xFF, ended, faults, sha256(told).hexdigest())
