"""The port for packet filters, over the programs of this machine."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from netstrata.ports.filters import FilterRule
from netstrata.system.filters.held import Change, HeldChange, HeldRule
from netstrata.system.packetlock import PacketLock

if TYPE_CHECKING:
    from netstrata.system.children import RealChildren


class PacketFilters:
    """Rules, policies and chains, each by one command."""

    __slots__ = ("_children", "lock")

    def __init__(self, children: "RealChildren") -> None:
        """Take who starts the programs, and listens to them: their words are the reason of a failure."""
        self._children = children
        self.lock = PacketLock()

    def held_rule(self, tool: str, rule: FilterRule, *, first: bool) -> AbstractAsyncContextManager[None]:
        """Add a rule, and remove one copy of it on the way back: see `ports.Filters`."""
        return HeldRule(self._children, self.lock, tool, rule, first)

    def held_policy(
        self, tool: str, table: bytes, chain: bytes, target: bytes, revert: bytes
    ) -> AbstractAsyncContextManager[None]:
        """Set the policy of a chain, and another one on the way back: see `ports.Filters`."""
        change = Change("set the policy of", [b"-P", chain, target], [b"-P", chain, revert])
        return HeldChange(self._children, self.lock, tool, table, chain, change)

    def held_chain(self, tool: str, table: bytes, chain: bytes) -> AbstractAsyncContextManager[None]:
        """Make a chain, and delete it on the way back: see `ports.Filters`."""
        change = Change("make", [b"-N", chain], [b"-X", chain])
        return HeldChange(self._children, self.lock, tool, table, chain, change)
