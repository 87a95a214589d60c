"""A change of a packet filter that a statement holds: one command on entering, its reverse on leaving.

A command is interrupted only when the daemon must end.  Only one runs at a time: what a rule's copies are is found
out in several commands.
"""

import shlex
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from netstrata.contract import Holder
from netstrata.ports import Turns
from netstrata.system.fair_lock import turn
from netstrata.system.filters.crash_record import CrashRecord
from netstrata.system.filters.monitor import FAMILIES, POLICIES, FilterMonitor, Spot, writes_nftables
from netstrata.system.filters.tool import FilterResult, argv_of, run_tool
from netstrata.system.held import IS_GONE, tell
from netstrata.system.held.wait_queues import NFT
from netstrata.system.nftables.records import BY_WORDS, FilterEntry
from netstrata.system.tools.run import need_program
from netstrata.values import Awaited, Unavailable

if TYPE_CHECKING:
    from asyncio import CancelledError

    from netstrata.protocols.nftables import NftObject
    from netstrata.system.children import RealChildren

_WAITS = "waits for its turn at the packet filter, which another statement has"
_TAKEN_OVER = "it is there: a daemon before this one, which was killed, has made it"


class FilterChange(NamedTuple):
    """What is done and undone: words of the command line after the table; `verb` completes "cannot … the chain X".

    Shapes: what is rule, chain or policy.
    """

    verb: str
    what: str
    do: list[bytes]
    undo: list[bytes]


class HeldChange:
    """One command on entering, its reverse on leaving."""

    __slots__ = (
        "_chain", "_change", "_children", "_crash_record", "_gone", "_monitor", "_monitored", "_program",
        "_spot", "_statement", "_table", "_tool", "_turns", "last_policy", "rule",
    )  # fmt: skip

    def __init__(
        self,
        children: "RealChildren",
        turns: Turns,
        monitor: FilterMonitor,
        tool: str,
        table: bytes,
        chain: bytes,
        change: FilterChange,
        who: Holder | None,
    ) -> None:
        self._children = children
        self._turns = turns
        self._monitor = monitor
        self._gone = False  # somebody else has taken it away
        self._monitored = False  # the guard listens for us
        self._spot: Spot | None = None
        self.rule: NftObject | None = None
        self._tool = tool
        self._table = table
        self._chain = chain
        self._change = change
        self._program = ""
        self._statement = who
        self.last_policy = b""  # that a daemon before us has set, if it is to stay as long as it stands

    def to_do(self, _: object = None) -> list[str]:
        """Say what entering does."""
        return [self._line(self._change.do)]

    def to_undo(self) -> list[str]:
        """Say what leaving does."""
        return [self._line(self._change.undo)]

    def _line(self, words: list[bytes]) -> str:
        return f"run {self._tool} -t {_text(self._table)} {shlex.join(map(_text, words))}"

    async def __aenter__(self) -> None:
        operation = f"{self._change.verb} {_text(self._table)} {_text(self._chain)} with {self._tool}"
        program = need_program(self._tool, operation)
        self._program = program
        monitored = writes_nftables(program)
        self._crash_record = self._record(self._change.what if monitored else BY_WORDS)
        if monitored:
            self._monitored = True
            self._monitor.enter()
        try:
            await self._enter(operation)
        except BaseException:
            self._leave()
            raise

    async def _enter(self, operation: str) -> None:
        async with turn(self._turns, _WAITS, self._statement):
            verdict = await self._do()
        if verdict.reason:
            if verdict.cancelled is None:
                raise Unavailable(operation, verdict.reason, awaits=self._awaits())
            self._note(f"cannot {operation}: {verdict.reason}: there is nothing to undo")
        else:
            tell(self._statement, self.to_do)
            if verdict.cancelled is not None:
                await self._go_back()
        if verdict.cancelled is not None:
            raise verdict.cancelled

    def _awaits(self) -> tuple[Awaited, ...]:
        """Return what may change so that it can be done, where anybody tells."""
        return (Awaited(NFT, (FAMILIES[self._tool], _text(self._table), "")),) if self._monitored else ()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            cancelled = await self._go_back()
        finally:
            self._leave()
        if cancelled is not None:
            raise cancelled

    def _leave(self) -> None:
        if self._monitored:
            self._monitored = False
            self._monitor.leave()

    async def _go_back(self) -> "CancelledError | None":
        self._monitor.read_messages(at_once=True)
        if self._spot is not None:
            self._monitor.let_go(self._spot)
        if self._gone:
            self._crash_record.undone(self._spot)
            tell(self._statement, self.to_undo, IS_GONE)
            return None
        try:
            async with turn(self._turns, _WAITS, self._statement):
                verdict = await self._undo()
        except Unavailable as error:
            self._crash_record.leave(self._spot)
            self._note(f"{error}; ignoring")
            tell(self._statement, self.to_undo, error.reason)
            return None
        if verdict.interrupted:
            self._crash_record.leave(self._spot)
        else:
            self._crash_record.undone(self._spot)
        if verdict.reason:
            self._note(f"cannot undo it with {self._tool}: {verdict.reason}; ignoring")
        tell(self._statement, self.to_undo, verdict.reason)
        return verdict.cancelled

    async def _do(self) -> FilterResult:
        """Do it, and have the guard watch what came of it."""
        if self.last_policy and await self._has_policy(self.last_policy):
            self._spot = self._found([]) if self._monitored else None
            if self._spot is not None:
                self._monitor.hold(self._spot, self)
            self._note(_TAKEN_OVER)
            return FilterResult("", [], None, 0)
        if not self._monitored:
            return await self._do_unmonitored()
        claimed = self._crash_record.claim()
        if claimed is not None:
            self._spot, self.rule = claimed
            self._monitor.hold(self._spot, self)
            self._note(_TAKEN_OVER)
            return FilterResult("", [], None, 0)
        self._monitor.begin()
        self._crash_record.intend()
        pid = 0
        news: list[NftObject] = []
        try:
            verdict = await self._run(self._change.do)
            pid = verdict.pid
        finally:
            news = self._monitor.ended(pid)
            if not pid:
                self._crash_record.drop()
        if not verdict.reason or verdict.interrupted:
            self._spot = self._found(news)
        if self._spot is not None:
            verdict = verdict._replace(reason="")
            self._spot = self._crash_record.made(self._spot)
            self._monitor.hold(self._spot, self)
        elif verdict.reason and not verdict.interrupted:
            self._crash_record.drop()
        self._monitor.read_messages()
        return verdict

    async def _do_unmonitored(self) -> FilterResult:
        """Do it with a program that writes no nftables, unless a daemon before us has, by the same words."""
        if await self._is_left():
            self._crash_record.made_unseen()
            self._note(_TAKEN_OVER)
            return FilterResult("", [], None, 0)
        mark = await self._mark()
        if mark is not None:
            self._crash_record.intend(mark)
        verdict = await self._run(self._change.do)
        if not verdict.reason:
            self._crash_record.made_unseen()
        elif not verdict.interrupted:
            self._crash_record.drop()
        return verdict

    async def _is_left(self) -> bool:
        """Say whether a daemon before us has done it."""
        left = self._crash_record.find_left()
        if left is None:
            return False
        try:
            stands = await self._stands_since(left)
        except BaseException:
            self._crash_record.leave(None)
            raise
        if not stands:
            self._crash_record.gone(None)
        return stands

    async def _stands_since(self, left: FilterEntry) -> bool:
        """Say whether there is something like it that was not there before."""
        return await self._stands() and (left.handle < 0 or await self._count() > left.handle)

    async def _mark(self) -> int | None:
        """Return what tells later whether it was done: -1 if nothing like it is there, None if it will fail."""
        if not self._crash_record.remembers:
            return None
        return None if await self._stands() else -1

    async def _stands(self) -> bool:
        """Say whether there is something like it."""
        return await self._asks(b"-L" if self._tool == "ebtables" else b"-S", self._chain)

    async def _has_policy(self, policy: bytes) -> bool:
        """Say whether the chain has a policy."""
        looked = await self._run([b"-L" if self._tool == "ebtables" else b"-S", self._chain])
        if looked.cancelled is not None:
            raise looked.cancelled
        chain, wanted = _text(self._chain), _text(policy)
        return any(line == f"-P {chain} {wanted}" or line.endswith(f"policy: {wanted}") for line in looked.lines)

    async def _count(self) -> int:
        """Return how many things there are among which it is."""
        return 1

    async def _asks(self, *words: bytes) -> bool:
        """Say whether the tool finds what is asked for."""
        looked = await self._run(list(words))
        if looked.cancelled is not None:
            raise looked.cancelled
        if looked.interrupted:
            raise Unavailable(f"look at {_text(self._chain)} with {self._tool}", looked.reason)
        return not looked.reason

    async def undo_left(self, left: FilterEntry) -> None:
        """Undo what a daemon before us has done with a program that writes no nftables, if it stands.

        Raises: Unavailable.
        """
        operation = f"undo what was done with {self._tool}"
        program = need_program(self._tool, operation)
        self._program = program
        self._crash_record = self._record(BY_WORDS)
        async with turn(self._turns, _WAITS, None):
            verdict = await self._undo() if await self._stands_since(left) else None
        if verdict is not None and verdict.reason:
            raise Unavailable(operation, verdict.reason)

    def _record(self, kind: str) -> CrashRecord:
        """Return what the next daemon is to know."""
        entries = self._monitor.entries if self._change.what != "policy" else None
        key = b"\n".join((self._tool.encode(), self._table, *self._change.do)).decode("utf-8", "surrogateescape")
        place = (kind, FAMILIES[self._tool], _text(self._table), _text(self._chain))
        return CrashRecord(entries, key, place, self._statement.title if self._statement is not None else "")

    def _found(self, news: "list[NftObject]") -> Spot | None:
        """Return what the program has made, by what the kernel said of it."""
        family, table, chain = FAMILIES[self._tool], _text(self._table), _text(self._chain)
        if self._change.what == "policy":
            policy = POLICIES.get(self._change.do[-1])
            return Spot("policy", family, table, chain, policy=policy) if policy is not None else None
        for one in news:
            if (one.kind, one.deleted, *one[2:5]) == (self._change.what, False, family, table, chain):
                self.rule = one if one.kind == "rule" else None
                return Spot(one.kind, family, table, chain, one.handle)
        return None

    def on_moved(self, spot: Spot) -> None:
        """Know where it is now."""
        if self._spot is not None:
            self._crash_record.moved(self._spot, spot)
        self._spot = spot

    def on_lost(self) -> None:
        """Take the statement down: somebody else has deleted it, or changed it."""
        self._gone = True
        if self._statement is not None:
            held = f"the {self._change.what} {'in' if self._change.what == 'rule' else 'of'}"
            where = f"{_text(self._table)} {_text(self._chain)} of {self._tool}"
            did = "changed" if self._change.what == "policy" else "deleted"
            self._statement.lost(Unavailable(f"hold {held} {where}", f"somebody has {did} it"))

    async def _undo(self) -> FilterResult:
        return await self._run(self._change.undo)

    async def _run(self, words: list[bytes]) -> FilterResult:
        command = argv_of(self._program, self._tool, self._table, words)
        return await run_tool(self._children, command, self._statement)

    def _note(self, line: str) -> None:
        if self._statement is not None:
            self._statement.note(line)


def _text(word: bytes) -> str:
    return word.decode("utf-8", "backslashreplace")
