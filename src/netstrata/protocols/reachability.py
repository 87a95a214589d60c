"""Whether anything gets through, told by questions that are answered or not.  No socket, no clock: times are arguments.

    UNKNOWN ----answer----> REACHABLE --one not answered in time--> SUSPECTED --answer--> REACHABLE
       |                        ^                                       |
       | `tries` in a row       | `good` answers in a row               | `tries` in a row, none answered
       +----------------> UNREACHABLE <---------------------------------+

One lost question says nothing: it has others asked, quickly, and only if none of these is answered nothing gets
through.  A question may also fail, as when a connection is refused: that is known at once, and counts as much.  A hint
that something is wrong has others asked, too, and is not believed by itself.  With a fifth of the packets lost in each
direction, one of three questions is not answered, and 15 in a row once in millions of times.  Who has come back and
goes again soon must answer twice as often to be believed, up to a minute's worth.  An answer that comes late is an
answer, and patience grows with the time that answers take.  Machines that all began to ask at the same moment do not do
so for ever: questions are a little earlier than they are due.
Shapes: all times are seconds.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

UNKNOWN: Final = "unknown"
REACHABLE: Final = "reachable"
SUSPECTED: Final = "suspected"
UNREACHABLE: Final = "unreachable"

_PATIENCE_OF_RTT: Final = 3.0
_FORGOTTEN_S: Final = 5.0  # after which an answer belongs to nothing
_CALM_S: Final = 60.0  # what stays so long was no flapping
_EARLIER: Final = 0.1  # of the time between two questions, at most
_LONGEST_S: Final = 60.0


class Pace(NamedTuple):
    """How often is asked, and how much is believed."""

    interval_s: float  # between two questions that are answered
    hasty_s: float  # between two when one was not
    patience_s: float  # at least, for an answer
    tries: int
    good: int
    away_s: float  # between two while nothing gets through


STEADY: Final = Pace(1.0, 0.06, 0.3, 15, 3, 1.0)  # gone is known within 3 s
FAST: Final = Pace(0.08, 0.02, 0.1, 8, 12, 0.08)  # within 500 ms
# Whole pages, each a name, a connection and perhaps TLS: less often, and what is lost is asked for by TCP itself.
PAGES: Final = Pace(30.0, 2.0, 5.0, 4, 1, 10.0)  # within 45 s
FAST_PAGES: Final = Pace(5.0, 0.5, 2.0, 4, 1, 2.0)  # within 10 s


class Reachability:
    """What is believed of the far end of one uplink."""

    def __init__(self, pace: Pace, chance: Callable[[], float] = lambda: 0.0) -> None:
        """Believe nothing yet; chance returns a number from 0 to 1, each time another one."""
        self.state = UNKNOWN
        self._pace = pace
        self._chance = chance
        self._early = 0.0  # how much earlier the next question is, of the time between two
        self._open: dict[int, float] = {}  # when each question was asked that may still be answered in time
        self._late: dict[int, float] = {}
        self._asked_s = 0.0
        self._count = 0
        self._missed = 0  # in a row
        self._good = 0  # in a row
        self._needed = pace.good
        self._since_s = 0.0
        self._rtt_s = 0.0

    def wait(self, now_s: float) -> float:
        """Return how long nothing is to be done."""
        ends = [asked + self._patience_s for asked in self._open.values()]
        return max(0.0, min([*ends, self._next_s]) - now_s)

    def ask(self, now_s: float) -> int | None:
        """Take note of the time; return the number of the question to ask now, if one is to be asked."""
        for number in [number for number, asked in self._open.items() if now_s >= asked + self._patience_s]:
            self._late[number] = self._open.pop(number)
            self._miss(now_s)
        self._late = {number: asked for number, asked in self._late.items() if now_s < asked + _FORGOTTEN_S}
        if self._count and now_s < self._next_s:
            return None
        self._count += 1
        self._open[self._count] = self._asked_s = now_s
        self._early = _EARLIER * self._chance()
        return self._count

    def answered(self, number: int, now_s: float) -> None:
        """Know that a question was answered."""
        asked = self._open.pop(number, self._late.pop(number, None))
        if asked is None:
            return
        self._rtt_s = max(now_s - asked, 0.875 * self._rtt_s)
        self._missed = 0
        self._good += 1
        if self.state == UNREACHABLE and self._good < self._needed:
            return
        if self.state in (UNREACHABLE, UNKNOWN):
            self._since_s = now_s
        self.state = REACHABLE

    def failed(self, number: int, now_s: float) -> None:
        """Know that a question will not be answered."""
        if self._open.pop(number, None) is not None:
            self._miss(now_s)

    def suspect(self) -> None:
        """Have it asked at once: somebody else has seen that something is wrong."""
        if self.state == REACHABLE:
            self.state = SUSPECTED
            self._missed = 0

    def _miss(self, now_s: float) -> None:
        self._missed += 1
        self._good = 0
        if self.state == REACHABLE:
            self.state = SUSPECTED
        elif self._missed >= self._pace.tries and self.state != UNREACHABLE:
            has_come_back_lately = self.state == SUSPECTED and now_s < self._since_s + _CALM_S
            most = max(self._pace.good, int(_LONGEST_S / self._pace.away_s))
            self._needed = min(most, 2 * self._needed) if has_come_back_lately else self._pace.good
            self.state = UNREACHABLE

    @property
    def _next_s(self) -> float:
        if self.state in (UNKNOWN, SUSPECTED):
            return self._asked_s + self._pace.hasty_s
        between_s = self._pace.away_s if self.state == UNREACHABLE else self._pace.interval_s
        return self._asked_s + between_s * (1.0 - self._early)

    @property
    def _patience_s(self) -> float:
        return max(self._pace.patience_s, _PATIENCE_OF_RTT * self._rtt_s)
