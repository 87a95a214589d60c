"""Why a process is where it is: what it waits for, who should provide that, why that one is not up, to the root."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from netstrata.control.answers import Slices
from netstrata.daemon.events.event_log import Failure
from netstrata.daemon.events.walks import floors_of, processes_from
from netstrata.daemon.pyramid.goals import find_goals
from netstrata.daemon.pyramid.providers import Name, find_offers, first_value
from netstrata.daemon.text.paths import process_path
from netstrata.engine.machine import Engine
from netstrata.engine.process import COMPLETE, TERMINATING, Process
from netstrata.engine.program import Slot
from netstrata.engine.statement import DYING, UP, Statement
from netstrata.values import List, Refused

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

    def __init__(self, engine: Engine, failures: dict[tuple[Process, int], Failure]) -> None:
        """Take the engine, and the last failure of each statement that could not begin."""
        self._engine = engine
        self._failures = failures
        self._seen: set[Process] = set()
        self._above: list[Process] = []  # those that wait for the one at hand
        self.causes: list[Cause] = []

    def ask_by_name(self, name: str) -> Slices[bool]:
        """Follow what somebody may mean by a name; say whether it is anything at all.

        That is the processes of a template, else who comes up for a goal, provides or wants something of that name,
        else whoever uses a link of that name, and above all who waits for it.
        """
        everybody = yield from processes_from(self._engine.roots)
        meant = [one for one in everybody if one.owner is not None and one.code.name == name]
        meant = meant or (yield from self._come_up_for(name))
        meant = meant or (yield from _named_by(everybody, name, _provides))
        meant = meant or (yield from _named_by(everybody, name, _wants))
        for one in meant:
            yield from self.ask(one)
        return bool(meant) or (yield from self.ask_link(name))

    def _come_up_for(self, name: str) -> Slices[list[Process]]:
        """Return the processes that come up when somebody asks for a goal."""
        goals = yield from find_goals(self._engine)
        goal = goals.get(name.encode())
        return [process for process, _ in goal.holders] if goal is not None else []

    def ask_link(self, name: str) -> Slices[bool]:
        """Follow those that wait for a link; if nobody does, tell who uses it; say whether anybody does."""
        word = name.encode()
        using: list[tuple[Process, Slot]] = []
        everybody = yield from processes_from(self._engine.roots)
        for floor in floors_of(everybody):
            if floor is None:
                yield
            elif _uses(floor[0], floor[1], word):
                using.append(floor[:2])
        waiting = [one for one, slot in using if slot is _stuck(one)[0]]
        for one in waiting:
            yield from self.ask(one)
        if not waiting:
            for one, slot in using:
                statement = one.statements[slot.index]
                up = statement is not None and statement.state == UP
                text = "is up, and uses it" if up else "will use it, but is not as far as that"
                self._add(0, one, slot, statement, text, root=up)
                if not up:
                    yield from self.ask(one, 1)
        return bool(using)

    def ask(self, process: Process, depth: int = 0) -> Slices[None]:
        """Follow what a process waits for."""
        yield
        if process in self._above:
            slot, statement = _stuck(process)
            self._add(depth, process, slot, statement, "waits in turn for what is above: a circle", root=True)
        if process in self._seen or depth > DEEPEST:
            return
        self._seen.add(process)
        self._above.append(process)
        yield from self._follow(process, depth)
        self._above.pop()

    def _follow(self, process: Process, depth: int) -> Slices[None]:
        if process.mode == COMPLETE:
            troubled = yield from _troubles(process, len(process.code.slots))
            below = [one for s in process.statements if s is not None for one in s.processes() if one.mode != COMPLETE]
            text = "is complete: all its statements are up"
            if below:
                text += ", but what they run is not"
            self._add(depth, process, None, None, text, root=not (troubled or below))
            self._add_troubles(depth + 1, process, troubled)
            for other in below:
                yield from self.ask(other, depth + 1)
            return
        slot, statement = _stuck(process)
        if slot is None:
            self._add(depth, process, None, None, "has nothing left to wait for", root=True)
        elif statement is None:
            failure = self._failures.get((process, slot.index))
            text = _failed(failure) if failure is not None else "is about to begin"
            quotes = failure is not None and failure.quotes
            self._add(depth, process, slot, None, text, root=True, quotes=quotes)
        else:
            yield from self._ask_statement(process, slot, statement, depth)

    def _ask_statement(self, process: Process, slot: Slot, statement: Statement, depth: int) -> Slices[None]:
        waiting = statement.waits_for()
        text = waiting.text if waiting is not None else "is not up yet"
        if statement.state == DYING:
            text = f"is being undone: {text}" if waiting is not None else "is being undone"
        behind = list(waiting.processes) if waiting is not None else []
        absent = False
        above = self._above
        if waiting is not None and waiting.names:
            providers, more, sure = yield from self._providers(process, waiting.names)
            behind += providers
            absent = not providers
            text += more
            if not sure:
                self._above = []  # it is no circle, as far as one knows
        troubled = (yield from _troubles(process, slot.index)) if not behind and not absent else []
        self._add(depth, process, slot, statement, text, root=absent or not (behind or troubled))
        for other in behind:
            yield from self.ask(other, depth + 1)
        self._above = above
        self._add_troubles(depth + 1, process, troubled)

    def _add_troubles(self, depth: int, process: Process, troubled: list[Statement]) -> None:
        """Tell what statements say that are up, and on which others stand that are not."""
        for statement in troubled:
            self._add(depth, process, statement.slot, statement, statement.trouble(), root=True)

    def _providers(self, process: Process, names: list[Name]) -> Slices[tuple[list[Process], str, bool]]:
        """Return the processes that will provide one of some names, what is to say of that, and whether it is sure."""
        found = yield from find_offers(self._engine, names)
        if found.sure:
            return found.sure, "", True
        if found.later:
            told = (f"{process_path(one)} will, when it runs {template}" for one, template in found.later.items())
            return list(found.later), f"; {', '.join(told)}", True
        perhaps = [one for one in found.perhaps if one is not process]
        if perhaps:
            more = f" and {len(perhaps) - TOLD} others" if len(perhaps) > TOLD else ""
            told = (process_path(one) for one in perhaps[:TOLD])
            return perhaps[:TOLD], f"; what {', '.join(told)}{more} will provide is not known yet", False
        if found.idle:
            return [], f", and only template {', '.join(found.idle)} would, which nothing runs", True
        return [], ", and no statement of the program does", True

    def _add(
        self,
        depth: int,
        process: Process,
        slot: Slot | None,
        statement: Statement | None,
        text: str,
        root: bool,
        quotes: bool = False,
    ) -> None:
        self.causes.append(
            Cause(
                depth,
                process_path(process),
                slot.index + 1 if slot is not None else 0,
                slot.type if slot is not None else "",
                slot.span.source.name if slot is not None else "",
                slot.span.line if slot is not None else 0,
                statement.since if statement is not None else 0.0,
                text,
                root,
                quotes,
            )
        )


def _troubles(process: Process, before: int) -> Slices[list[Statement]]:
    """Return the statements before one that are up, and say that something is wrong all the same; the nearest first."""
    found: list[Statement] = []
    for floor in floors_of([process]):
        if floor is None:
            yield
        elif floor[2] is not None and floor[1].index < before and floor[2].trouble():
            found.append(floor[2])
    return found[::-1]


def _provides(slot: Slot) -> bool:
    return bool(slot.roles().provides)


def _wants(slot: Slot) -> bool:
    return bool(slot.roles().wants)


def _named_by(processes: list[Process], name: str, has_role: Callable[[Slot], bool]) -> Slices[list[Process]]:
    """Return the processes that have a statement of some role whose first argument is a name, or a list with it."""
    word = name.encode()
    found: dict[Process, None] = {}
    for floor in floors_of(processes):
        if floor is None:
            yield
        elif has_role(floor[1]) and _names(floor[1], floor[0], word):
            found[floor[0]] = None
    return list(found)


def _names(slot: Slot, process: Process, word: bytes) -> bool:
    value = first_value(slot, process)
    return word in value.elements() if isinstance(value, List) else value == word


def _uses(process: Process, slot: Slot, word: bytes) -> bool:
    """Say whether a statement about the outside has a word among its arguments, as far as they are known."""
    entry = None if slot.target else slot.registry.statement(slot.type)
    if entry is None or not entry.declaration.holds_outside:
        return False
    for argument in slot.arguments:
        try:
            if argument.evaluate(process) == word:
                return True
        except Refused:
            continue  # it depends on what is not there
    return False


def _failed(failure: Failure) -> str:
    seconds = max(0, round(failure.again - time.monotonic()))
    return f"{failure.text}; next try in {seconds} s"


def _stuck(process: Process) -> tuple[Slot | None, Statement | None]:
    """Return the statement that holds a process up: one that is not up, or the next to begin."""
    slots = process.code.slots
    if process.advance < process.free or process.mode == TERMINATING:
        free = process.free - 1
        return (slots[free], process.statements[free]) if free >= 0 else (None, None)
    if process.advance:
        last = process.statements[process.advance - 1]
        if last is not None and last.state != UP:
            return slots[process.advance - 1], last
    return (slots[process.advance], None) if process.advance < len(slots) else (None, None)
