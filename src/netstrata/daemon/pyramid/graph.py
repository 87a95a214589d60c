"""Who needs what from whom: the processes, and what one has from another."""

from typing import Any, NamedTuple

from netstrata.control.answers import Items, Slices
from netstrata.daemon.events.walks import floors_of, processes_from
from netstrata.daemon.pyramid.floors import state_of
from netstrata.daemon.pyramid.providers import first_value
from netstrata.daemon.text.paths import process_path
from netstrata.daemon.text.redaction import redacted
from netstrata.engine.machine import Engine
from netstrata.engine.process import COMPLETE, Process
from netstrata.engine.program import Slot
from netstrata.engine.statement import UP, Statement
from netstrata.engine.structures.calling import Caller
from netstrata.engine.structures.depending import Depend, Provide
from netstrata.engine.structures.scoped import ScopedDepend, ScopedProvide
from netstrata.language.valuetext import format_value
from netstrata.values import List, Value

# The kind of statement that provides it, the value, and the id of the scope it is provided in, 0 for the program's.
Name = tuple[str, Value, int]


class Given(NamedTuple):
    """A process that provides a name, and by which statement, from 1; 0 if it is all of it."""

    process: Process
    statement: int


class Graph:
    """What the program's processes are to one another now, also where a text says so that has not begun yet."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._paths: dict[Process, str] = {}
        self._given: dict[Name, list[Given]] = {}

    def look(self) -> Slices[None]:
        """Find out what there is: before anything is asked."""
        everybody = yield from processes_from(self._engine.roots)
        for floor in floors_of(everybody):
            if floor is None:
                yield
                continue
            process, slot, statement = floor
            if process not in self._paths:
                self._paths[process] = process_path(process)
            name = _gives(slot, statement, process)
            if name is not None:
                self._given.setdefault(name, []).append(Given(process, slot.index + 1))

    def nodes(self) -> Items:
        """Yield the processes, parents before children."""
        for process, path in self._paths.items():
            yield {"process": path, "state": state_of(process)}

    def edges(self) -> Items:
        """Yield what each has or would have from another, the preferred provider of a statement first."""
        for floor in floors_of(self._paths):
            if floor is None:
                yield None
                continue
            process, slot, statement = floor
            for name in _needs(slot, statement, process):
                for given in self._given.get(name, ()):
                    up = statement is not None and statement.state == UP and _has(statement, given)
                    yield self._edge(process, slot, given, _text(name[1]), "depend", up)
            for child in statement.processes() if statement is not None else ():
                if child in self._paths:
                    kind = "call" if isinstance(statement, Caller) else "child"
                    yield self._edge(process, slot, Given(child, 0), slot.type, kind, child.mode == COMPLETE)

    def _edge(self, process: Process, slot: Slot, given: Given, name: str, kind: str, up: bool) -> dict[str, Any]:
        return {
            "from": self._paths[process],
            "to": self._paths[given.process],
            "name": name,
            "kind": kind,
            "statement": slot.index + 1,
            "provider": given.statement,
            "up": up,
        }


def _gives(slot: Slot, statement: Statement | None, process: Process) -> Name | None:
    """Return what a statement provides, or would."""
    if isinstance(statement, ScopedProvide) and slot.target:
        return (slot.type, statement.name, id(statement.names))
    if isinstance(statement, Provide | ScopedProvide):
        return (slot.type, statement.name, 0)
    if slot.type not in ("provide", "provide_event", "multiprovide") or slot.target:
        return None
    name = first_value(slot, process)
    return (slot.type, name, 0) if name is not None else None


def _needs(slot: Slot, statement: Statement | None, process: Process) -> list[Name]:
    """Return what a statement depends on, or would: any of these names."""
    if isinstance(statement, ScopedDepend):
        kind, scope = ("provide", id(statement.names)) if slot.target else ("multiprovide", 0)
        return [(kind, choice, scope) for choice in statement.choices]
    if isinstance(statement, Depend):
        return [("provide", statement.name, 0), ("provide_event", statement.name, 0)]
    if slot.type not in ("depend", "require", "multidepend") or slot.target:
        return []
    wanted = first_value(slot, process)
    if wanted is None:
        return []
    if slot.type != "multidepend":
        return [("provide", wanted, 0), ("provide_event", wanted, 0)]
    return [("multiprovide", choice, 0) for choice in wanted.elements()] if isinstance(wanted, List) else []


def _has(statement: Statement, given: Given) -> bool:
    """Say whether a statement has just this provider."""
    if not isinstance(statement, Depend | ScopedDepend) or statement.provider is None:
        return False
    return statement.provider.process is given.process and statement.provider.index + 1 == given.statement


def _text(value: Value) -> str:
    data = value if isinstance(value, bytes) else format_value(value)
    return redacted(data.decode("utf-8", "backslashreplace"))
