"""Trying again at once when the network has changed, instead of waiting for the retry time.

What is tried may change links itself, and fail: many changes in a row are answered at most every quarter of a second.
"""

from netstrata.engine.environment import Observer
from netstrata.engine.machine import Engine
from netstrata.engine.process import Process
from netstrata.engine.program import Slot
from netstrata.ports import Ports
from netstrata.values import Unavailable

FAMILY = "net."
FIRST_GAP_MS = 10
LONGEST_GAP_MS = 250
QUIET_MS = 2000  # after so long without a change the next one is answered at once again


class LinkRetries(Observer):
    """Listens for changes of links from the first time that the kernel refuses something."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._listening = False
        self._nudged = False
        self._gap = 0
        self._last = -QUIET_MS

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """Subscribe to changes of links, if one may cure this."""
        if self._listening or not isinstance(error, Unavailable) or not slot.type.startswith(FAMILY):
            return
        engine = process.engine
        try:
            self._ports.links.call_on_change(lambda: self._changed(engine))
        except (Unavailable, OSError):
            return  # without netlink the retry time must do, until the next failure
        self._listening = True

    def _changed(self, engine: Engine) -> None:
        if engine.retrying and not self._nudged:
            self._nudged = True
            engine.event(lambda: self._answer(engine))

    def _answer(self, engine: Engine) -> None:
        """Try again now, or a little later if it was tried just before."""
        since = engine.timers.now() - self._last
        if since >= QUIET_MS:
            self._gap = 0
        if since >= self._gap:
            self._retry(engine)
        else:
            engine.timers.after(self._gap - since, lambda: self._retry(engine))

    def _retry(self, engine: Engine) -> None:
        self._nudged = False
        self._last = engine.timers.now()
        self._gap = min(max(2 * self._gap, FIRST_GAP_MS), LONGEST_GAP_MS)
        engine.retry_all()
