"""What statements may ask of the packet filter programs iptables, ip6tables and ebtables."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from netstrata.contract.shapes.filters import FilterRule

__all__ = ["FilterRule", "Filters"]


class Filters(Protocol):
    """Rules, policies and chains of a table, each by one command of the program `tool` that was found in PATH.

    Shapes: tool is iptables, ip6tables or ebtables.  Commands of all three never run at the same time, nor while
    a statement holds their lock.  Entering raises Unavailable in the tool's own words; leaving never raises.
    Where the program writes to nftables, what somebody else deletes or changes is lost; the legacy tables tell nothing.
    """

    def held_rule(self, tool: str, rule: FilterRule, *, first: bool) -> AbstractAsyncContextManager[None]:
        """Add a rule at the end of its chain, or in front; remove one copy of it on the way back.

        Shapes: with first, the rule's first word may be a position, counted from 1.
        """

    def held_policy(
        self, tool: str, table: bytes, chain: bytes, target: bytes, revert: bytes
    ) -> AbstractAsyncContextManager[None]:
        """Set the policy of a chain, and another one on the way back."""

    def held_chain(self, tool: str, table: bytes, chain: bytes) -> AbstractAsyncContextManager[None]:
        """Make a chain, which must not be there yet; delete it on the way back."""
