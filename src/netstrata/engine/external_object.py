"""Objects about the outside: structures that call ports, and let what happens there in as events.

Like all structures they are synchronous: what a port can do at once is done within the step, and so is what follows.
What it cannot is told later by a callback, which only puts an event into the engine's queue.  A callback may come late,
when the object has moved on or is gone: whoever handles the event looks first.
"""

from collections.abc import Callable
from typing import Any

from netstrata.contract import KERNEL
from netstrata.engine.timeline_statement import TimelineStatement
from netstrata.values import Unavailable


class ExternalObject(TimelineStatement):
    """A statement that calls ports."""

    __slots__ = ()

    @property
    def ports(self) -> Any:
        """The outside."""
        return self.process.engine.outside.ports

    def later(self, action: Callable[[], None]) -> Callable[[], None]:
        """Return what a port may call, at any time, to let an action in as an event."""
        engine = self.process.engine
        return lambda: engine.event(action)

    def awaits(self, what: str) -> None:
        """Say nothing: objects know themselves what they wait for."""

    def uses(self, tool: Callable[[], str] | None) -> None:
        """Say nothing, for the same reason."""

    def lost(self, reason: Unavailable) -> None:
        """Note that something it held is gone; objects learn of that by their own callbacks."""
        self.note(str(reason), KERNEL)
