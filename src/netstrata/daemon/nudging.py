"""Trying again at once when the network has changed, instead of waiting for the retry time."""

from netstrata.engine.machine import Engine
from netstrata.engine.process import Process
from netstrata.engine.program import Slot
from netstrata.engine.surroundings import Observer
from netstrata.ports import Ports
from netstrata.values import Unavailable

FAMILY = "net."


class Nudge(Observer):
    """Listens for changes of links from the first time that the kernel refuses something."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._listening = False
        self._nudged = False

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """Listen from now on, if this may be cured by a change of a link."""
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
            engine.event(lambda: self._retry(engine))

    def _retry(self, engine: Engine) -> None:
        self._nudged = False
        engine.retry_all()
