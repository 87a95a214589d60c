"""The port for packet filters, over the programs of this machine."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from copy import copy
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.ports import Turns
from netstrata.ports.filters import FilterRule
from netstrata.system.filters.held import FilterChange, HeldChange
from netstrata.system.filters.held_rule import HeldFilterRule
from netstrata.system.filters.monitor import FAMILIES, FilterMonitor
from netstrata.system.filters.tool import argv_of, run_tool
from netstrata.system.held import NO_RECOVERY, Described, Recovery
from netstrata.system.nftables.records import BY_WORDS, decode_entry, encode_key, journal_kind
from netstrata.system.tools.run import find_program, need_program
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.system.children import RealChildren
    from netstrata.system.nftables.entries import FilterEntries
    from netstrata.system.nftables.records import FilterEntry


class PacketFilters:
    """Rules, policies and chains, each by one command."""

    __slots__ = ("_children", "_last_policies", "_monitor", "_recovery", "_turns", "_who")

    def __init__(
        self,
        children: "RealChildren",
        turns: Turns,
        entries: "FilterEntries | None" = None,
        recovery: Recovery = NO_RECOVERY,
    ) -> None:
        """Take who starts the programs and hears why one failed, the lock around them, and what is remembered."""
        self._recovery = recovery
        recovery.knows_slow("policy", self._put_policy_back)
        recovery.knows_slow(journal_kind(BY_WORDS), self._undo_by_words)
        self._who: Holder | None = None
        self._children = children
        self._turns = turns
        self._last_policies: dict[bytes, bytes] = {}  # by chain, what a daemon before us has set last
        self._monitor = FilterMonitor(entries)
        if entries is not None:
            for tool in FAMILIES:
                entries.can_make(tool, self._make_in)

    def on_behalf_of(self, who: Holder) -> "PacketFilters":
        """Return the port for a statement."""
        port = copy(self)
        port._who = who
        return port

    def held_rule(self, tool: str, rule: FilterRule, *, first: bool) -> HeldChange:
        """Add a rule, and remove one copy of it on the way back: see `ports.Filters`."""
        return HeldFilterRule(self._children, self._turns, self._monitor, tool, rule, first, self._who)

    def held_policy(
        self, tool: str, table: bytes, chain: bytes, target: bytes, revert: bytes
    ) -> AbstractAsyncContextManager[None]:
        """Set the policy of a chain, and another one on the way back: see `ports.Filters`."""
        change = FilterChange("set the policy of", "policy", [b"-P", chain, target], [b"-P", chain, revert])
        held = HeldChange(self._children, self._turns, self._monitor, tool, table, chain, change, self._who)
        journalled = self._journalled(held, b"\n".join((tool.encode(), table, chain, target)), revert)
        return Described(journalled, lambda leaving: held.to_do(leaving)[0], lambda: held.to_undo()[0])

    @asynccontextmanager
    async def _journalled(self, held: HeldChange, key: bytes, revert: bytes) -> AsyncIterator[None]:
        """Hold a policy; the next daemon knows which one to put back, if this one is killed.

        Of several for one chain the last one counts; it stays while nobody wants another one than before the kill.
        """
        journal = self._recovery.journal
        chain = key.rpartition(b"\n")[0]
        lasts = self._last_policies
        if chain not in lasts:
            left_there = [
                one for one in self._recovery.left if one.kind == "policy" and one.key.startswith(chain + b"\n")
            ]
            lasts[chain] = left_there[-1].key.rpartition(b"\n")[2] if left_there else b""
        left = self._recovery.claim("policy", key)
        title = self._who.title if self._who is not None else ""
        if left is None:
            lasts[chain] = b""
        held.last_policy = lasts[chain]
        number = journal.intend("policy", key, revert, title) if left is None else journal.adopt(left, title)
        try:
            async with held:
                journal.done(number)
                yield
        finally:
            journal.undone(number)

    async def _put_policy_back(self, key: bytes, undo: bytes) -> None:
        """Set the policy that was to come after the one that a killed daemon has set.

        Raises: Unavailable.
        """
        tool, table, chain, *_ = key.split(b"\n")
        name = tool.decode()
        operation = f"put back the policy of {table.decode()} {chain.decode()} with {name}"
        program = need_program(name, operation)
        result = await run_tool(self._children, argv_of(program, name, table, [b"-P", chain, undo]), None)
        if result.reason:
            raise Unavailable(operation, result.reason)

    async def _undo_by_words(self, key: bytes, undo: bytes) -> None:
        """Undo a rule or a chain that a killed daemon has made with a program that writes no nftables.

        Raises: Unavailable.
        """
        left = decode_entry(key, undo)
        if left is not None:
            tool, table, verb, chain, *words = key.split(b"\n")
            name = tool.decode()
            rule = FilterRule(table, chain, tuple(words))
            made = (
                self.held_chain(name, table, chain)
                if verb == b"-N"
                else self.held_rule(name, rule, first=verb == b"-I")
            )
            await made.undo_left(left)

    async def _make_in(self, rule: "FilterEntry", chain: str) -> None:
        """Make a rule once more, in a new chain.

        Raises: Unavailable.
        """
        tool, table, verb, _, *words = encode_key(rule.key).split(b"\n")
        program = find_program(tool.decode())
        if program is None:
            return
        if verb == b"-I" and words and words[0].isdigit():
            words = words[1:]
        for line in ([b"-N", chain.encode()], [b"-A", chain.encode(), *words]):
            await run_tool(self._children, argv_of(program, tool.decode(), table, line), None)

    def held_chain(self, tool: str, table: bytes, chain: bytes) -> HeldChange:
        """Make a chain, and delete it on the way back: see `ports.Filters`."""
        change = FilterChange("make", "chain", [b"-N", chain], [b"-X", chain])
        return HeldChange(self._children, self._turns, self._monitor, tool, table, chain, change, self._who)
