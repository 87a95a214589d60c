"""Who may connect to the control socket how often, and what is reported of what was refused.

Whoever asks for too much is refused, and that is reported; only so often, so that it is no way to fill the log.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from netstrata.control.verbs import OPERATE, Peer
from netstrata.values import one_line

MOST_EACH: Final = 64  # connections of one user who may only read
MOST_OPERATING: Final = 256  # of one who may steer
MOST_READING: Final = 256  # of all users together who may only read; the descriptors that are left are for others
REPORTED: Final = 10  # refusals that are reported one by one
WINDOW_S: Final = 10.0  # within this time; how many more there were is reported at its end
LONGEST: Final = 200  # characters of a report

Report = Callable[[str, int, int], None]  # a text, and the uid and pid of who asked


class Limits:
    """What all clients of one socket have used up."""

    def __init__(self, report: Report) -> None:
        """Take whom to report refusals to."""
        self._report = report
        self._each: dict[int, int] = {}
        self._reading = 0
        self._reported = 0  # in this window
        self._unreported = 0
        self._last = (0, 0)  # uid and pid of the last one that was not reported
        self._window: asyncio.TimerHandle | None = None

    def most(self, peer: Peer, right: int) -> int:
        """Let somebody in, and return 0; or return how many connections are too many."""
        limit = MOST_OPERATING if right >= OPERATE else MOST_EACH
        if self._each.get(peer.uid, 0) >= limit:
            return limit
        if right < OPERATE:
            if self._reading >= MOST_READING:
                return MOST_READING
            self._reading += 1
        self._each[peer.uid] = self._each.get(peer.uid, 0) + 1
        return 0

    def left(self, peer: Peer, right: int) -> None:
        """Count one who was let in and has gone."""
        if right < OPERATE:
            self._reading -= 1
        self._each[peer.uid] -= 1
        if not self._each[peer.uid]:
            del self._each[peer.uid]

    def refused(self, peer: Peer, what: str, more: str = "") -> None:
        """Report a refused request, and perhaps more lines, unless many have been reported just now."""
        if self._window is None:
            self._window = asyncio.get_running_loop().call_later(WINDOW_S, self._end_window)
        if self._reported < REPORTED:
            self._reported += 1
            self._report(
                f"refused uid {peer.uid}, pid {peer.pid}: {one_line(what[:LONGEST])}{more}", peer.uid, peer.pid
            )
        else:
            self._unreported += 1
            self._last = (peer.uid, peer.pid)

    def _end_window(self) -> None:
        self._window = None
        self._reported = 0
        if self._unreported:
            count, (uid, pid) = self._unreported, self._last
            self._unreported = 0
            self._report(f"refused {count} more requests, the last one of uid {uid}, pid {pid}", uid, pid)

    def close(self) -> None:
        """Report what is not reported yet."""
        if self._window is not None:
            self._window.cancel()
            self._end_window()
