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


def keep_oldest(rule: JournalEntry, above: int, known: set[tuple[str, str, int]], copies: int) -> int:
    """Have so many copies of a rule above a handle, the oldest of them; return the handle of the first.

    It has just been made, perhaps once more.  A copy that somebody is known to hold is none of them.
    """
    requests = Requests()
    try:
        rules = [one for one in requests.list("rule") if one[2:5] == rule[2:5]]
        ours = next((one for one in rules if one.handle == rule.handle), None)
        if ours is None:
            return rule.handle
        same = sorted(
            one.handle
            for one in rules
            if above < one.handle <= rule.handle
            and (one.family, one.table, one.handle) not in known
            and says_the_same(one, ours)
        )
        for handle in same[copies:]:
            requests.delete("rule", rule.family, rule.table, rule.name, handle)
        return same[0]
    finally:
        requests.socket.close()


def made_before_trial(rule: JournalEntry, trial: str, known: set[tuple[str, str, int]]) -> list[int]:
    """Return the handles of what was made of an intended rule: what says the same as the rule in a chain for trials.

    Raises: Unavailable.
    """
    requests = Requests()
    try:
        rules = [one for one in requests.list("rule") if one[2:4] == rule[2:4]]
        sample = next((one for one in rules if one.name == trial), None)
        return [
            one.handle
            for one in rules
            if sample is not None
            and one.name == rule.name
            and one.handle > rule.handle
            and (one.family, one.table, one.handle) not in known
            and says_the_same(one, sample)
        ]
    finally:
        requests.socket.close()


def delete_trial(rule: JournalEntry, trial: str) -> None:
    """Delete a chain for trials with what is in it, if there is one.

    Raises: Unavailable.
    """
    requests = Requests()
    try:
        for one in requests.list("chain"):
            if one[2:5] == (rule.family, rule.table, trial):
                requests.delete("chain", one.family, one.table, one.name, one.handle)
    finally:
        requests.socket.close()
