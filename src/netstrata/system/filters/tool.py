"""One command of a packet filter program, and what it had to say."""

from typing import TYPE_CHECKING, NamedTuple

from netstrata.contract import Running
from netstrata.ports import Command

if TYPE_CHECKING:
    from asyncio import CancelledError

    from netstrata.system.children import Child, RealChildren

LOCK_WAIT_S = 30  # for another program that changes the tables: it may read a large rule set
_NOT_A_REASON = ("Try `", "# Warning", "For more ")


class Verdict(NamedTuple):
    """How a command ended: why it failed ("" if it did not), what it printed, who cancelled it meanwhile."""

    reason: str
    lines: list[str]
    cancelled: "CancelledError | None"


class _Heard:
    """A statement in front of the real one, which keeps the lines that come by."""

    __slots__ = ("_statement", "lines")

    def __init__(self, statement: Running | None) -> None:
        self._statement = statement
        self.lines: list[str] = []

    @property
    def title(self) -> str:
        return self._statement.title if self._statement is not None else ""

    def lost(self, reason: Exception) -> None:
        """Nothing is held by a command."""

    def note(self, line: str) -> None:
        self.lines.append(line)


def command_words(program: str, tool: str, table: bytes, words: list[bytes]) -> list[bytes]:
    """Return a whole command line; each tool has its own word for waiting until other programs are done."""
    waiting = [b"--concurrent"] if tool == "ebtables" else [b"-w", b"%d" % LOCK_WAIT_S]
    return [program.encode("utf-8", "surrogateescape"), *waiting, b"-t", table, *words]


async def run_tool(children: "RealChildren", words: list[bytes], statement: Running | None) -> Verdict:
    """Run a command to its end, whatever happens meanwhile.

    Raises: Unavailable if it cannot be started at all.
    """
    heard = _Heard(statement)
    child = children.start(Command(words), heard)
    cancelled = await child.outlast()
    return Verdict(_reason(child, heard.lines) if child.status else "", heard.lines, cancelled)


def _reason(child: "Child", lines: list[str]) -> str:
    told = [line.strip() for line in lines if line.strip() and not line.startswith(_NOT_A_REASON)]
    return "; ".join(told) or f"it {child.verdict}"
