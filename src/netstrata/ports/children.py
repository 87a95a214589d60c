"""Programs that statements run."""

from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from netstrata.contract.shapes_children import ChildOptions


class Command(NamedTuple):
    """A program to run: no shell, no search in PATH.

    Shapes: words[0] is the path and argv[0].  A stream that is not kept is /dev/null, or, where the daemon shows
    children's lines, a pipe that it reads.
    """

    words: list[bytes]
    options: ChildOptions = ChildOptions()


class Children(Protocol):
    """Children: run to their end, held, or kept alive.  All of them are started before the first suspension."""

    async def run(self, command: Command, *, terminate_on_cancel: bool) -> int:
        """Run a program to its end and return its exit status, -1 if a signal ended it or it could not be executed.

        When cancelled, sends SIGTERM if asked, and in any case waits for the end.
        Raises: Unavailable if it cannot be started at all (unknown user, no more processes).
        """

    def held_command(self, do: list[bytes], undo: list[bytes]) -> AbstractAsyncContextManager[None]:
        """Run one command now and another on the way back; an empty list is nothing to do in that direction.

        Entering waits for `do` and raises Unavailable unless its status is 0.  When cancelled meanwhile, `do` is
        still waited for, and undone if it succeeded.  A failing `undo` is noted and ignored.
        """

    def held_alive(self, command: Command | None, retry_ms: int) -> AbstractAsyncContextManager[None]:
        """Keep a program running: start it, again `retry_ms` after each end; SIGTERM and wait on the way back.

        Entering never suspends and never fails; None is a command that can never be started.
        """
