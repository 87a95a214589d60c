"""A change of a packet filter that a statement holds: one command on entering, its reverse on leaving.

A command is never interrupted.  Only one runs at a time: what a rule's copies are is found out in several commands.
"""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from netstrata.contract import Running, running
from netstrata.ports import Turns
from netstrata.ports.filters import FilterRule
from netstrata.system.filters.guard import FAMILIES, POLICIES, Guard, Spot, writes_nftables
from netstrata.system.filters.tool import Verdict, command_words, run_tool
from netstrata.system.nftables.journal import BY_WORDS
from netstrata.system.programs import find_program
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from asyncio import CancelledError

    from netstrata.protocols.nftables import Told
    from netstrata.system.children import RealChildren

_TAKEN_OVER = "it is there: a daemon before this one, which was killed, has made it"


@asynccontextmanager
async def _turn(turns: Turns) -> AsyncIterator[None]:
    """Have the lock of these programs.  Being cancelled while waiting leaves the queue."""
    came = asyncio.get_running_loop().create_future()
    place = turns.ask(lambda: None if came.done() else came.set_result(None))
    try:
        if not place.held:
            statement = running()
            if statement is not None:
                statement.awaits("waits for its turn at the packet filter, which another statement has")
            await came
        yield
    finally:
        place.close()


class Change(NamedTuple):
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
        "_chain", "_change", "_children", "_gone", "_guard", "_heard", "_program", "_spot", "_statement", "_table",
        "_tool", "_turns",
    )  # fmt: skip

    def __init__(
        self,
        children: "RealChildren",
        turns: Turns,
        guard: Guard,
        tool: str,
        table: bytes,
        chain: bytes,
        change: Change,
    ) -> None:
        self._children = children
        self._turns = turns
        self._guard = guard
        self._gone = False  # somebody else has taken it away
        self._heard = False  # the guard listens for us
        self._spot: Spot | None = None
        self._tool = tool
        self._table = table
        self._chain = chain
        self._change = change
        self._program = ""
        self._statement: Running | None = None

    async def __aenter__(self) -> None:
        self._statement = running()
        operation = f"{self._change.verb} {_text(self._table)} {_text(self._chain)} with {self._tool}"
        program = find_program(self._tool)
        if program is None:
            raise Unavailable(operation, f"the program {self._tool} is neither in PATH nor in /usr/sbin")
        self._program = program
        if writes_nftables(program):
            self._heard = True
            self._guard.enter()
        try:
            await self._enter(operation)
        except BaseException:
            self._leave()
            raise

    async def _enter(self, operation: str) -> None:
        async with _turn(self._turns):
            verdict = await self._do()
        if verdict.reason:
            if verdict.cancelled is None:
                raise Unavailable(operation, verdict.reason)
            self._note(f"cannot {operation}: {verdict.reason}: there is nothing to undo")
        elif verdict.cancelled is not None:
            await self._go_back()
        if verdict.cancelled is not None:
            raise verdict.cancelled

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
        if self._heard:
            self._heard = False
            self._guard.leave()

    async def _go_back(self) -> "CancelledError | None":
        if self._spot is not None:
            self._guard.let_go(self._spot)
            if self._guard.journal is not None:
                self._guard.journal.gone(self._asked(), self._spot.handle)
        elif not self._heard and self._guard.journal is not None:
            self._guard.journal.gone(self._asked(), 0)
        if self._gone:
            return None
        try:
            async with _turn(self._turns):
                verdict = await self._undo()
        except Unavailable as error:
            self._note(f"{error}; ignoring")
            return None
        if verdict.reason:
            self._note(f"cannot undo it with {self._tool}: {verdict.reason}; ignoring")
        return verdict.cancelled

    async def _do(self) -> Verdict:
        """Do it, and have the guard watch what came of it."""
        if not self._heard:
            return await self._do_unheard()
        if self._take_over():
            return Verdict("", [], None, 0)
        self._guard.begin()
        pid = 0
        try:
            verdict = await self._run(self._change.do)
            pid = verdict.pid
        finally:
            news = self._guard.ended(pid)
        if not verdict.reason:
            self._spot = self._found(news)
            if self._spot is not None:
                self._remember(self._spot)
                self._guard.hold(self._spot, self._vanished)
        self._guard.hear()
        return verdict

    def _take_over(self) -> bool:
        """Hold what a daemon before us has made by the same words, if there is such a thing."""
        journal = self._guard.journal
        entry = journal.claim(self._asked()) if journal is not None and self._change.what != "policy" else None
        if entry is None:
            return False
        self._spot = Spot(entry.kind, entry.family, entry.table, entry.name, entry.handle)
        self._guard.hold(self._spot, self._vanished)
        self._note(_TAKEN_OVER)
        return True

    async def _do_unheard(self) -> Verdict:
        """Do it with a program that writes no nftables, unless a daemon before us has, by the same words."""
        journal = self._guard.journal if self._change.what != "policy" else None
        if journal is not None and journal.claim(self._asked()) is not None:
            looked = await self._run([b"-C" if self._change.what == "rule" else b"-S", *self._change.undo[1:]])
            if not looked.reason:
                self._note(_TAKEN_OVER)
                return looked
            journal.gone(self._asked(), 0)
            if looked.cancelled is not None:
                raise looked.cancelled
        verdict = await self._run(self._change.do)
        if journal is not None and not verdict.reason:
            journal.made(self._asked(), BY_WORDS, FAMILIES[self._tool], _text(self._table), _text(self._chain), 0)
        return verdict

    def _remember(self, spot: Spot) -> None:
        if self._guard.journal is not None and spot.handle:
            self._guard.journal.made(self._asked(), spot.kind, spot.family, spot.table, spot.chain, spot.handle)

    def _asked(self) -> str:
        """Return what tells it from any other that is asked for."""
        return "\n".join((self._tool, _text(self._table), *(_text(word) for word in self._change.do)))

    def _found(self, news: "list[Told]") -> Spot | None:
        """Return what the program has made, by what the kernel said of it."""
        family, table, chain = FAMILIES[self._tool], _text(self._table), _text(self._chain)
        if self._change.what == "policy":
            policy = POLICIES.get(self._change.do[-1])
            return Spot("policy", family, table, chain, policy=policy) if policy is not None else None
        for one in news:
            if (one.kind, one.deleted, *one[2:5]) == (self._change.what, False, family, table, chain):
                return Spot(one.kind, family, table, chain, one.handle)
        return None

    def _vanished(self) -> None:
        self._gone = True
        if self._statement is not None:
            held = f"the {self._change.what} {'in' if self._change.what == 'rule' else 'of'}"
            where = f"{_text(self._table)} {_text(self._chain)} of {self._tool}"
            did = "changed" if self._change.what == "policy" else "deleted"
            self._statement.lost(Unavailable(f"hold {held} {where}", f"somebody has {did} it"))

    async def _undo(self) -> Verdict:
        return await self._run(self._change.undo)

    async def _run(self, words: list[bytes]) -> Verdict:
        command = command_words(self._program, self._tool, self._table, words)
        return await run_tool(self._children, command, self._statement)

    def _note(self, line: str) -> None:
        if self._statement is not None:
            self._statement.note(line)


class HeldRule(HeldChange):
    """A rule.  In nftables it is told from others by its handle.

    In the legacy tables, if a copy of it was there before, ours is told from it by how the tool lists it.
    `-D` with the rule's words takes the first copy, which is ours if we put it in front, but not if we appended it.
    """

    __slots__ = ("_first", "_listed", "_words")

    def __init__(
        self, children: "RealChildren", turns: Turns, guard: Guard, tool: str, rule: FilterRule, first: bool
    ) -> None:
        words = list(rule.words)
        plain = words[1:] if first and words and words[0].isdigit() else words
        change = Change(
            "insert a rule into" if first else "append a rule to",
            "rule",
            [b"-I" if first else b"-A", rule.chain, *words],
            [b"-D", rule.chain, *plain],
        )
        super().__init__(children, turns, guard, tool, rule.table, rule.chain, change)
        self._words = plain
        self._first = first
        self._listed = ""

    async def _do(self) -> Verdict:
        if self._heard or self._first or self._tool == "ebtables":  # which has no command that looks for a rule
            return await super()._do()
        looked = await self._run([b"-C", self._chain, *self._words])
        if looked.cancelled is not None:
            raise looked.cancelled
        verdict = await super()._do()
        if not looked.reason and not verdict.reason:
            rules, cancelled = await self._rules()
            self._listed = rules[-1] if rules else ""
            verdict = verdict._replace(cancelled=verdict.cancelled or cancelled)
        return verdict

    async def _undo(self) -> Verdict:
        if self._spot is not None:
            failure = self._guard.delete(self._spot)
            return Verdict("" if failure in (0, errno.ENOENT) else os.strerror(failure), [], None, 0)
        if self._listed:
            rules, _ = await self._rules()
            places = [place for place, line in enumerate(rules, 1) if line == self._listed]
            if places:
                return await self._run([b"-D", self._chain, b"%d" % places[-1]])
        return await super()._undo()

    async def _rules(self) -> "tuple[list[str], CancelledError | None]":
        """Return the rules of the chain as the tool lists them, and who cancelled this meanwhile."""
        verdict = await self._run([b"-S", self._chain])
        return [line for line in verdict.lines if line.startswith("-A ")], verdict.cancelled


def _text(word: bytes) -> str:
    return word.decode("utf-8", "backslashreplace")
