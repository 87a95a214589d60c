"""Who put what into the kernel, in which order, and what must be there when the daemon has gone.

What the daemon wrote is undone by it, the last first, within everything that one root process brought up; what others
put there, or changed since, stays.  For each thing that the daemon ever touched there is a set of values that it may
have at the end: as it was before, or as others left it since.  Where others bring back just what the daemon had put,
nobody can know whose it is: then both will do.
"""

import sys
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any

from netstrata.engine.async_statement import AsyncStatement
from netstrata.engine.process import DYING, NONE, Process, Statement
from netstrata.protocols.rtnetlink.constants import RTM_DELADDR
from netstrata.testing.model.messages import Request
from netstrata.testing.schedules.facts import Change, Facts, Key, about, is_of_port, told, told_change, value_of
from netstrata.testing.schedules.faults import is_read
from netstrata.testing.schedules.reach import follows, is_meant
from netstrata.testing.schedules.story import Story

_MOST = 5  # faults of one schedule that are told
_BESIDE = ("spawn", "process_manager")  # whose processes come up in no order with what is written after them


@dataclass(slots=True, eq=False)
class Touched:
    """One thing that the daemon has touched."""

    allowed: set[Any]
    ours: Any = None  # what the daemon put there, if it still stands
    by: Statement | None = None
    at: int = 0  # when it was put there
    about: Key = ()  # its key, as others may know it
    before: frozenset[Any] = frozenset()  # what was allowed when others changed it, until the daemon does again
    forgiven: bool = False  # its undoing was refused, on purpose: what was there at first is forgotten


class Ledger:
    """The account of one schedule."""

    def __init__(self, story: Story) -> None:
        self.wrong: list[str] = []
        self.touched: dict[Key, Touched] = {}
        self._story = story
        self.troubles: Callable[[], int] = int  # how often something has gone wrong
        self.doubts: Callable[[], Set[Key]] = frozenset  # what the undo journal says was about to be done
        self._failing: set[Statement] = set()  # something was refused to them
        self._something_stays = False  # its undoing was refused
        self.is_unmarked = False  # others gave an address a lifetime, which takes our mark away
        self.is_deaf = False  # news was lost, so that it may not know what a link is called, or its hardware address
        self.is_edited = False  # a statement may have been copied, and hold what another one has put there
        self.may_stay = False  # also after it was tried again
        self._were_up: set[str] = set()  # then
        self._given_back: set[Key] = set()  # by the last request
        self._cut_off: set[Key] = set()  # by the last one of a daemon that was killed: perhaps nobody knows
        self._takes_over = False  # a daemon that follows one that was killed, until others do something
        self._done = 0  # requests
        self._swept = sys.maxsize  # when that was done which was swept away last
        self._found: dict[Key, Any] = {}  # what such a daemon finds of what was ours
        self._taken: dict[Key, Any] = {}  # what it has taken away of that
        self._standing: dict[Process | None, dict[Key, Statement]] = {}  # by root process, the oldest first

    def blame(self, what: str) -> None:
        """Note what must never be; it begins with its kind and a colon."""
        if len(self.wrong) < _MOST and what not in self.wrong:
            self.wrong.append(what)
            self._story.tell(f"WRONG {what}")

    def ours(self, statement: Statement | None, request: Request, changed: list[Change], now: Facts) -> None:
        """Hold what the daemon changed against what it may."""
        self._done += 1
        self._given_back.clear()
        deleted = {key[1] for key, before, after in changed if key[0] == "link" and after is None}
        made = {key[1] for key, before, after in changed if key[0] == "link" and before is None}
        for change in changed:
            key, before, after = change
            if key[0] == "field" and key[1] in made | deleted:
                self._drop(key)
                continue
            self._story.tell(lambda change=change: f"{_title(statement)}: {told_change(change)}")  # type: ignore[misc]
            if is_meant(request, key, deleted):
                self._take(statement, key, before)
                self._change(statement, key, before, after)
                self.touched[key].about = about(key, now) if after is not None else self.touched[key].about
            elif self._is_forgiven(key) or follows(request, key, before, after, deleted, now):
                self._lose(key, before, after)
            else:
                what = f"{told(key)} from {before} to {after}"
                self.blame(f"not ours: {_title(statement)} changed {what}, which it had not in mind")

    def _take(self, statement: Statement | None, key: Key, before: Any) -> None:
        """Note what a daemon takes away of what the one before it has left."""
        if not self._takes_over or before is None or self._found.get(key) != before:
            return
        # One that dies has lost what it stands on; one to which something was refused takes back what it has; and
        # one that was not up before goes on with the program, which may set something to one value after the other.
        if statement is None or not (
            statement.state == DYING or statement in self._failing or statement.title not in self._were_up
        ):
            self._taken[key] = before

    def others(self, changed: list[Change], now: Facts) -> None:
        """Note what others want to be there now."""
        self._takes_over = False
        doubtful = {*self.doubts(), *self._cut_off} if changed else set()
        made = {about(key, now) for key, before, _ in changed if key[0] == "link" and before is None}
        if doubtful & made:
            doubtful |= made  # also the other half of a pair
        for change in changed:
            key, before, after = change
            self._story.tell(lambda change=change: f"others: {told_change(change)}")  # type: ignore[misc]
            self._taken.pop(key, None)  # if it is there again, it is theirs
            if (
                key[0] == "field"
                and key[2] == "name"
                and (("link", before) in doubtful or self.is_deaf)
                and ("link", key[1]) in self.touched
            ):
                link = self.touched["link", key[1]]
                link.allowed.add(link.ours)  # the daemon knows it by its name alone
                link.forgiven = True
            touched = self.touched.get(key)
            if touched is None or touched.ours is None or touched.ours in touched.allowed:
                if about(key, now) in doubtful:  # they do what the daemon was about to do, or undo, when it was killed
                    self.touched[key] = Touched({before, after}, after)
                    continue
                if touched is None:
                    continue
            self._drop(key)
            touched.at = 0
            if touched.ours is not None and after == touched.ours:
                touched.allowed |= {after, *touched.before}
            else:
                touched.before = touched.before or frozenset(touched.allowed)
                touched.allowed = {after}

    def changed(self) -> None:
        """Note that the program is another one: what a daemon takes away from now on may be what that has no more."""
        self._takes_over = False
        self._taken.clear()

    def refused(self, who: Statement | None, request: Request, for_good: bool) -> None:
        """Forgive a statement on its way out that it leaves something behind, also where it never got up.

        Shapes: for_good says that it is not tried again: the kernel says that it is gone, or will never do it.
        """
        self.may_stay = self.may_stay or for_good or (self.is_unmarked and request.type == RTM_DELADDR)
        self._story.tell(lambda: f"the kernel refuses a request of {_title(who)}")
        if who is None and not is_read(request.type):  # what a daemon has left is undone for nobody
            self._something_stays = True
            for touched in self.touched.values():
                touched.forgiven = touched.forgiven or touched.by is None
        if not isinstance(who, AsyncStatement):
            return
        leaves = who.state == DYING or who._lost is not None
        self._something_stays = self._something_stays or leaves
        if leaves or ((for_good or who in self._failing) and not is_read(request.type)):
            for touched in self.touched.values():
                if touched.by is None or touched.by is who or touched.by.state == NONE:
                    touched.forgiven = True
        self._failing.add(who)

    def forgive(self) -> None:
        """Forgive that what a daemon has left stays, as its undoing was refused."""
        self._something_stays = True
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

    def crashed(self, now: Facts, spoiled: set[Key], were_up: set[str]) -> None:
        """Note that the daemon is gone, and has undone nothing: the next one takes over what it finds.

        Shapes: spoiled is what is of no use any more, were_up has titles of statements.
        """
        self._standing.clear()
        self._taken.clear()
        self._swept = sys.maxsize
        self._were_up = were_up
        self._cut_off = set(self._given_back)
        for touched in self.touched.values():
            touched.by = None
        self._found = {
            key: one.ours
            for key, one in self.touched.items()
            if value_of(now, key) == one.ours not in one.allowed and not one.forgiven and key not in spoiled
        }
        self._takes_over = True

    @property
    def forgives(self) -> bool:
        """Whether something was refused on a way out, so that it may be left."""
        return self._something_stays or any(one.forgiven for one in self.touched.values())

    def check_kept(self, now: Facts) -> None:
        """Hold what the next daemon took away against what is there when it has settled."""
        for key, value in self._taken.items():
            if value_of(now, key) == value:
                self.blame(f"not kept: {told(key)} {value} was taken away after a crash, and put there again")

    def check_end(self, now: Facts) -> None:
        """Compare what is there with what was to be left; what was refused before the end was tried again then."""
        for key, touched in self.touched.items():
            value = value_of(now, key)
            if value is None and key[0] == "field" and (is_of_port(key[2]) or ("link", key[1]) not in now):
                continue
            if value in touched.allowed or (touched.forgiven and self.may_stay and value == touched.ours):
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
        if statement is None and before is None and key[0] == "addr":
            self._taken.pop(key, None)  # it is put there anew, so that others are asked whether they have it
        if gives_back:
            if statement is None:
                self._check_sweep(key)
            self._check_order(statement, key, after)
            touched.at = 0
            self._given_back.add(touched.about)
        self._drop(key)
        touched.ours = after
        touched.before = frozenset()
        if gives_back:
            touched.forgiven = False
            return
        if statement is None:
            return
        touched.by = statement
        touched.at = touched.at or self._done
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

    def _check_sweep(self, key: Key) -> None:
        """Hold the undoing of what a daemon has left against the order of doing."""
        if self.touched[key].by is not None:
            return  # it is put there anew for somebody who waits until it can be used
        at = self.touched[key].at
        if at > self._swept and not (self.troubles() or self._something_stays or self.is_edited):  # held twice, then
            self.blame(f"order: {told(key)} was swept away after what was done before it")
        self._swept = at or self._swept  # 0 is what was there for a moment only

    def _lose(self, key: Key, before: Any, after: Any) -> None:
        """Note what went with something else that the daemon took away."""
        touched = self.touched.setdefault(key, Touched({before}))
        touched.allowed.add(after)
        touched.at = 0
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
