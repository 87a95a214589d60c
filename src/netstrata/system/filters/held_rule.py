"""A rule of a packet filter that a statement holds: which of several copies is ours."""

import errno
import os
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.ports import Turns
from netstrata.ports.filters import FilterRule
from netstrata.system.filters.held import FilterChange, HeldChange
from netstrata.system.filters.monitor import FilterMonitor
from netstrata.system.filters.tool import FilterResult

if TYPE_CHECKING:
    from asyncio import CancelledError

    from netstrata.system.children import RealChildren


class HeldFilterRule(HeldChange):
    """A rule.  In nftables it is told from others by its handle.

    In the legacy tables, if a copy of it was there before, ours is told from it by how the tool lists it.
    `-D` with the rule's words takes the first copy, which is ours if we put it in front, but not if we appended it.
    """

    __slots__ = ("_copied", "_counted", "_first", "_listed", "_words")

    def __init__(
        self,
        children: "RealChildren",
        turns: Turns,
        monitor: FilterMonitor,
        tool: str,
        rule: FilterRule,
        first: bool,
        who: Holder | None,
    ) -> None:
        words = list(rule.words)
        plain = words[1:] if first and words and words[0].isdigit() else words
        change = FilterChange(
            "insert a rule into" if first else "append a rule to",
            "rule",
            [b"-I" if first else b"-A", rule.chain, *words],
            [b"-D", rule.chain, *plain],
        )
        super().__init__(children, turns, monitor, tool, rule.table, rule.chain, change, who)
        self._words = plain
        self._first = first
        self._listed = ""
        self._copied = False  # a copy was there before
        self._counted = False  # there may be one: whether ours is there is known only by how many rules there are

    async def _do(self) -> FilterResult:
        verdict = await super()._do()
        if self._copied and not self._first and not verdict.reason:
            rules, cancelled = await self._rules()
            self._listed = rules[-1] if rules else ""
            verdict = verdict._replace(cancelled=verdict.cancelled or cancelled)
        return verdict

    async def _mark(self) -> int | None:
        if not self._crash_record.remembers and (self._first or self._tool == "ebtables"):
            return None
        stands = await self._stands()
        self._copied = stands and self._tool != "ebtables"
        self._counted = stands and self._crash_record.remembers
        return await self._count() if self._counted else -1

    async def _is_left(self) -> bool:
        self._counted = await super()._is_left()
        return self._counted

    async def _stands(self) -> bool:
        # ebtables has no command that looks for a rule.
        return self._tool == "ebtables" or await self._asks(b"-C", self._chain, *self._words)

    async def _count(self) -> int:
        rules, cancelled = await self._rules()
        if cancelled is not None:
            raise cancelled
        return len(rules)

    async def _undo(self) -> FilterResult:
        if self._spot is not None:
            failure = self._monitor.delete(self._spot)
            return FilterResult("" if failure in (0, errno.ENOENT) else os.strerror(failure), [], None, 0)
        rules, _ = await self._rules() if self._counted or self._listed else ([], None)
        if self._counted:
            self._crash_record.undoing(len(rules) - 1)
        places = [place for place, line in enumerate(rules, 1) if line == self._listed]
        if places:
            return await self._run([b"-D", self._chain, b"%d" % places[-1]])
        return await super()._undo()

    async def _rules(self) -> "tuple[list[str], CancelledError | None]":
        """Return the rules of the chain as the tool lists them, and who cancelled this meanwhile."""
        if self._tool == "ebtables":
            verdict = await self._run([b"-L", self._chain])
            return [line for line in verdict.lines if line.startswith("-")], verdict.cancelled
        verdict = await self._run([b"-S", self._chain])
        return [line for line in verdict.lines if line.startswith("-A ")], verdict.cancelled
