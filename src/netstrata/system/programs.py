"""Programs that a statement uses without naming their path: where they are, and what they say when they are run."""

import os
from typing import TYPE_CHECKING, NamedTuple

from netstrata.contract import Running
from netstrata.ports import Command

if TYPE_CHECKING:
    from asyncio import CancelledError

    from netstrata.system.children import RealChildren

_ALSO = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")
_NULL = -1


def find_program(name: str) -> str | None:
    """Return the path of a program in PATH, or where administrators' programs are; None if it is nowhere."""
    for directory in (*os.environ.get("PATH", "").split(":"), *_ALSO):
        path = os.path.join(directory or ".", name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


class Ended(NamedTuple):
    """A program that has ended: its status and what completes "it …", what it printed, who cancelled it meanwhile."""

    status: int
    verdict: str
    lines: list[str]
    cancelled: "CancelledError | None"
    pid: int


class _Heard:
    """A statement in front of the real one, which keeps the lines that come by."""

    __slots__ = ("_statement", "lines")

    def __init__(self, statement: Running | None) -> None:
        self._statement = statement
        self.lines: list[str] = []

    @property
    def title(self) -> str:
        """Who it is, for people."""
        return self._statement.title if self._statement is not None else ""

    def lost(self, reason: Exception) -> None:
        """Hold nothing."""

    def note(self, line: str) -> None:
        """Keep a line."""
        self.lines.append(line)


async def run_to_end(
    children: "RealChildren", words: list[bytes], statement: Running | None, stdin: int = _NULL
) -> Ended:
    """Run a program to its end, whatever happens meanwhile, and keep what it says.

    Shapes: words[0] is its path; stdin is a descriptor of ours, which stays ours to close.
    Raises: Unavailable if it cannot be started at all.
    """
    heard = _Heard(statement)
    child = children.start(Command(words), heard, stdin)
    cancelled = await child.outlast()
    return Ended(child.status, child.verdict, heard.lines, cancelled, child.pid)
