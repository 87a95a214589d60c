"""What stands in the kernel of what a daemon that was killed has made, or was about to make."""

from netstrata.protocols.nftables import NftObject, says_the_same
from netstrata.system.nftables.handles import IN_TABLES, listed
from netstrata.system.nftables.netlink import Requests
from netstrata.system.nftables.records import BY_WORDS, JournalEntry, JournalRecords

_UNNAMED = ("rule", BY_WORDS)


def find_standing(records: JournalRecords) -> JournalRecords:
    """Return what the kernel has of what was made, and as made what it has of what was intended and has a name.

    Of rules, and of what is known by its words, nobody can say that yet: they are still intended.
    """
    words = [one for one in records.made if one.kind == BY_WORDS]
    if len(words) == len(records.made) and all(one.kind == BY_WORDS for one in records.intended):
        return records
    things = listed(("table", *IN_TABLES))
    there = {(one.kind, one.family, one.table, one.handle) for one in things}
    tables = {(one.family, one.table): one.handle for one in things if one.kind == "table"}
    standing = [one for one in records.made if one.of_table and tables.get((one.family, one.table)) == one.of_table]
    made = words + [one for one in standing if not one.handle or (one.kind, one.family, one.table, one.handle) in there]
    intended: list[JournalEntry] = []
    for one in records.intended:
        of_table = tables.get((one.family, one.table), 0)
        if one.kind in _UNNAMED:
            if one.kind == BY_WORDS or _in_same_table(one, of_table):
                intended.append(one._replace(of_table=of_table))
        elif of_table:
            made += _made_since(one, of_table, things)
    return JournalRecords(made, intended)


def _made_since(intended: JournalEntry, of_table: int, things: list[NftObject]) -> list[JournalEntry]:
    """Return what was made of an intention."""
    if intended.kind == "element":
        return [intended._replace(of_table=of_table, handle=0)] if _in_same_table(intended, of_table) else []
    if intended.kind != "table" and not _in_same_table(intended, of_table):
        return []
    for one in things:
        if one[:1] + one[2:5] == intended[1:5] and one.handle > intended.handle:
            return [intended._replace(of_table=of_table, handle=one.handle)]
    return []


def _in_same_table(intended: JournalEntry, of_table: int) -> bool:
    """Say whether the table is that of then, or, if there was none, whatever has come since."""
    return of_table != 0 and intended.of_table in (0, of_table)


def delete_twin(rule: JournalEntry, above: int, known: set[tuple[str, str, int]]) -> None:
    """Delete an older copy of a rule, above a handle, that is none of those that somebody is known to hold."""
    requests = Requests()
    try:
        rules = [one for one in requests.list("rule") if one[2:5] == rule[2:5]]
        ours = next((one for one in rules if one.handle == rule.handle), None)
        for one in rules:
            new = above < one.handle < rule.handle and (one.family, one.table, one.handle) not in known
            if ours is not None and new and says_the_same(one, ours):
                requests.delete("rule", one.family, one.table, one.name, one.handle)
                return
    finally:
        requests.socket.close()
