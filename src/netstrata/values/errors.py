"""The two ways in which something that a program asks for can be refused."""

from errno import ENOMEM
from typing import Any, Final, NamedTuple

from netstrata.values.source import Span

ITS_NAME: Final = -1


class Refused(Exception):
    """The program is wrong: what it says, and where."""

    def __init__(
        self,
        message: str,
        span: Span | None = None,
        hint: str = "",
        argument: int = -1,
        within: tuple[bytes | int, ...] = (),
    ) -> None:
        """Say what is wrong.

        Shapes: argument is the guilty argument's index from 0, or -1; span is filled in by whoever knows the text;
        within leads to what of the argument is guilty: keys of maps, indexes of lists, at the end ITS_NAME for a key
        itself.
        """
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint
        self.argument = argument
        self.within = within

    def __str__(self) -> str:
        return f"{self.span}: {self.message}" if self.span is not None else self.message


class Awaited(NamedTuple):
    """Something outside whose next change may end what is in the way, or what lacks: its kind, and which of those."""

    kind: str
    key: Any


class Unavailable(Exception):
    """The system will not do it now: what was asked, why not, and what may end that."""

    def __init__(self, operation: str, reason: str, errno: int = 0, awaits: tuple[Awaited, ...] = ()) -> None:
        """Say what failed.

        Shapes: operation as in "add 192.0.2.1/24 to eth0"; reason in the kernel's words; errno 0 if there is none;
        awaits is empty if nobody can tell when it is worth while to try again.
        """
        super().__init__(operation, reason, errno)
        self.operation = operation
        self.reason = reason
        self.errno = errno
        self.awaits = awaits

    def __str__(self) -> str:
        return f"cannot {self.operation}: {self.reason}"


def no_memory() -> Unavailable:
    """Return the error for what memory does not suffice for: it is the system that will not, and no bug of ours."""
    return Unavailable("go on", "there is no memory left", ENOMEM)
