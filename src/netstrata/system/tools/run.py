"""Programs that a statement uses without naming their path: where they are, and what they say when they are run."""

import errno
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from netstrata.contract import NOTE, Holder
from netstrata.ports import Command
from netstrata.system.children.tool import outlast
from netstrata.system.held.wait_queues import PATHS
from netstrata.values import Awaited, Unavailable

if TYPE_CHECKING:
    from asyncio import CancelledError

    from netstrata.system.children import Child, RealChildren

Start = Callable[[Command, Holder | None, int], "Child"]
_NULL = -1
_ALSO = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")


def find_program(name: str) -> str | None:
    """Return the path of a program in PATH, or where administrators' programs are; None if it is nowhere."""
    return next((path for path in _paths_of(name) if os.path.isfile(path) and os.access(path, os.X_OK)), None)


def need_program(name: str, operation: str) -> str:
    """Return the path of a program.

    Raises: Unavailable if it is nowhere.
    """
    program = find_program(name)
    if program is None:
        reason = f"the program {name} is neither in PATH nor in /usr/sbin"
        raise Unavailable(operation, reason, errno.ENOENT, (Awaited(PATHS, _paths_of(name)),))
    return program


def _paths_of(name: str) -> tuple[str, ...]:
    """Return where a program may be."""
    folders = (*os.environ.get("PATH", "").split(":"), *_ALSO)
    return tuple(dict.fromkeys(os.path.join(folder or ".", name) for folder in folders))


class ToolResult(NamedTuple):
    """A program that has ended: its status and what completes "it …", what it printed, who cancelled it meanwhile.

    Shapes: status is -1 if a signal ended it: what it has done by then is not known.
    """

    status: int
    verdict: str
    lines: list[str]
    cancelled: "CancelledError | None"
    pid: int


class Listening:
    """A statement in front of the real one, which looks at the lines that come by."""

    __slots__ = ("_look", "_passes", "_statement")

    def __init__(self, statement: Holder | None, look: Callable[[str], None], *, passes: bool = True) -> None:
        self._statement = statement
        self._look = look
        self._passes = passes

    def is_redone_above(self, layer: int) -> bool:
        """Say no: what a tool does is done when it ends."""
        return False

    @property
    def title(self) -> str:
        """Who it is, for people."""
        return self._statement.title if self._statement is not None else ""

    def lost(self, reason: Exception) -> None:
        """Hold nothing."""

    def note(self, line: str, kind: str = NOTE) -> None:
        """Pass a line on."""
        if self._statement is not None:
            self._statement.note(line, kind)

    def mended(self, line: str) -> None:
        """Pass it on."""
        if self._statement is not None:
            self._statement.mended(line)

    def again(self, reason: str, wait_ms: int) -> None:
        """Pass it on."""
        if self._statement is not None:
            self._statement.again(reason, wait_ms)

    def awaits(self, what: str) -> None:
        """Pass it on."""
        if self._statement is not None:
            self._statement.awaits(what)

    def uses(self, tool: Callable[[], str] | None) -> None:
        """Pass it on."""
        if self._statement is not None:
            self._statement.uses(tool)

    def did(self, words: Callable[[], Iterable[str]]) -> None:
        """Pass it on."""
        if self._statement is not None:
            self._statement.did(words)

    def hear(self, child: str, pid: int, line: str) -> None:
        """Pass a child's line on, and look at it."""
        if self._passes and self._statement is not None:
            self._statement.hear(child, pid, line)
        self._look(line)


async def run_to_end(
    children: "RealChildren",
    argv: list[bytes],
    statement: Holder | None,
    stdin: int = _NULL,
    waiting: list[Holder] | None = None,
    start: Start | None = None,
) -> ToolResult:
    """Run a program to its end, even when cancelled meanwhile, and keep what it says; told to all only if it fails.

    It is interrupted only when the daemon must end.  The next daemon ends it, if this one is killed.
    Shapes: argv[0] is its path; stdin is a descriptor of ours, which stays ours to close; waiting are those
    who wait for it, if it is not the statement alone; start is how it is started, if not as a tool.
    Raises: Unavailable if it cannot be started at all.
    """
    lines: list[str] = []
    if waiting is None:
        waiting = [statement] if statement is not None else []
    start = start or children.start_tool
    child = start(Command(argv), Listening(statement, lines.append, passes=False), stdin)
    with children.under_way():
        cancelled = await outlast(child, children.stop_timeout, waiting)
    if child.status and statement is not None:
        for line in lines:
            statement.hear(os.path.basename(child.name), child.pid, line)
    return ToolResult(child.status, child.verdict, lines, cancelled, child.pid)
