"""Whether some host has an address: when to ask, and when to believe what.  No socket, no clock.

    UNKNOWN --answer--> THERE <--answer-- ABSENT
       | 7 questions, none answered          ^
       +-------------------------------------+---- THERE, 9 questions, none answered

    UNKNOWN  a question at once, then one each second; the seventh ends it
    THERE    15 s after the last answer, 10 s and 10 s later, then six, one each second; the last ends it
    ABSENT   a question each 15 s

Shapes: all times are seconds.  Source: BadVPN, arpprobe/BArpProbe.h.
"""

from typing import Final

UNKNOWN: Final = "unknown"
THERE: Final = "there"
ABSENT: Final = "absent"

_WAITS: Final = {
    UNKNOWN: (1.0,) * 6,
    THERE: (15.0, 10.0, 10.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    ABSENT: (15.0,),
}


class Presence:
    """What is believed of one address.  Whoever drives it asks once at the start."""

    __slots__ = ("_asked", "state")

    def __init__(self) -> None:
        self.state = UNKNOWN
        self._asked = 0

    def wait(self) -> float:
        """Return how long to wait before the next question."""
        return _WAITS[self.state][self._asked]

    def asked(self) -> bool:
        """Know that the next question is asked; say whether the belief has changed by that."""
        self._asked += 1
        if self._asked < len(_WAITS[self.state]):
            return False
        changed = self.state != ABSENT
        self.state = ABSENT
        self._asked = 0
        return changed

    def answered(self) -> bool:
        """Know that somebody has the address; say whether the belief has changed by that."""
        changed = self.state != THERE
        self.state = THERE
        self._asked = 0
        return changed
