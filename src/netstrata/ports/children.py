"""Programs that statements run."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from netstrata.contract import Holder
from netstrata.contract.shapes.children import CHILD_DEFAULTS, ChildOptions
from netstrata.ports.streams import Stream


class Command(NamedTuple):
    """A program to run: no shell, no search in PATH.

    Shapes: words[0] is the path and argv[0].  A stream that is not kept is /dev/null, or, where the daemon shows
    children's lines, a pipe that it reads.
    """

    words: list[bytes]
    options: ChildOptions = ChildOptions()


class Program(Protocol):
    """A program that was started; nobody has to wait for its end."""

    @property
    def ended(self) -> bool:
        """Whether it has ended."""

    @property
    def status(self) -> int:
        """Its exit status, 0 to 255; -1 if a signal ended it or it could not be executed."""

    def when_ended(self, call: Callable[[], None]) -> None:
        """Call at the end, which must not have come yet."""

    def terminate(self) -> None:
        """Send SIGTERM to it alone, if it is still there."""

    def kill(self) -> None:
        """Send SIGKILL to it alone, if it is still there."""


class Piped(NamedTuple):
    """A program that was started, and our ends of the pipes to its standard input and from its standard output."""

    program: Program
    to_it: Stream | None
    from_it: Stream | None


class Children(Protocol):
    """Children: run to their end, held, or kept alive.  All of them are started before the first suspension."""

    async def run(self, command: Command, *, terminate_on_cancel: bool) -> int:
        """Run a program to its end and return its exit status, -1 if a signal ended it or it could not be executed.

        When cancelled, sends SIGTERM if asked, and in any case waits for the end.
        Raises: Unavailable if it cannot be started at all (unknown user, no more processes).
        """

    def held_command(
        self, do: list[bytes], undo: list[bytes], options: ChildOptions = CHILD_DEFAULTS
    ) -> AbstractAsyncContextManager[None]:
        """Run one command now and another on the way back; an empty list is nothing to do in that direction.

        Entering waits for `do` and raises Unavailable unless its status is 0.  When cancelled meanwhile, `do` is
        still waited for, and undone if it succeeded.  A failing `undo` is noted and ignored.
        """

    def held_alive(self, command: Command | None, retry_ms: int) -> AbstractAsyncContextManager[None]:
        """Keep a program running: start it, again some time after each end; SIGTERM and wait on the way back.

        That time is `retry_ms`, doubled with each end in a row up to a minute, unless it lived for a minute.
        Entering never suspends and never fails; None is a command that can never be started.
        """

    def start_piped(self, command: Command, statement: Holder, *, write: bool, read: bool) -> Piped:
        """Start a program with pipes, which are the caller's to close.

        Raises: Unavailable if it cannot be started at all.
        """

    def stop(self, program: Program, statement: Holder) -> None:
        """Send SIGTERM, and, where the daemon does not wait for ever, SIGKILL to all its group some time later."""
