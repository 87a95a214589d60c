"""What somebody has deleted, and what has come back since with the table that it was in, as from a saved ruleset.

It came in another transaction, or while no daemon ran, so that only what it says tells that it is what it was: a rule
by its expressions, a table or chain by having each rule that was ours in it.  One with that name alone is somebody
else's.
"""

from collections.abc import Collection, Iterable

from netstrata.protocols.nftables import NftObject, says_the_same
from netstrata.system.nftables.records import FilterEntry

Known = Collection[tuple[str, str, str, int]]  # kind, family, table and handle of what is held


def find_returned(
    entry: FilterEntry, went: Iterable[FilterEntry], things: Iterable[NftObject], known: Known
) -> FilterEntry | None:
    """Return what has come back of something that was made, None if nothing has.

    Shapes: went is all that was ours, things all of nftables.
    """
    here = [one for one in things if one[2:4] == entry[2:4]]
    of_table = next((one.handle for one in here if one.kind == "table"), 0)
    if not entry.made or of_table in (0, entry.of_table):
        return None
    is_ours = ("table", entry.family, entry.table, of_table) in known
    free = [one for one in here if (one.kind, *one[2:4], one.handle) not in known]
    if entry.kind == "element":
        is_there = any(one.kind == "set" and one.name == entry.name for one in here)
        return entry._replace(of_table=of_table) if is_there else None
    copy = _copy_of(entry, free)
    if copy is None or not (entry.kind == "rule" or is_ours or _has_all(entry, went, here)):
        return None
    return entry._replace(of_table=of_table, handle=copy.handle)


def _copy_of(entry: FilterEntry, here: Iterable[NftObject]) -> NftObject | None:
    place = (entry.kind, entry.name)
    for one in here:
        if (one.kind, one.name) == place and (entry.kind != "rule" or _says_it(one, entry)):
            return one
    return None


def _says_it(one: NftObject, entry: FilterEntry) -> bool:
    then = one._replace(says=entry.says, comment=entry.comment)
    return bool(entry.says) and says_the_same(one, then)


def _has_all(entry: FilterEntry, went: Iterable[FilterEntry], here: list[NftObject]) -> bool:
    """Say whether all rules stand in a table or chain that were ours in it, and there were some."""
    ours = [one for one in went if one.kind == "rule" and one[2:4] == entry[2:4] and entry.name in ("", one.name)]
    return bool(ours) and all(_copy_of(one, here) is not None for one in ours)
