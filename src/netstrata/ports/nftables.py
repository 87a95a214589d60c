"""What statements may ask of nftables."""

from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol


class NftThing(NamedTuple):
    """Something to hold in a table.

    Shapes: kind is table, chain, rule, set (which a map is, too), flowtable or element; name is the chain's or the
    set's, "" with a table; text is what follows in the words of nft(8), in one line: options in braces, a rule,
    elements; noun is what nft(8) calls it, if that is not its kind; before is the comment of the rule that a rule
    stands before, "" for the first one of the chain, None for a rule that is the last one.
    """

    kind: str
    family: str
    table: str
    name: str = ""
    text: str = ""
    noun: str = ""
    before: str | None = None


class Nftables(Protocol):
    """Tables, chains, rules, sets, maps, flowtables and elements."""

    def held(self, thing: NftThing) -> AbstractAsyncContextManager[None]:
        """Make something, and delete exactly that on the way back.

        What all statements ask for in one turn is done in one transaction.  A table, chain or set must not be there
        yet.  If somebody else deletes it, the statement that holds it is told (`Holder.lost`), except for elements
        that are deleted alone.
        Raises: Unavailable in nft's own words; leaving never raises.
        """
