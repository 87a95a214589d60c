"""The statement in whose name a port is being called."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final, Protocol

from netstrata.values import Unavailable

# What a line of the time line is about.
NOTE: Final = "note"  # what a statement has to say of itself
KERNEL: Final = "kernel"  # what the kernel says has changed, and whom it concerns
DHCP: Final = "dhcp"  # what is said to a DHCP server, and what it answers
SUPPLICANT: Final = "supplicant"  # how the authentication of a link goes


class Holder(Protocol):
    """A statement that runs.  A port that holds something for it says so when that is lost."""

    def lost(self, reason: Unavailable) -> None:
        """Take the statement down: what it held is gone or was changed by someone else; it will come up again.

        May be called at any time, also after the statement has ended, when it does nothing.
        """

    def note(self, line: str, kind: str = NOTE) -> None:
        """Add a line to the time line in the statement's name; it is of one of the kinds above."""

    def hear(self, child: str, pid: int, line: str) -> None:
        """Add a line to the time line that a child of the statement's has said; it is named as its program's file."""

    def again(self, reason: str, wait_ms: int) -> None:
        """Add to the time line that something of the statement's is started again later, and why it must be."""

    def awaits(self, what: str) -> None:
        """Know what is waited for from now on, for whoever asks why; nothing is added to the time line."""

    def uses(self, tool: Callable[[], str] | None) -> None:
        """Know how to say which tool works for the statement, and for how long, to whoever asks; None: it has ended."""

    @property
    def title(self) -> str:
        """Who it is, for people: `wan.3 net.ipv4.addr`."""


_running: ContextVar[Holder | None] = ContextVar("current_holder", default=None)


def current_holder() -> Holder | None:
    """Return the statement on whose behalf this code runs; None outside of any."""
    return _running.get()


def note(line: str, kind: str = NOTE) -> None:
    """Add a line to the time line in the name of the statement at hand; it also tells what that one waits for."""
    statement = _running.get()
    if statement is not None:
        statement.note(line, kind)


def set_running(statement: Holder | None) -> None:
    """Say on whose behalf what follows runs; called by the engine alone."""
    _running.set(statement)
