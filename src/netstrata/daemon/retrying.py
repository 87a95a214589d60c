"""How long the daemon waits before it begins a failed statement again."""

from netstrata.engine.machine import Retry

LONGEST_MS = 60_000


class BackOff(Retry):
    """NCD's retry time, doubled with each failure in a row, up to a minute."""

    __slots__ = ()

    def delay(self, failures: int) -> int:
        """Return milliseconds."""
        return min(self.milliseconds << min(failures, 10), max(LONGEST_MS, self.milliseconds))
