"""What we make in packet filters, in the undo journal: after a crash the next daemon takes it over as it stands.

Without that a table or chain of a daemon that was killed would be in the way of the next one, and rules would be
doubled; deleting them first would leave a moment without a packet filter.

What is about to be made is written down before the tool starts, with the highest handle that there is: if we are killed
meanwhile, what has that name and a higher handle was made by that tool.  A rule has no name: it is made anew, and
goes again if there is an older copy of it above that handle, which is taken over.  If nobody asks for it, it is made
anew in a chain of its own, where no packet comes by, to find out whether there is one.

What the legacy programs have made has no handle: it is known by its words, and by their finding it where it was.
"""

import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from netstrata.protocols.nftables import NftObject
from netstrata.system.held import Recovery
from netstrata.system.held.recovery import Behind, Left, LeftEntry
from netstrata.system.nftables.handles import IN_TABLES, Handles, listed
from netstrata.system.nftables.records import (
    BY_WORDS,
    FilterEntry,
    decode_entry,
    encode_entry,
    encode_key,
    journal_kind,
)
from netstrata.system.nftables.recovery import (
    delete,
    delete_trial,
    find_made,
    is_same_table,
    keep_oldest,
    made_before_trial,
)
from netstrata.system.nftables.returned import find_returned
from netstrata.values import Unavailable

_ALL = ("table", *IN_TABLES)
_JOURNAL_KINDS = {journal_kind(kind) for kind in _ALL}
MakeRule = Callable[[FilterEntry, str], Awaitable[None]]  # makes a rule once more, in another chain; raises Unavailable
K = TypeVar("K")
V = TypeVar("V")


class _Live(NamedTuple):
    """An entry that is ours, by its number in the journal, and whose title is there."""

    number: int
    entry: FilterEntry
    holder: str


class FilterEntries:
    """All that a daemon has made in packet filters, or is about to make."""

    __slots__ = (
        "_claimed",
        "_handles",
        "_held",
        "_intended",
        "_journal",
        "_lost",
        "_makers",
        "_recovery",
        "_retried",
        "_things",
        "_went",
    )

    def __init__(self, recovery: Recovery) -> None:
        """Know how to undo what has a handle."""
        self._recovery = recovery
        self._journal = recovery.journal
        self._handles = Handles()
        self._things: list[NftObject] | None = None  # what there was when it was first asked for
        self._went: list[FilterEntry] = []  # what daemons before us had by then, and what we have lost
        self._lost: dict[str, list[FilterEntry]] = {}
        self._held: dict[tuple[str, int], list[_Live]] = {}
        self._intended: dict[str, list[_Live]] = {}
        self._retried: dict[str, list[tuple[LeftEntry, FilterEntry]]] = {}  # what is made anew, for nobody knows of it
        self._claimed: dict[str, list[_Live]] = {}
        self._makers: dict[str, MakeRule] = {}
        for kind in _ALL:
            recovery.knows(journal_kind(kind), self._undo)
        recovery.knows_slow(journal_kind("rule"), self._undo_rule)

    def can_make(self, word: str, make: MakeRule) -> None:
        """Know who makes a rule whose words begin with that one."""
        self._makers[word] = make

    def claim(self, kind: str, key: str, title: str) -> FilterEntry | None:
        """Take over what a daemon before us has made by the same words, if it is still there.

        Of what is known by its words, and was perhaps made, who asks must find out: see `made` and `gone`.
        """
        unknown: list[LeftEntry] = []
        found: FilterEntry | None = None
        while found is None:
            left = self._recovery.claim(journal_kind(kind), encode_key(key))
            if left is None:
                break
            entry = decode_entry(left.key, left.undo)
            if entry is not None and kind == "rule" and not entry.made:
                unknown.append(left)
                continue
            found = entry if entry is None or kind == BY_WORDS else self._find(entry, self._standing())
            if found is None:
                self._journal.undone(left.number)
                continue
            number = self._journal.adopt(left, title)
            if found != entry:
                self._journal.done(number, encode_entry(found))
            live = _Live(number, found, title)
            if kind == "element":  # they are added again: somebody may have deleted some of them
                self._claimed.setdefault(key, []).append(live)
            else:
                self._hold(live)
        for left in unknown:
            self._recovery.give_back(left)
        return found or self._claim_lost(kind, key, title)

    def _claim_lost(self, kind: str, key: str, title: str) -> FilterEntry | None:
        """Take over what somebody has deleted, and has put there again since."""
        lost = self._lost.get(key, [])
        things = listed(_ALL) if lost else ()
        for entry in lost:
            found = find_returned(entry, self._went, things, self._known())
            if found is not None:
                lost.remove(entry)
                self._went.remove(entry)
                if kind != "element":
                    number = self._journal.intend(journal_kind(kind), encode_key(key), encode_entry(found), title)
                    self._journal.done(number, encode_entry(found))
                    self._hold(_Live(number, found, title))
                return found
        return None

    def _find(self, entry: FilterEntry, things: Sequence[NftObject]) -> FilterEntry | None:
        """Return what stands of something, also if somebody has made it again."""
        return find_made(entry, things) or find_returned(entry, self._went, things, self._known())

    def _known(self) -> set[tuple[str, str, str, int]]:
        """Return what is held."""
        entries = (live.entry for lives in self._held.values() for live in lives)
        return {(one.kind, one.family, one.table, one.handle) for one in entries}

    def seen(self, claimed: FilterEntry) -> NftObject | None:
        """Return what the kernel has said of something that was claimed."""
        place = (claimed.kind, *claimed[2:5], claimed.handle)
        things = (*self._standing(), *(listed((claimed.kind,)) if self._lost else ()))
        return next((one for one in things if place == (one.kind, *one[2:6])), None)

    def intend(self, key: str, place: tuple[str, str, str, str], title: str, mark: int = 0) -> None:
        """Write down what is about to be made.

        Shapes: place is kind, family, table and name; mark tells later whether what is known by its words was made.
        """
        kind, family, table, _ = place
        claimed = _pop(self._claimed, key)
        left = _left(claimed) if claimed is not None else self._recovery.claim(journal_kind(kind), encode_key(key))
        if left is not None:
            entry = decode_entry(left.key, left.undo)
            if entry is None or not (entry.made or is_same_table(entry, self._handles.of_table(family, table))):
                self._journal.undone(left.number)
            elif entry.made and kind != "element":
                self._recovery.give_back(left)
            else:  # it stands, and says since when there may be something
                self._retried.setdefault(key, []).append((left, entry))
                return
        of_table = mark
        if kind != BY_WORDS:
            mark, of_table = self._handles.highest(kind, family, table), self._handles.of_table(family, table)
        entry = FilterEntry(key, *place, of_table, mark)
        number = self._journal.intend(journal_kind(kind), encode_key(key), encode_entry(entry), title)
        self._intended.setdefault(key, []).append(_Live(number, entry, title))

    def drop(self, key: str) -> None:
        """Record that what was intended was not made."""
        retried = _pop(self._retried, key)
        if retried is not None:
            self._recovery.give_back(retried[0])
            return
        live = _pop(self._intended, key)
        if live is not None:
            self._journal.undone(live.number)

    def made(
        self, key: str, place: tuple[str, str, str, str], title: str, handle: int, rule: NftObject | None = None
    ) -> int:
        """Record what was made; return its handle, which is another one if it had been there already."""
        kind, family, table, _ = place
        retried = _pop(self._retried, key)
        if retried is not None:
            left, before = retried
            live = _Live(self._journal.adopt(left, title), before, title)
        else:
            found = _pop(self._intended, key) or _pop(self._held, (key, handle))
            if found is None:
                return handle
            live = found
        of_table = live.entry.of_table if kind == BY_WORDS else self._handles.of_table(family, table)
        for lost in self._lost.pop(key, ()):
            self._went.remove(lost)
        entry = FilterEntry(key, *place, of_table, handle, True)
        if rule is not None:
            entry = entry._replace(says=rule.says, comment=rule.comment)
        if retried is not None and kind == "rule":
            entry = entry._replace(handle=self._first_made(entry, live.entry.handle))
        self._journal.done(live.number, encode_entry(entry))
        self._hold(live._replace(entry=entry))
        return entry.handle

    def follow(self, key: str, handle: int, now: int) -> None:
        """Record that somebody has made it again, under another handle."""
        live = _pop(self._held, (key, handle))
        if live is not None:
            of_table = self._handles.of_table(live.entry.family, live.entry.table)
            entry = live.entry._replace(of_table=of_table, handle=now)
            self._journal.done(live.number, encode_entry(entry))
            self._hold(live._replace(entry=entry))

    def undoing(self, key: str, mark: int) -> None:
        """Record that it is about to be undone: from now on it is there only if more rules are than the mark says."""
        for live in self._held.get((key, 0), [])[:1]:
            self._journal.done(live.number, encode_entry(live.entry._replace(handle=mark)))

    def gone(self, key: str, handle: int, *, lost: bool = False) -> None:
        """Forget what is no longer there, or no longer ours; what was lost may come back until it is made again."""
        live = _pop(self._held, (key, handle))
        if live is not None and lost:
            self._lost.setdefault(key, []).append(live.entry)
            self._went.append(live.entry)
        claimed = _pop(self._claimed, key) if live is None and not handle else None
        if live is not None:
            self._journal.undone(live.number)
        elif claimed is not None:  # and not added again
            self._recovery.give_back(_left(claimed))

    def leave(self, key: str, handle: int) -> None:
        """Keep what could not be undone, for whoever asks for it next."""
        live = _pop(self._held, (key, handle))
        if live is not None:
            self._recovery.give_back(Behind(*_left(live)))

    def on_objects(self, objects: Iterable[NftObject]) -> None:
        """Follow what the kernel tells."""
        self._handles.on_objects(objects)

    def on_overrun(self) -> None:
        """Forget handles: a message may have been lost."""
        self._handles.on_overrun()

    def _hold(self, live: _Live) -> None:
        self._held.setdefault((live.entry.key, live.entry.handle if live.entry.made else 0), []).append(live)

    def _standing(self) -> list[NftObject]:
        """Return all of nftables, as it was when it was first asked for: nothing of ours is deleted before."""
        if self._things is None:
            self._things = listed(_ALL)
            left = (decode_entry(one.key, one.undo) for one in self._recovery.left if one.kind in _JOURNAL_KINDS)
            self._went += [one for one in left if one is not None]
        return self._things

    def _undo(self, key: bytes, undo: bytes) -> None:
        """Delete something that nobody has taken over, if it stands.  Of a rule that was intended nobody can say that.

        Raises: Unavailable.
        """
        entry = decode_entry(key, undo)
        if entry is not None and (entry.made or entry.kind != "rule"):
            standing = self._standing()
            found = find_made(entry, listed(_ALL)) or find_returned(entry, self._went, standing, self._known())
            if found is not None:
                delete(found)

    async def _undo_rule(self, key: bytes, undo: bytes) -> None:
        """Delete a rule that nobody has taken over; of one that was intended, what a trial says was made of it.

        Raises: Unavailable.
        """
        entry = decode_entry(key, undo)
        if entry is None or entry.made:
            self._undo(key, undo)
            return
        make = self._makers.get(entry.key.partition("\n")[0])
        tables = {(one.family, one.table): one.handle for one in listed(("table",))}
        if make is None or not is_same_table(entry, tables.get((entry.family, entry.table), 0)):
            return
        chain = f"netstrata-{os.urandom(4).hex()}"
        self.intend(chain, ("chain", entry.family, entry.table, chain), "")
        try:
            with suppress(Unavailable):  # what cannot be made was not made
                await make(entry, chain)
            for handle in made_before_trial(entry, chain, self._known_rules()):
                delete(entry._replace(handle=handle))
        finally:
            delete_trial(entry, chain)
            self.drop(chain)

    def _first_made(self, rule: FilterEntry, above: int) -> int:
        """Return the handle of a rule that daemons before us have made by the same words, if it has come to that.

        Ours is deleted then, and so is what others of them had made in vain.
        """
        kind, key = journal_kind("rule"), encode_key(rule.key)
        perhaps = [decode_entry(one.key, one.undo) for one in self._recovery.left if (one.kind, one.key) == (kind, key)]
        copies = 1 + len([one for one in perhaps if one is not None and not one.made])
        copies += len(self._retried.get(rule.key, ()))
        try:
            return keep_oldest(rule, above, self._known_rules(), copies)
        except Unavailable:
            return rule.handle

    def _known_rules(self) -> set[tuple[str, str, int]]:
        """Return family, table and handle of each rule of which is known whose it is; tables count by themselves."""
        known = [live.entry for lives in self._held.values() for live in lives]
        for left in self._recovery.left:
            entry = decode_entry(left.key, left.undo) if left.kind == journal_kind("rule") else None
            known += [entry] if entry is not None else []
        return {(one.family, one.table, one.handle) for one in known if one.kind == "rule" and one.made}


def _left(live: _Live) -> Left:
    """Return what is ours as something that is left."""
    kind, undo = journal_kind(live.entry.kind), encode_entry(live.entry)
    return Left(live.number, kind, encode_key(live.entry.key), undo, live.holder, True)


def _pop(entries: dict[K, list[V]], key: K) -> V | None:
    """Take out the oldest entry of a key, if there is one."""
    there = entries.get(key)
    if not there:
        return None
    entry = there.pop(0)
    if not there:
        del entries[key]
    return entry
