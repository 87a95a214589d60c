"""What we have made in nftables, on a file that outlives us: after a crash the next daemon takes it over.

Without it a table or chain of a daemon that was killed would be in the way of the next one, and rules would be doubled;
deleting them first would leave a moment without a packet filter.  A thing is known by its handle and that of its table,
neither of which the kernel uses again in one network namespace of one boot.  What nobody takes over is deleted once the
program has had time to come up.

What is about to be made is written down before the tool starts, with the highest handle that there is: if we are killed
meanwhile, what has that name and a higher handle was made by that tool.  A rule has no name: it is made anew, and
goes again if there is an older copy of it above that handle, which is taken over.

What the legacy programs have made has no handle: it is known by its words, and by their finding it where it was.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from netstrata.protocols.nftables import NftObject
from netstrata.system.filesystem.places import open_file
from netstrata.system.nftables.handles import Handles
from netstrata.system.nftables.netlink import Requests
from netstrata.system.nftables.records import (
    BY_WORDS,
    DROPPED,
    GONE,
    INTENDED,
    MADE,
    JournalEntry,
    as_line,
    here,
    read_records,
    write_lines,
)
from netstrata.system.nftables.recovery import delete_trial, find_standing, keep_oldest, made_before_trial
from netstrata.values import Unavailable

_LEAST_LINES = 4096  # the file is written anew when it is longer, and most of it is past
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_ByKey = dict[str, list[JournalEntry]]


class FilterJournal:
    """One for each daemon; opened when it is first needed."""

    __slots__ = (
        "_descriptor", "_handles", "_held", "_intended", "_left", "_lines", "_opened", "_path", "_retried",
        "_uncertain",
    )  # fmt: skip

    def __init__(self, path: str) -> None:
        """Take the file's path."""
        self._path = path
        self._descriptor = -1
        self._opened = False
        self._lines = 0
        self._handles = Handles()
        self._held: dict[tuple[str, int], JournalEntry] = {}
        self._intended: _ByKey = {}
        self._left: _ByKey = {}  # of a daemon that has crashed, or what could not be undone
        self._uncertain: _ByKey = {}  # what such a daemon intended, and has perhaps made
        self._retried: _ByKey = {}  # what of that is about to be made anew

    @property
    def is_left(self) -> bool:
        """Whether a daemon before us has left something that nobody has taken over yet."""
        if not self._opened and not os.path.exists(self._path):
            return False
        self._open()
        return any(
            one.kind != BY_WORDS for kept in (self._left, self._uncertain) for each in kept.values() for one in each
        )

    @property
    def left_elements(self) -> list[JournalEntry]:
        """Elements that a daemon before us has left: they have no handle, and only nft(8) can delete them."""
        return [one for entries in self._left.values() for one in entries if one.kind == "element"]

    @property
    def uncertain_rules(self) -> list[JournalEntry]:
        """Rules that a daemon before us was about to make: they have no name, so that only a trial says if it has."""
        return [one for entries in self._uncertain.values() for one in entries if one.kind == "rule"]

    @contextmanager
    def trial(self, rule: JournalEntry) -> Iterator[str]:
        """Yield the name of a chain for whoever makes an uncertain rule once more, where no packet comes by.

        What says the same, and was made since that rule was intended, is known as left from then on.
        """
        chain = f"netstrata-{os.urandom(4).hex()}"
        self.intend(chain, "chain", rule.family, rule.table, chain)
        try:
            yield chain
            found = made_before_trial(rule, chain, self._known_rules())
            if rule in self._uncertain.get(rule.key, ()):  # nobody has asked for it meanwhile
                _pop(self._uncertain, rule.key)
                for made in [rule._replace(handle=handle) for handle in found]:
                    self._left.setdefault(rule.key, []).append(made)
                    self._write(MADE, made)
        finally:
            delete_trial(rule, chain)
            self.drop(chain)

    @property
    def is_busy(self) -> bool:
        """Whether something is being made now."""
        return bool(self._intended or self._retried)

    def claim(self, key: str) -> JournalEntry | None:
        """Take over what a daemon before us has made by the same words, if it is still there."""
        self._open()
        entry = _pop(self._left, key)
        if entry is not None:
            self._held[key, entry.handle] = entry
        return entry

    def find_uncertain(self, key: str) -> JournalEntry | None:
        """Return what a daemon before us was about to make by the same words; whether it has, who asks must find."""
        self._open()
        return self._uncertain[key][0] if key in self._uncertain else None

    def intend(self, key: str, kind: str, family: str, table: str, name: str, mark: int = 0) -> None:
        """Remember what is about to be made.

        Shapes: mark is what tells later whether it was, for what is known by its words.
        """
        self._open()
        if self._descriptor < 0:
            return
        uncertain = _pop(self._uncertain, key)
        if uncertain is not None:  # whose line stands, and says since when there may be something
            self._retried.setdefault(key, []).append(uncertain)
            return
        of_table = 0
        if kind != BY_WORDS:
            mark, of_table = self._handles.highest(kind, family, table), self._handles.of_table(family, table)
        entry = JournalEntry(key, kind, family, table, name, of_table, mark)
        self._intended.setdefault(key, []).append(entry)
        self._write(INTENDED, entry)

    def drop(self, key: str) -> None:
        """Record that what was intended was not made."""
        retried = _pop(self._retried, key)
        if retried is not None:
            self._uncertain.setdefault(key, []).append(retried)
            return
        entry = _pop(self._intended, key)
        if entry is not None:
            self._write(DROPPED, entry)
            self._close_unused()

    def made(self, key: str, kind: str, family: str, table: str, name: str, handle: int) -> int:
        """Remember what was made; return its handle, which is another one if it had been there already."""
        self._open()
        if self._descriptor < 0:
            return handle
        of_table = self._handles.of_table(family, table) if kind != BY_WORDS else 0
        entry = JournalEntry(key, kind, family, table, name, of_table, handle)
        retried = _pop(self._retried, key)
        if retried is None:
            _pop(self._intended, key)
        elif kind == "rule":
            entry = entry._replace(handle=self._first_made(entry, retried.handle))
        self._held[key, entry.handle] = entry
        self._write(MADE, entry)
        return entry.handle

    def gone(self, key: str, handle: int) -> None:
        """Forget what is no longer there, or no longer ours."""
        entry = self._held.pop((key, handle), None)
        if entry is not None:
            self._write(GONE, entry)
            self._close_unused()

    def leave(self, key: str, handle: int) -> None:
        """Keep what could not be undone, for whoever asks for it next."""
        entry = self._held.pop((key, handle), None)
        if entry is not None:
            self._left.setdefault(key, []).append(entry)

    def on_objects(self, objects: Iterable[NftObject]) -> None:
        """Follow what the kernel tells."""
        self._handles.on_objects(objects)

    def on_overrun(self) -> None:
        """Forget handles: a message may have been lost."""
        self._handles.on_overrun()

    def _first_made(self, rule: JournalEntry, above: int) -> int:
        """Return the handle of a rule that daemons before us have made by the same words, if it has come to that.

        Ours is deleted then, and so is what others of them had made in vain.
        """
        copies = 1 + len(self._uncertain.get(rule.key, ())) + len(self._retried.get(rule.key, ()))
        try:
            return keep_oldest(rule, above, self._known_rules(), copies)
        except Unavailable:
            return rule.handle

    def _known_rules(self) -> set[tuple[str, str, int]]:
        """Return family, table and handle of each rule of which is known whose it is; tables count by themselves."""
        known = [*self._held.values(), *(one for entries in self._left.values() for one in entries)]
        return {(one.family, one.table, one.handle) for one in known if one.kind == "rule"}

    def _open(self) -> None:
        if self._opened:
            return
        self._opened = True
        with suppress(OSError):  # nothing is remembered, then
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            self._descriptor = _locked(self._path)
            standing = find_standing(read_records(self._descriptor))
            for entry in standing.made:
                self._left.setdefault(entry.key, []).append(entry)
            for entry in standing.intended:
                self._uncertain.setdefault(entry.key, []).append(entry)
            if not self._write_anew():
                self._close()

    def sweep(self) -> None:
        """Delete what nobody has taken over: what was made last goes first.

        What the programs of old have made is known by its words alone: it stays, for whoever asks for the same.
        """
        entries = [entry for entries in self._left.values() for entry in entries if entry.kind != BY_WORDS]
        self._left = _by_words(self._left)
        self._uncertain = _by_words(self._uncertain)
        requests = Requests()
        try:
            for entry in sorted(entries, key=lambda entry: -entry.handle):
                if entry.handle:
                    requests.delete(entry.kind, entry.family, entry.table, entry.name, entry.handle)
        finally:
            requests.socket.close()
        self._write_anew()
        self._close_unused()

    def _close_unused(self) -> None:
        """Remove the file while there is nothing to remember."""
        kept = (self._held, self._intended, self._left, self._uncertain, self._retried)
        if self._descriptor >= 0 and not any(kept):
            with suppress(OSError):
                os.unlink(self._path)
            self._close()
            self._opened = False

    def _close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1

    def _write(self, sign: str, entry: JournalEntry) -> None:
        if self._descriptor < 0:
            return
        self._lines += 1
        try:
            write_lines(self._descriptor, [as_line(sign, entry)])
        except OSError:  # a full disk: what is not remembered is as after a crash without a journal
            self._close()
            return
        if self._lines > _LEAST_LINES and self._lines > 4 * len(self._held):
            self._write_anew()

    def _write_anew(self) -> bool:
        """Write only what is held, left or intended, to a new file in the place of the old one; say whether it is."""
        if self._descriptor < 0:
            return False
        made = [*(one for entries in self._left.values() for one in entries), *self._held.values()]
        not_made = (self._uncertain, self._retried, self._intended)
        intended = [one for each in not_made for entries in each.values() for one in entries]
        lines = [*(as_line(MADE, one) for one in made), *(as_line(INTENDED, one) for one in intended)]
        self._lines = len(lines)
        try:
            with suppress(FileNotFoundError):
                os.unlink(f"{self._path}.new")
            descriptor = _locked(f"{self._path}.new")
        except OSError:
            return False
        try:
            write_lines(descriptor, [here(), *lines])
            os.rename(f"{self._path}.new", self._path)
        except OSError:
            os.close(descriptor)
            return False
        self._close()
        self._descriptor = descriptor
        return True


def _locked(path: str) -> int:
    """Return a file that is ours alone.

    Raises: OSError, also if another daemon, which runs, has it.
    """
    descriptor = open_file(path, _FLAGS, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _by_words(entries: _ByKey) -> _ByKey:
    """Return what is known by its words alone."""
    kept = {key: [one for one in each if one.kind == BY_WORDS] for key, each in entries.items()}
    return {key: each for key, each in kept.items() if each}


def _pop(entries: _ByKey, key: str) -> JournalEntry | None:
    """Take out the oldest entry of a key, if there is one."""
    there = entries.get(key)
    if not there:
        return None
    entry = there.pop(0)
    if not there:
        del entries[key]
    return entry
