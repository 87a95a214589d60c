"""Timers, as the machine is handed them: it reads no clock."""

from collections.abc import Callable

from netstrata.values.compiler_hints import mypyc_attr


@mypyc_attr(allow_interpreted_subclasses=True)
class Timer:
    """A timer that can be called off."""

    __slots__ = ()

    def cancel(self) -> None:
        """Call the timer off; nothing happens if it has fired already."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Timers:
    """Where timers come from."""

    __slots__ = ()

    def after(self, milliseconds: int, action: Callable[[], None]) -> Timer:
        """Let an action in as an event, once, later; in the order of due times and then of requests."""
        raise NotImplementedError

    def now(self) -> int:
        """Return monotonic time in whole milliseconds."""
        raise NotImplementedError
