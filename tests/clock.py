"""How long something takes, whatever else the machine does meanwhile."""

import time
from pathlib import Path

PRESSURE = ("cpu", "io")


def kept_waiting_s() -> float:
    """Return for how long somebody has waited for a processor or a disk since the machine began.

    0 where the kernel does not count it.  Source: Documentation/accounting/psi.rst, `some`, in microseconds.
    """
    waited = 0.0
    for what in PRESSURE:
        try:
            some = Path("/proc/pressure", what).read_text().partition("\n")[0]
        except OSError:
            continue
        waited += int(some.rpartition("total=")[2]) / 1e6
    return waited


class Clock:
    """Counts from where it is made, but not while programs wait for a processor or a disk that others have."""

    def __init__(self) -> None:
        self._waited = kept_waiting_s()
        self._began = time.monotonic()

    @property
    def all_s(self) -> float:
        """What has passed."""
        return time.monotonic() - self._began

    @property
    def seconds(self) -> float:
        """What would have passed on a machine that does nothing else, or less."""
        passed = self.all_s
        return max(0.0, passed - (kept_waiting_s() - self._waited))

    @property
    def free(self) -> float:
        """The share of the time in which nobody had to wait, from 0 to 1."""
        passed = self.all_s
        return max(0.0, 1 - (kept_waiting_s() - self._waited) / passed) if passed else 1.0
