"""Why a process is where it is: what it waits for, who should provide that, why that one is not up, to the root."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from netstrata.control.answers import Slices
from netstrata.daemon.events.event import Failure
from netstrata.daemon.pyramid.goals import find_goals
from netstrata.daemon.pyramid.projection import SLICE, Projection
from netstrata.daemon.pyramid.providers import Search
from netstrata.daemon.pyramid.standing import FloorState, Standing, Written

DEEPEST = 50
TOLD = 5  # of those that perhaps provide a name


class Cause(NamedTuple):
    """One link of the chain."""

    depth: int
    process: str
    statement: int  # from 1, 0 if the process is complete
    name: str
    file: str
    line: int
    since: float
    text: str
    root: bool  # nothing is behind it
    quotes: bool = False  # its text quotes the program

    def as_dict(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        told = self._asdict()
        del told["quotes"]
        return told


class Why:
    """One question, answered."""

    def __init__(self, stands: Projection, now: float) -> None:
        """Take what stands, and the time that it is (monotonic seconds)."""
        self._stands = stands
        self._now = now
        self._seen: set[Standing] = set()
        self._above: list[Standing] = []  # those that wait for the one at hand
        self.causes: list[Cause] = []

    def ask_by_name(self, name: str) -> Slices[bool]:
        """Follow what somebody may mean by a name; say whether it is anything at all.

        That is the processes of a template, else who comes up for a goal, provides or wants something of that name,
        else whoever uses a link of that name, and above all who waits for it.
        """
        everybody = yield from self._stands.everything()
        meant = [one for one in everybody if one.parent is not None and one.template == name]
        meant = meant or (yield from self._come_up_for(name))
        meant = meant or (yield from _named_by(everybody, name, lambda written: written.role.provides))
        meant = meant or (yield from _named_by(everybody, name, lambda written: written.role.wants))
        for one in meant:
            yield from self.ask(one)
        return bool(meant) or (yield from self.ask_link(name))

    def _come_up_for(self, name: str) -> Slices[list[Standing]]:
        """Return the processes that come up when somebody asks for a goal."""
        goals = yield from find_goals(self._stands)
        return [process for process, _ in goals[name].holders] if name in goals else []

    def ask_link(self, name: str) -> Slices[bool]:
        """Follow those that wait for a link; if nobody does, tell who uses it; say whether anybody does."""
        using: list[tuple[Standing, FloorState]] = []
        counted = 0
        for process in (yield from self._stands.everything()):
            for written, floor in process.floors():
                if name in floor.words(written):
                    using.append((process, floor))
                counted += 1
                if not counted % SLICE:
                    yield
        waiting = [one for one, floor in using if floor.number == one.stuck()]
        for one in waiting:
            yield from self.ask(one)
        if not waiting:
            for one, floor in using:
                up = floor.state == "up"
                text = "is up, and uses it" if up else "will use it, but is not as far as that"
                self._add(0, one, floor, text, root=up)
                if not up:
                    yield from self.ask(one, 1)
        return bool(using)

    def ask(self, process: Standing, depth: int = 0) -> Slices[None]:
        """Follow what a process waits for."""
        yield
        if process in self._above:
            text = "waits in turn for what is above: a circle"
            number = process.stuck()
            self._add(depth, process, process.floor(number) if number else None, text, root=True)
        if process in self._seen or depth > DEEPEST:
            return
        self._seen.add(process)
        self._above.append(process)
        yield from self._follow(process, depth)
        self._above.pop()

    def _follow(self, process: Standing, depth: int) -> Slices[None]:
        if process.is_complete():
            troubled = yield from self._troubles(process, process.count + 1)
            below = [one for at in process.below.values() for one in at.values() if not one.is_complete()]
            text = "is complete: all its statements are up"
            if below:
                text += ", but what they run is not"
            self._add(depth, process, None, text, root=not (troubled or below))
            self._add_troubles(depth + 1, process, troubled)
            for other in below:
                yield from self.ask(other, depth + 1)
            return
        number = process.stuck()
        if not number:
            self._add(depth, process, None, "has nothing left to wait for", root=True)
            return
        floor = process.floor(number)
        if floor.state == "gone":
            failure = floor.failure
            text = self._failed(failure) if failure is not None else "is about to begin"
            self._add(depth, process, floor, text, root=True, quotes=failure is not None and failure.quotes)
        else:
            yield from self._ask_statement(process, floor, depth)

    def _ask_statement(self, process: Standing, floor: FloorState, depth: int) -> Slices[None]:
        self._stands.freshen(process, floor)
        text = floor.waits or "is not up yet"
        if floor.state == "dying":
            text = f"is being undone: {floor.waits}" if floor.waits else "is being undone"
        behind = [one for path in floor.behind if (one := self._stands.find(path)) is not None]
        absent = False
        above = self._above
        written = process.written(floor.number)
        if written.role.wants and floor.state == "down":
            providers, more, sure = yield from self._providers(process, written.role.wants, floor.names_as(written))
            behind += providers
            absent = not providers
            text += more
            if not sure:
                self._above = []  # it is no circle, as far as one knows
        troubled = (yield from self._troubles(process, floor.number)) if not behind and not absent else []
        self._add(depth, process, floor, text, root=absent or not (behind or troubled))
        for other in behind:
            yield from self.ask(other, depth + 1)
        self._above = above
        self._add_troubles(depth + 1, process, troubled)

    def _troubles(self, process: Standing, before: int) -> Slices[list[FloorState]]:
        """Return the statements before one that are up, and say that something is wrong all the same; nearest first."""
        found: list[FloorState] = []
        for counted, floor in enumerate([*process.seen.values()], 1):
            if floor.number < before and floor.state == "up" and floor.trouble:
                self._stands.freshen(process, floor)
                found.append(floor)
            if not counted % SLICE:
                yield
        return sorted(found, key=lambda floor: -floor.number)

    def _add_troubles(self, depth: int, process: Standing, troubled: list[FloorState]) -> None:
        """Tell what statements say that are up, and on which others stand that are not."""
        for floor in troubled:
            self._add(depth, process, floor, floor.trouble, root=True)

    def _providers(
        self, process: Standing, space: str, names: Sequence[str]
    ) -> Slices[tuple[list[Standing], str, bool]]:
        """Return the processes that will provide one of some names, what is to say of that, and whether it is sure."""
        found = yield from Search(self._stands, space, names).find()
        if found.sure:
            return found.sure, "", True
        if found.later:
            told = (f"{one.path} will, when it runs {template}" for one, template in found.later.items())
            return list(found.later), f"; {', '.join(told)}", True
        perhaps = [one for one in found.perhaps if one is not process]
        if perhaps:
            more = f" and {len(perhaps) - TOLD} others" if len(perhaps) > TOLD else ""
            told = (one.path for one in perhaps[:TOLD])
            return perhaps[:TOLD], f"; what {', '.join(told)}{more} will provide is not known yet", False
        if found.idle:
            return [], f", and only template {', '.join(found.idle)} would, which nothing runs", True
        return [], ", and no statement of the program does", True

    def _failed(self, failure: Failure) -> str:
        seconds = max(0, round(failure.again - self._now))
        return f"{failure.text}; next try in {seconds} s"

    def _add(
        self, depth: int, process: Standing, floor: FloorState | None, text: str, root: bool, quotes: bool = False
    ) -> None:
        where = ("", "", 0)
        if floor is not None:
            written = process.written(floor.number)
            where = (written.name, written.file, written.line)
        number, since = (floor.number, floor.since) if floor is not None else (0, 0.0)
        self.causes.append(Cause(depth, process.path, number, *where, since, text, root, quotes))


def _named_by(processes: list[Standing], name: str, space_of: Callable[[Written], str]) -> Slices[list[Standing]]:
    """Return the processes that have a statement of some role that is about a name."""
    found: dict[Standing, None] = {}
    counted = 0
    for process in processes:
        for written, floor in process.floors():
            if space_of(written) and name in floor.names_as(written):
                found[process] = None
            counted += 1
            if not counted % SLICE:
                yield
    return list(found)
