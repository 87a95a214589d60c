"""One command of a packet filter program, and what it had to say."""

from typing import TYPE_CHECKING, NamedTuple

from netstrata.contract import Holder
from netstrata.system.tools.run import run_to_end

if TYPE_CHECKING:
    from asyncio import CancelledError

    from netstrata.system.children import RealChildren

LOCK_WAIT_S = 30  # for another program that changes the tables: it may read a large rule set
_NOT_A_REASON = ("Try `", "# Warning", "For more ")


def argv_of(program: str, tool: str, table: bytes, words: list[bytes]) -> list[bytes]:
    """Return a whole command line; each tool has its own word for waiting until other programs are done."""
    waiting = [b"--concurrent"] if tool == "ebtables" else [b"-w", b"%d" % LOCK_WAIT_S]
    return [program.encode("utf-8", "surrogateescape"), *waiting, b"-t", table, *words]


class FilterResult(NamedTuple):
    """How a command ended: why it failed ("" if it did not), what it printed, who cancelled it meanwhile, its id.

    If it was ended by a signal, it may have done what it was to do.
    """

    reason: str
    lines: list[str]
    cancelled: "CancelledError | None"
    pid: int
    interrupted: bool = False


async def run_tool(children: "RealChildren", argv: list[bytes], statement: Holder | None) -> FilterResult:
    """Run a command to its end, whatever happens meanwhile.

    Raises: Unavailable if it cannot be started at all.
    """
    ended = await run_to_end(children, argv, statement)
    said = [line.strip() for line in ended.lines if line.strip() and not line.startswith(_NOT_A_REASON)]
    if ended.status < 0:
        said.insert(0, f"it {ended.verdict}")
    reason = ("; ".join(said) or f"it {ended.verdict}") if ended.status else ""
    return FilterResult(reason, ended.lines, ended.cancelled, ended.pid, ended.status < 0 and ended.pid > 0)
