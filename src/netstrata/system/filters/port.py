"""The port for packet filters, over the programs of this machine."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from netstrata.ports import Turns
from netstrata.ports.filters import FilterRule
from netstrata.system.filters.held import FilterChange, HeldChange, HeldFilterRule
from netstrata.system.filters.monitor import FilterMonitor

if TYPE_CHECKING:
    from netstrata.system.children import RealChildren
    from netstrata.system.nftables.journal import FilterJournal


class PacketFilters:
    """Rules, policies and chains, each by one command."""

    __slots__ = ("_children", "_monitor", "_turns")

    def __init__(self, children: "RealChildren", turns: Turns, journal: "FilterJournal | None" = None) -> None:
        """Take who starts the programs and hears why one failed, the lock around them, and what is remembered."""
        self._children = children
        self._turns = turns
        self._monitor = FilterMonitor(journal)

    def held_rule(self, tool: str, rule: FilterRule, *, first: bool) -> AbstractAsyncContextManager[None]:
        """Add a rule, and remove one copy of it on the way back: see `ports.Filters`."""
        return HeldFilterRule(self._children, self._turns, self._monitor, tool, rule, first)

    def held_policy(
        self, tool: str, table: bytes, chain: bytes, target: bytes, revert: bytes
    ) -> AbstractAsyncContextManager[None]:
        """Set the policy of a chain, and another one on the way back: see `ports.Filters`."""
        change = FilterChange("set the policy of", "policy", [b"-P", chain, target], [b"-P", chain, revert])
        return HeldChange(self._children, self._turns, self._monitor, tool, table, chain, change)

    def held_chain(self, tool: str, table: bytes, chain: bytes) -> AbstractAsyncContextManager[None]:
        """Make a chain, and delete it on the way back: see `ports.Filters`."""
        change = FilterChange("make", "chain", [b"-N", chain], [b"-X", chain])
        return HeldChange(self._children, self._turns, self._monitor, tool, table, chain, change)
