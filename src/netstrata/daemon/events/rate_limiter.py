"""How much a child may say: one that never stops would push everything else out of memory."""

from typing import Final

MOST: Final = 1000  # lines of one child in a second that are told
MANY: Final = 256  # children that are remembered


class RateLimiter:
    """Counts the lines of each child, second by second."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[int, tuple[float, int]] = {}  # by process id: when the second began, and how many lines

    def count(self, pid: int, now: float) -> int:
        """Count a line, said now (seconds); return how many more may follow, -1 and less if it is too many itself."""
        since, lines = self._counts.get(pid, (now, 0))
        if now - since >= 1.0:
            since, lines = now, 0
        if pid not in self._counts and len(self._counts) >= MANY:
            self._counts = {one: count for one, count in self._counts.items() if now - count[0] < 1.0}
        self._counts[pid] = (since, lines + 1)
        return MOST - lines - 1
