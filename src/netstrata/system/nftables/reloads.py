"""What somebody deletes and makes again in one transaction, as who loads a saved ruleset does: it is what it was.

A table, chain or set is known by its name; a rule by its chain and by what it says.  The handles are others.
"""

from collections.abc import Iterator

from netstrata.protocols.nftables import GENERATION, NftObject, says_the_same


class Segments:
    """What is told, cut into transactions: the last one may not have been told to its end."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest: list[NftObject] = []

    def cut(self, news: list[NftObject], *, at_once: bool = False) -> Iterator[list[NftObject]]:
        """Return whole transactions; at once, also what has been told of one that is not."""
        for one in news:
            self._rest.append(one)
            if one.kind == GENERATION:
                whole, self._rest = self._rest, []
                yield whole
        if at_once and self._rest:
            whole, self._rest = self._rest, []
            yield whole


class Copies:
    """What a transaction has made, each of it the copy of one thing at most."""

    __slots__ = ("_made",)

    def __init__(self, transaction: list[NftObject]) -> None:
        self._made: dict[tuple[str, ...], list[NftObject]] = {}
        for one in transaction:
            if not one.deleted:
                there = self._made.setdefault(place_of(one), [])
                if one.kind != "rule":
                    there.clear()  # iptables-restore makes a chain, and then sets its policy: the last word counts
                there.append(one)

    def made(self) -> list[NftObject]:
        """Return what is there now that was not, or was otherwise."""
        return [one for there in self._made.values() for one in there]

    def take(self, gone: NftObject, rule: NftObject | None) -> NftObject | None:
        """Return what was made in the place of something that was deleted; of a rule, what says the same."""
        there = self._made.get(place_of(gone), [])
        for one in there:
            if gone.kind != "rule" or (rule is not None and says_the_same(one, rule)):
                there.remove(one)
                return one
        return None


def place_of(what: NftObject) -> tuple[str, ...]:
    """Return where something is: its name, or that of its chain."""
    return (what.kind, what.family, what.table, what.name if what.kind != "table" else "")
