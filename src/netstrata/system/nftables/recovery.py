"""What stands in the kernel of what a daemon that was killed has made, or was about to make."""

import errno
import os
from collections.abc import Sequence

from netstrata.protocols.nftables import NftObject, says_the_same
from netstrata.system.nftables.netlink import Requests
from netstrata.system.nftables.records import FilterEntry
from netstrata.values import Unavailable

# What an undo may find: somebody else has deleted it, or the table that it was in.
_GONE = (0, errno.ENOENT)


def find_made(entry: FilterEntry, things: Sequence[NftObject]) -> FilterEntry | None:
    """Return what stands of what was made, or of what was intended and has a name; None if nothing does.

    A thing is known by its handle and that of its table, neither of which the kernel uses again in one namespace of one
    boot.  What was only intended is known by its name, and by a handle that is higher than all of then.
    Shapes: things are all of nftables.
    """
    tables = {(one.family, one.table): one.handle for one in things if one.kind == "table"}
    of_table = tables.get((entry.family, entry.table), 0)
    if not of_table:
        return None
    if entry.made:
        if entry.of_table != of_table:
            return None
        known = (one.kind == entry.kind and one[2:4] == entry[2:4] and one.handle == entry.handle for one in things)
        return entry if not entry.handle or any(known) else None
    if entry.kind != "table" and not is_same_table(entry, of_table):
        return None
    if entry.kind == "element":
        return entry._replace(of_table=of_table, handle=0, made=True)
    for one in things:
        if one[:1] + one[2:5] == entry[1:5] and one.handle > entry.handle:
            return entry._replace(of_table=of_table, handle=one.handle, made=True)
    return None


def is_same_table(intended: FilterEntry, of_table: int) -> bool:
    """Say whether the table is that of then, or, if there was none, whatever has come since."""
    return of_table != 0 and intended.of_table in (0, of_table)


def delete(entry: FilterEntry) -> None:
    """Delete something by its handle.

    Raises: Unavailable.
    """
    requests = Requests()
    try:
        failure = requests.delete(entry.kind, entry.family, entry.table, entry.name, entry.handle)
    finally:
        requests.socket.close()
    if failure not in _GONE:
        raise Unavailable(f"delete the {entry.kind} {entry.family} {entry.table}", os.strerror(failure), failure)


def keep_oldest(rule: FilterEntry, above: int, known: set[tuple[str, str, int]], copies: int) -> int:
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


def made_before_trial(rule: FilterEntry, trial: str, known: set[tuple[str, str, int]]) -> list[int]:
    """Return the handles of what was made of an intended rule: what says the same as the rule in a chain for trials.

    Raises: Unavailable.
    """
    rules = [one for one in _listed("rule") if one[2:4] == rule[2:4]]
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


def delete_trial(rule: FilterEntry, trial: str) -> None:
    """Delete a chain for trials with what is in it, if there is one.

    Raises: Unavailable.
    """
    for one in _listed("chain"):
        if one[2:5] == (rule.family, rule.table, trial):
            delete(FilterEntry("", "chain", one.family, one.table, one.name, 0, one.handle))


def _listed(kind: str) -> list[NftObject]:
    requests = Requests()
    try:
        return requests.list(kind)
    finally:
        requests.socket.close()
