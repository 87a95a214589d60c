"""What goes up and down for ever: a statement that takes away what one below it stands for, and comes again with that.

A round ends when something outside takes a statement down, soon after what it had taken down before has begun again.
A few rounds cost nothing.  Then what follows begins one at a time, so that it shows who is guilty; and then it waits
before it begins, longer each time, until it has stood for a while or something changes outside that none of it did.
"""

from functools import partial
from typing import Final

from netstrata.engine.process import RUNNING, UP, EngineState, Process, Statement
from netstrata.engine.program import Slot
from netstrata.engine.retry_state import NOT_BEGUN, Rounds
from netstrata.values import Unavailable

STEP_MS: Final = 50  # between what begins while somebody guilty is looked for; what it does outside is heard by then
ECHO_MS: Final = 1000  # after a fall: what else changes below is what undoing has done
OUTSIDE: Final = ("configures", "watches", "acts")  # kinds of statements that may take something away


class LoopGuard:
    """Counts the rounds of all processes, and looks for who is guilty of one that many are of."""

    __slots__ = ("_at", "_in", "_last", "_process", "_proven", "_until", "_waiting", "probed")

    def __init__(self) -> None:
        self.probed: Rounds | None = None  # of which somebody guilty is looked for
        self._process: Process | None = None  # where it is
        self._until = 0  # milliseconds
        self._last: Slot | None = None  # what of that has begun last
        self._in: Process | None = None  # of which process that is
        self._at = 0  # milliseconds
        self._proven = False  # somebody was told that something is gone when that had begun
        self._waiting: dict[Process, None] = {}  # those that begin no more before that is a while ago

    def fell(self, statement: Statement, index: int, reason: str) -> bool:
        """Count a round: something outside has taken a statement down, and with it all from an index on.

        Say whether what is there will not begin again at once.
        """
        waits = index > statement.index
        verb = "waits for" if waits else "holds"
        return self._count(statement.process, index, f"what {place_of(statement.slot)} {verb}", reason, waits)

    def _count(self, process: Process, index: int, what: str, reason: str, waits: bool) -> bool:
        if index == len(process.code.slots):  # what stands on the process is undone
            for other in process.owner.stands_on(process) if process.owner is not None else ():
                self._count(other.process, other.index + 1, what, reason, waits)
            return False
        trouble = process.troubles()
        rounds = trouble.rounds.get(index)
        if rounds is None:
            rounds = trouble.rounds[index] = Rounds()
        now = process.engine.timers.now()
        if rounds.count(now, process.engine.retry.delay(0), ECHO_MS) and trouble.held:
            process.cease_waiting()
        rounds.waits = waits
        rounds.what = what
        rounds.reason = reason
        self._judge(rounds, now, None if waits else process.code.slots[index])
        return rounds.is_loop

    def starts(self, rounds: Rounds, process: Process) -> None:
        """Know that a process is started that was stopped before."""
        now = process.engine.timers.now()
        rounds.begun = now
        self._probe(rounds, process, now)

    def ends(self, rounds: Rounds, engine: EngineState) -> None:
        """Count a stop of a process by others."""
        now = engine.timers.now()
        rounds.count(now, engine.retry.delay(0), ECHO_MS)
        self._judge(rounds, now)

    def begins(self, statement: Statement) -> None:
        """Know that a statement begins."""
        process = statement.process
        now = process.engine.timers.now()
        trouble = process.trouble
        rounds = trouble.rounds.get(statement.index) if trouble is not None else None
        if rounds is not None:
            rounds.begun = now
            self._probe(rounds, process, now)
        if self.probed is not None and statement.declaration.kind in OUTSIDE and self._is_probed(process):
            self._last = statement.slot
            self._in = process
            self._at = now
            self._proven = False

    def has_begun(self, statement: Statement) -> None:
        """Hear at once what a statement has done that has begun, before anybody can have answered it."""
        if self._last is statement.slot and statement.process.engine.outside.catch_up() > 0:
            self._proven = True

    def loop_at(self, process: Process) -> Rounds | None:
        """Return the rounds of what a process would begin next, if that must wait for them; else None."""
        trouble = process.trouble
        rounds = trouble.rounds.get(process.advance) if trouble is not None else None
        return rounds if rounds is not None and rounds.begun == NOT_BEGUN and rounds.is_loop else None

    def holds(self, process: Process) -> bool:
        """Let a process wait for a moment, if one that it belongs to is looked at and has begun something just now."""
        timers = process.engine.timers
        now = timers.now()
        if now >= self._until:
            self._stop_probing()
        left = self._at + STEP_MS - now
        if self.probed is None or self._last is None or left <= 0 or not self._is_probed(process):
            return False
        if process not in self._waiting:
            self._waiting[process] = None
            timers.after(left, partial(self._go_on, process))
        return True

    def _go_on(self, process: Process) -> None:
        self._waiting.pop(process, None)
        if process.mode == RUNNING:  # else it is being undone, or gone, by now
            process.engine.push(process)

    def _probe(self, rounds: Rounds, process: Process, now: int) -> None:
        """Look from now on who is guilty, if it is time, and nobody else is looked at."""
        if self.probed is None and rounds.is_suspect:
            self.probed = rounds
            self._process = process
            self._until = now + process.engine.retry.delay(0)
            self._last = None

    def _judge(self, rounds: Rounds, now: int, holds: Slot | None = None) -> None:
        """Know what had begun just before a round has ended, if that was looked for.

        If it is what holds what was taken away, nobody of ours has done that.
        """
        if self.probed is rounds:
            soon = now - self._at <= 2 * STEP_MS and (self._proven or not rounds.waits or self._is_coming_up())
            rounds.judge(self._last if soon and self._last is not holds else None)
            self._stop_probing()

    def _is_coming_up(self) -> bool:
        """Say whether what has begun last is still about to come up, or what has begun after it."""
        if self._in is None or self._last is None:
            return False
        after = self._in.begun[self._last.index : self._in.free]
        return any(one is not None and one.state != UP for one in after)

    def _stop_probing(self) -> None:
        self.probed = None
        self._process = self._in = None
        self._last = None

    def _is_probed(self, process: Process) -> bool:
        """Say whether a process is the one that is looked at, or stands on it."""
        seen: dict[Process, None] = {}
        asked = [process]
        while asked:
            one = asked.pop()
            if one is self._process:
                return True
            if one in seen:
                continue
            seen[one] = None
            if one.owner is not None:
                asked.append(one.owner.creator().process)
            for statement in one.begun:
                provider = statement.provided_by() if statement is not None else None
                if provider is not None:
                    asked.append(provider.process)
        return False


def reaches_outside(process: Process) -> bool:
    """Say whether a statement of a process may have done something outside."""
    return any(one is not None and one.declaration.kind in OUTSIDE for one in process.begun)


def refusal(rounds: Rounds) -> Unavailable:
    """Say who takes away what, or at least whose is taken away."""
    often = f"{rounds.number} times in a row"
    if rounds.guilty is not None:
        return Unavailable("stay up", f"{place_of(rounds.guilty)} takes away {rounds.what}, {often}")
    return Unavailable("stay up", f"{rounds.what} was taken away {often}, soon after this had begun: {rounds.reason}")


def place_of(slot: Slot) -> str:
    """Return which statement it is, for people."""
    return f"{slot.type} at line {slot.span.line}"
