"""How long the daemon waits before it begins a failed statement again."""

from netstrata.engine.environment import Retry
from netstrata.protocols.backoff import wait_ms

SPREAD = 0.1  # by so much the waits of different daemons differ at most


class BackOff(Retry):
    """NCD's retry time, doubled with each failure in a row, up to a minute.

    All but the first wait are stretched a little, differently for each daemon, so that many machines that lost the
    same server do not come back in step.
    """

    __slots__ = ("_stretch",)

    def __init__(self, milliseconds: int, chance: float) -> None:
        """Take the first wait, and a number from 0 to 1 that is this daemon's own."""
        super().__init__(milliseconds)
        self._stretch = 1 + SPREAD * chance

    def delay(self, failures: int) -> int:
        """Return milliseconds."""
        waited = wait_ms(self.milliseconds, failures)
        return waited if failures < 1 else int(waited * self._stretch)
