"""Beginning again as soon as what was in the way is gone, instead of when the retry time is over.

An error says what may end it; where it does not, and it is about the network, a change of any link may.  Whoever is
woken listens no more until it has failed again, and `RetryState` says how soon after the last time it may begin: what
is tried may itself be what changes.
"""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from netstrata.contract.declaration import ABOUT_NETWORK
from netstrata.engine.environment import Observer
from netstrata.engine.machine import engine_of
from netstrata.engine.process import Process, Statement
from netstrata.engine.program import Slot
from netstrata.ports import Links
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from netstrata.system.held import WaitQueues


class CanWake(Protocol):
    """Ports, or at least those that tell of what ends a failure."""

    @property
    def wait_queues(self) -> "WaitQueues": ...
    @property
    def links(self) -> Links: ...


class _Wake:
    """Wakes a process once."""

    __slots__ = ("_process",)

    def __init__(self, process: Process) -> None:
        self._process: Process | None = process

    def __call__(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            engine = engine_of(process)
            engine.event(lambda: engine.wake(process))


class Wakes(Observer[Process, Statement]):
    """Has whoever fails listen to what may end that."""

    def __init__(self, ports: CanWake) -> None:
        self._ports = ports

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """Listen, if it waits to begin again, and not to what it listened to before."""
        if process.error and isinstance(error, Unavailable) and (error.awaits or slot.type.startswith(ABOUT_NETWORK)):
            process.troubles().listen(self._listen(error, _Wake(process)))

    def _listen(self, error: Unavailable, wake: _Wake) -> "Callable[[], None] | None":
        """Return how to listen no more; None if that cannot be listened to now: then the retry time must do."""
        with ExitStack() as listening:
            try:
                for awaited in dict.fromkeys(error.awaits):
                    listening.callback(self._ports.wait_queues.wait(awaited, wake))
                if not error.awaits:
                    listening.callback(self._ports.links.call_on_change(wake))
            except (Unavailable, OSError, RuntimeError):  # the last where no event loop runs: nothing outside is asked
                return None
            return listening.pop_all().close
