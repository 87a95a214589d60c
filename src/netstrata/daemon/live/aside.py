"""What is done where nobody has to wait for it: a disk in a thread, and answers that no client drives."""

import asyncio
import contextlib
from _thread import start_new_thread
from collections.abc import Callable
from typing import Any, TypeVar

from netstrata.control.answers import Later, Waiting

T = TypeVar("T")


class Aside:
    """One call in a thread of its own."""

    def __init__(self, call: Callable[[T], Any], argument: T) -> None:
        self.found: Any = None
        self.error: Exception | None = None
        self.later = Later()
        self._loop = asyncio.get_running_loop()
        try:
            start_new_thread(self._run, (call, argument))
        except RuntimeError:  # "can't start new thread": there is no room for its stack
            self.error = MemoryError("there is no memory for a thread")
            self.later.come()

    def _run(self, call: Callable[[T], Any], argument: T) -> None:
        try:
            self.found = call(argument)
        except (OSError, ValueError, MemoryError) as error:
            self.error = error
        with contextlib.suppress(RuntimeError):  # the daemon has ended meanwhile
            self._loop.call_soon_threadsafe(self.later.come)


def pause(seconds: float) -> Later:
    """Return what comes after a time."""
    later = Later()
    asyncio.get_running_loop().call_later(seconds, later.come)
    return later


class Driven:
    """Work in slices that goes on whoever waits for it."""

    def __init__(self, make: Callable[[], Waiting[T]], after_s: float = 0.0) -> None:
        """Begin it, at once or after a time."""
        self.later = Later()
        self._loop = asyncio.get_running_loop()
        self._make = make
        self._work: Waiting[Any] | None = None
        self._found: Any = None
        self._failure: Exception | None = None
        self._timer = self._loop.call_later(max(0.0, after_s), self._go_on)

    def cancel(self) -> None:
        """Do not begin, unless it has begun."""
        self._timer.cancel()

    def result(self) -> Any:
        """Return what came of it.

        Raises: Failure.
        """
        if self._failure is not None:
            raise self._failure
        return self._found

    def _go_on(self) -> None:
        if self._work is None:
            self._work = self._make()
        try:
            awaited = next(self._work)
        except StopIteration as end:
            self._found = end.value
        except Exception as failure:  # a bug of ours, if it is none that is told; whoever waits for it tells it
            self._failure = failure
        else:
            if awaited is None:
                self._loop.call_soon(self._go_on)
            else:
                awaited.add_done_callback(lambda _: self._go_on())
            return
        self.later.come()
