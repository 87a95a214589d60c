"""What goes wrong in a process: statements that failed and are begun again, what is taken away again and again, and
what waits until something is undone."""

from collections.abc import Callable
from typing import Any, Final

from netstrata.engine.program import Slot
from netstrata.engine.timers import Timer

FREE_ROUNDS: Final = 10  # in a row, after each of which what was undone begins again at once
SUSPECT_ROUNDS: Final = 5  # after which it is looked who is guilty, to the 10th; then in five from 20, 40, 80 ...
PROOFS: Final = 3  # in a row, before it is told who is
NOT_BEGUN: Final = -1
FIRST_GAP_MS: Final = 10  # between two times of being woken, doubled with each that was in vain
LONGEST_GAP_MS: Final = 250
QUIET_MS: Final = 2000  # after so long without being woken it begins again at once


class Rounds:
    """How often in a row what begins at one place was undone soon after, for something outside had changed."""

    __slots__ = ("_proofs", "_suspect", "begun", "fell", "guilty", "number", "reason", "waits", "what")

    def __init__(self) -> None:
        self.number = 0
        self.begun = NOT_BEGUN  # monotonic milliseconds
        self.fell = 0  # monotonic milliseconds
        self.guilty: Slot | None = None  # what had begun just before, several times
        self._suspect: Slot | None = None  # what had done so last, and how often in a row
        self._proofs = 0
        self.waits = False  # for what others do: what comes and goes by itself is no loop
        self.what = ""  # was taken away, for people
        self.reason = ""  # as it was told when it was taken away

    def count(self, now: int, span: int, echo: int) -> bool:
        """Count a fall; say whether it was the outside's doing alone, for nothing stood there.

        Shapes: milliseconds; within `span` of its beginning a fall is one more in a row, and within `echo` of a fall
        what undoing does.
        """
        begun, fell = self.begun, self.fell
        self.begun = NOT_BEGUN
        self.fell = now
        if begun == NOT_BEGUN and self.number:
            if now - fell >= echo:
                self.number = 0
            return self.number == 0
        self.number = self.number + 1 if now - begun < span else 1
        if self.number == 1:
            self.guilty = self._suspect = None
        return False

    def judge(self, suspect: Slot | None) -> None:
        """Know what had begun just before, None for nothing."""
        self._proofs = self._proofs + 1 if suspect is self._suspect else 1
        self._suspect = suspect
        if suspect is not None and self._proofs >= PROOFS:
            self.guilty = suspect
        elif not self.is_loop:
            self.guilty = None

    @property
    def is_suspect(self) -> bool:
        """Whether it is time to look who is guilty: again later, for a busy machine may have hidden it."""
        fives = self.number // SUSPECT_ROUNDS
        is_again = fives >= 4 and fives & (fives - 1) == 0
        return SUSPECT_ROUNDS <= self.number <= FREE_ROUNDS or is_again or self.is_loop

    @property
    def is_loop(self) -> bool:
        """Whether it must wait before it begins again."""
        return self.number > FREE_ROUNDS and not (self.waits and self.guilty is None)


class RetryState:
    """The account of one process; most processes never have one."""

    __slots__ = ("gap", "held", "retries", "rounds", "stop_listening", "timer", "turns", "woken")

    def __init__(self) -> None:
        self.timer: Timer | None = None  # runs while a failed statement waits to begin again
        self.held = False  # it waits since it is taken away each time: no change outside is worth another try
        self.retries = 0  # in a row
        self.rounds: dict[int, Rounds] = {}  # by the index of what begins
        self.stop_listening: Callable[[], None] | None = None  # to what would wake it
        self.gap = 0  # milliseconds from one time of being woken to the next
        self.woken = -QUIET_MS  # monotonic milliseconds: when it begins, or began, again for having been woken
        self.turns: dict[
            Any, Callable[[], None]
        ] = {}  # by statements: called once all above is gone that is undone now

    def forgive(self) -> None:
        """Have short waits again: somebody has mended something."""
        self.retries = 0
        self.rounds = {}

    def listen(self, stop: Callable[[], None] | None) -> None:
        """Listen to what would wake it, and no more to what did before."""
        if self.stop_listening is not None:
            self.stop_listening()
        self.stop_listening = stop

    def cease_waiting(self) -> bool:
        """Wait no more for the next try; say whether it did."""
        self.listen(None)
        if self.timer is None:
            return False
        self.timer.cancel()
        self.timer = None
        self.held = False
        return True

    def gets_on(self) -> None:
        """Know that the statement that failed is up."""
        self.retries = 0
        self.gap = 0
        self.woken = -QUIET_MS

    def wake_delay(self, now: int) -> int:
        """Return in how many milliseconds it begins again for being woken now; -1 if it does not for that.

        While it is held the change may be part of the loop that it waits out.
        """
        if self.woken > now or self.held:
            return -1
        quiet = now - self.woken >= QUIET_MS
        self.gap = 0 if quiet else min(max(2 * self.gap, FIRST_GAP_MS), LONGEST_GAP_MS)
        self.woken = max(now, self.woken + self.gap)
        return self.woken - now
