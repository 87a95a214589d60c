"""The statement on whose behalf a port is called: a number, and where what concerns it is reported.

A port never sees the statement itself, so that it can stand behind a process of its own.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from netstrata.values import Unavailable

# What a line of the time line is about.
NOTE: Final = "note"  # what a statement has to say of itself
KERNEL: Final = "kernel"  # what the kernel says has changed, and whom it concerns
DHCP: Final = "dhcp"  # what is said to a DHCP server, and what it answers
SUPPLICANT: Final = "supplicant"  # how the authentication of a link goes


class Holder(Protocol):
    """A statement that runs, as ports know it.  A port that holds something for it says so when that is lost.

    All of it may be called at any time, also after the statement has ended, when it does nothing.
    """

    def lost(self, reason: Unavailable) -> None:
        """Take the statement down: what it held is gone or was changed by someone else; it will come up again."""

    def note(self, line: str, kind: str = NOTE) -> None:
        """Add a line to the time line in the statement's name; it is of one of the kinds above."""

    def mended(self, line: str) -> None:
        """Add a line to the time line, and know that nothing of what it has told of itself is wrong any more."""

    def hear(self, child: str, pid: int, line: str) -> None:
        """Add a line to the time line that a child of the statement's has said; it is named as its program's file."""

    def again(self, reason: str, wait_ms: int) -> None:
        """Add to the time line that something of the statement's is started again later, and why it must be."""

    def awaits(self, what: str) -> None:
        """Know what is waited for from now on, for whoever asks why; nothing is added to the time line."""

    def uses(self, tool: Callable[[], str] | None) -> None:
        """Know how to say which tool works for the statement, and for how long, to whoever asks; None: it has ended."""

    def did(self, words: Callable[[], Iterable[str]]) -> None:
        """Tell what was done outside for the statement just now, in the words of a plan, if somebody wants to know."""

    @property
    def title(self) -> str:
        """Who it is, for people: `wan.3 net.ipv4.addr`."""

    def is_redone_above(self, layer: int) -> bool:
        """Say whether it is undone only to begin again, and nothing below it of this layer or a lower one with it."""


class PortsFor:
    """All ports, each called on behalf of one statement."""

    __slots__ = ("_ports", "holder")

    def __init__(self, ports: Any, holder: Holder) -> None:
        """Take the ports, and who calls them."""
        self._ports = ports
        self.holder = holder

    def __getattr__(self, name: str) -> Any:
        port = getattr(self._ports, name)
        bind = getattr(port, "on_behalf_of", None)
        return port if bind is None else bind(self.holder)
