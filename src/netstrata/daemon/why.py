"""Why a process is where it is: what it waits for, who should provide that, why that one is not up, to the root."""

import time
from typing import Any, NamedTuple

from netstrata.daemon.path import process_path
from netstrata.daemon.pyramid import all_below
from netstrata.daemon.stream import Failure
from netstrata.engine.machine import COMPLETE, DYING, TERMINATING, UP, Engine, Process, Statement
from netstrata.engine.program import Slot
from netstrata.values import Value

DEEPEST = 50


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

    def as_dict(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        return self._asdict()


class Why:
    """One question, answered."""

    def __init__(self, engine: Engine, failures: dict[tuple[Process, int], Failure]) -> None:
        """Take the engine, and the last failure of each statement that could not begin."""
        self._engine = engine
        self._failures = failures
        self._seen: set[Process] = set()
        self.causes: list[Cause] = []

    def ask(self, process: Process, depth: int = 0) -> None:
        """Follow what a process waits for."""
        if process in self._seen or depth > DEEPEST:
            return
        self._seen.add(process)
        if process.mode == COMPLETE:
            self._add(depth, process, None, None, "is complete: all its statements are up", root=True)
            return
        slot, statement = _stuck(process)
        if slot is None:
            self._add(depth, process, None, None, "has nothing left to wait for", root=True)
        elif statement is None:
            failure = self._failures.get((process, slot.index))
            text = _failed(failure) if failure is not None else "is about to begin"
            self._add(depth, process, slot, None, text, root=True)
        else:
            self._ask_statement(process, slot, statement, depth)

    def _ask_statement(self, process: Process, slot: Slot, statement: Statement, depth: int) -> None:
        waiting = statement.waits_for()
        text = waiting.text if waiting is not None else "is not up yet"
        if statement.state == DYING:
            text = f"is being undone: {text}" if waiting is not None else "is being undone"
        behind = list(waiting.processes) if waiting is not None else []
        absent = False
        if waiting is not None and waiting.names:
            providers = self._providers(waiting.names)
            behind += providers
            absent = not providers
            if absent:
                text += ", and no statement of the program does"
        self._add(depth, process, slot, statement, text, root=absent or not behind)
        for other in behind:
            self.ask(other, depth + 1)

    def _providers(self, names: list[tuple[str, Value]]) -> list[Process]:
        """Return the running processes that have a statement which provides one of some names."""
        wanted = set(names)
        found: list[Process] = []
        for root in self._engine.roots:
            alive = (process for process in (root, *all_below(root)) if process.mode != TERMINATING)
            found.extend(p for p in alive if any(_provides(slot, wanted) for slot in p.code.slots))
        return found

    def _add(
        self, depth: int, process: Process, slot: Slot | None, statement: Statement | None, text: str, root: bool
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
            )
        )


def _failed(failure: Failure) -> str:
    seconds = max(0, round(failure.again - time.monotonic()))
    return f"{failure.text}; next try in {seconds} s"


def _stuck(process: Process) -> tuple[Slot | None, Statement | None]:
    """Return the statement that holds a process up: one that is not up, or the next to begin."""
    slots = process.code.slots
    if process.live < process.top or process.mode == TERMINATING:
        top = process.top - 1
        return (slots[top], process.statements[top]) if top >= 0 else (None, None)
    if process.live:
        last = process.statements[process.live - 1]
        if last is not None and last.state != UP:
            return slots[process.live - 1], last
    return (slots[process.live], None) if process.live < len(slots) else (None, None)


def _provides(slot: Slot, wanted: set[tuple[str, Value]]) -> bool:
    """Say whether a slot provides one of some names, as far as its text tells."""
    kind = f"depend_scope::{slot.type}" if slot.target else slot.type
    if slot.constants is not None and slot.constants:
        return (kind, slot.constants[0]) in wanted
    return False
