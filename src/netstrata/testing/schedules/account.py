"""Who put what into the kernel, in which order, and what must be there when the daemon has gone.

What the daemon wrote is undone by it, the last first, within everything that one root process brought up; what others
put there, or changed since, stays.  For each thing that the daemon ever touched there is a set of values that it may
have at the end: as it was before, or as others left it since.  Where others bring back just what the daemon had put,
nobody can know whose it is: then both will do.
"""

from dataclasses import dataclass, field
from typing import Any

from netstrata.engine.async_statement import AsyncStatement
from netstrata.engine.process import Process
from netstrata.engine.statement import DYING, NONE, Statement
from netstrata.testing.model.messages import Request
from netstrata.testing.schedules.facts import Change, Facts, Key, is_of_port, told, value_of
from netstrata.testing.schedules.faults import is_read
from netstrata.testing.schedules.reach import follows, is_meant

_MOST = 5  # faults of one schedule that are told
_BESIDE = ("spawn", "process_manager")  # whose processes come up in no order with what is written after them


@dataclass(slots=True, eq=False)
class Touched:
    """One thing that the daemon has touched."""

    allowed: set[Any]
    ours: Any = None  # what the daemon put there, if it still stands
    by: Statement | None = None
    values: set[Any] = field(default_factory=set)  # all that the daemon has put there
    forgiven: bool = False  # its undoing was refused, on purpose: what was there at first is forgotten


class Ledger:
    """The account of one schedule."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.touched: dict[Key, Touched] = {}
        self.wrote: list[str] = []  # by whom, for people
        self._failing: set[Statement] = set()  # something was refused to them
        self._takes_over = False  # a daemon that follows one that was killed, until others do something
        self._found: dict[Key, Any] = {}  # what such a daemon finds of what was ours
        self._taken: dict[Key, tuple[Any, bool]] = {}  # what it has taken away of that, and whether for nobody
        self._standing: dict[Process | None, dict[Key, Statement]] = {}  # by root process, the oldest first

    def blame(self, what: str) -> None:
        """Note what must never be; it begins with its kind and a colon."""
        if len(self.wrong) < _MOST and what not in self.wrong:
            self.wrong.append(what)

    def ours(self, statement: Statement | None, request: Request, changed: list[Change], now: Facts) -> None:
        """Hold what the daemon changed against what it may."""
        deleted = {key[1] for key, before, after in changed if key[0] == "link" and after is None}
        made = {key[1] for key, before, after in changed if key[0] == "link" and before is None}
        for change in changed:
            key, before, after = change
            if key[0] == "field" and key[1] in made | deleted:
                self._drop(key)
                continue
            self.wrote.append(f"{_title(statement)}: {told(key)} {before} -> {after}")
            dies = statement is not None and statement.state == DYING  # what it stands on is not there as it was
            if self._takes_over and not dies and before is not None and self._found.get(key) == before:
                self._taken[key] = before, statement is None
            if is_meant(request, key, deleted):
                self._change(statement, key, before, after)
            elif self._is_forgiven(key) or follows(request, key, before, after, deleted, now):
                self._lose(key, before, after)
            else:
                what = f"{told(key)} from {before} to {after}"
                self.blame(f"not ours: {_title(statement)} changed {what}, which it had not in mind")

    def others(self, changed: list[Change]) -> None:
        """Note what others want to be there now."""
        self._takes_over = False
        for key, before, after in changed:
            self.wrote.append(f"others: {told(key)} {before} -> {after}")
            touched = self.touched.get(key)
            if touched is None:
                continue
            self._drop(key)
            if touched.ours is not None and after == touched.ours:
                touched.allowed.add(after)
            else:
                touched.allowed = {after}

    def refused(self, who: Statement | None, request: Request) -> None:
        """Forgive a statement on its way out that it leaves something behind, also where it never got up."""
        if who is None and not is_read(request.type):  # what a daemon has left is undone for nobody
            for touched in self.touched.values():
                touched.forgiven = touched.forgiven or touched.by is None
        if not isinstance(who, AsyncStatement):
            return
        leaves = who.state == DYING or who._lost is not None
        if leaves or (who in self._failing and not is_read(request.type)):
            for touched in self.touched.values():
                if touched.by is None or touched.by is who or touched.by.state == NONE:
                    touched.forgiven = True
        self._failing.add(who)

    def forgive(self) -> None:
        """Forgive that what a daemon has left stays, as its undoing was refused."""
        for touched in self.touched.values():
            touched.forgiven = True

    def gone(self, statement: Statement, shared: bool, now: Facts) -> None:
        """Hold what a statement left against what it may leave: what others hold, too."""
        for there in self._standing.values():
            for key in [key for key, by in there.items() if by is statement]:
                touched = self.touched[key]
                if not shared and not touched.forgiven and value_of(now, key) == touched.ours:
                    self.blame(f"left behind: {_title(statement)} is gone, and has left {told(key)} {touched.ours}")
                del there[key]

    def crashed(self, now: Facts) -> None:
        """Note that the daemon is gone, and has undone nothing: the next one takes over what it finds."""
        self._standing.clear()
        self._taken.clear()
        for touched in self.touched.values():
            touched.by = None
        self._found = {key: one.ours for key, one in self.touched.items() if value_of(now, key) == one.ours}
        self._takes_over = True

    @property
    def forgives(self) -> bool:
        """Whether something was refused on a way out, so that it may be left."""
        return any(one.forgiven for one in self.touched.values())

    def check_kept(self, now: Facts, waits: bool) -> None:
        """Hold what the next daemon took away against what is there when it has settled.

        What it took away because nobody had asked for it may be asked for later, if anything waits.  Of a setting with
        two values the lower one may come first.  A port that was killed between its bridge and its options is put there
        anew.
        """
        for key, (value, swept) in self._taken.items():
            touched = self.touched[key]
            anew = len(touched.values) > 1 or value in touched.allowed or (key[0] == "field" and key[2] == "master")
            if value_of(now, key) == value and not anew and not (swept and waits):
                self.blame(f"not kept: {told(key)} {value} was taken away after a crash, and put there again")

    def check_end(self, now: Facts) -> None:
        """Compare what is there with what was to be left."""
        for key, touched in self.touched.items():
            value = value_of(now, key)
            if value is None and key[0] == "field" and (is_of_port(key[2]) or ("link", key[1]) not in now):
                continue
            if value in touched.allowed or (touched.forgiven and value == touched.ours):
                continue
            wanted = " or ".join(str(one) for one in touched.allowed)
            self.blame(
                f"at the end: {told(key)} is {value}, but should be {wanted}; last written by {_title(touched.by)}"
            )

    def _change(self, statement: Statement | None, key: Key, before: Any, after: Any) -> None:
        touched = self.touched.get(key)
        if touched is None:
            touched = self.touched[key] = Touched({before})
        gives_back = before is not None and after in touched.allowed
        if (gives_back or after is None) and touched.ours != before:
            self.blame(f"not ours: {_title(statement)} took away {told(key)} {before}, which was not the daemon's")
        if gives_back:
            self._check_order(statement, key, after)
        self._drop(key)
        touched.ours = after
        if gives_back:
            touched.forgiven = False
            return
        if statement is None:
            return
        touched.by = statement
        touched.values.add(after)
        if statement.state != DYING:
            self._standing.setdefault(_root(statement), {})[key] = statement

    def _is_forgiven(self, key: Key) -> bool:
        """Say whether a thing is there only because its undoing was refused: then it may go at any time."""
        touched = self.touched.get(key)
        return touched is not None and touched.forgiven

    def _check_order(self, statement: Statement | None, key: Key, after: Any) -> None:
        """Hold an undoing against the order of doing."""
        there = self._standing.get(_root(statement), {})
        if key not in there:
            return  # another process did it, or it has been lost
        if after is not None and there[key] is not statement:
            return  # a later one wants just what was there at first
        for later, by in reversed(there.items()):
            if later == key:
                return
            if by is not there[key]:
                what = f"{told(key)} before {told(later)}"
                self.blame(f"order: {_title(statement)} undid {what}, which {_title(by)} did after it")
                return

    def _lose(self, key: Key, before: Any, after: Any) -> None:
        """Note what went with something else that the daemon took away."""
        touched = self.touched.setdefault(key, Touched({before}))
        touched.allowed.add(after)
        if after is not None:
            touched.ours = after
        self._drop(key)

    def _drop(self, key: Key) -> None:
        for there in self._standing.values():
            there.pop(key, None)


def _root(statement: Statement | None) -> Process | None:
    """Return the process that everything which is brought up in one order with a statement belongs to."""
    if statement is None:
        return None
    process = statement.process
    while process.owner is not None:
        creator = process.owner.creator()
        if creator.declaration.name in _BESIDE:
            break
        process = creator.process
    return process


def _title(statement: Statement | None) -> str:
    return statement.title if statement is not None else "nobody"
