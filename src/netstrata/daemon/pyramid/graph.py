"""Who needs what from whom: the processes, and what one has from another."""

from typing import Any, Final, NamedTuple

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
from netstrata.language.valuetext import format_value
from netstrata.values import List, Value

# The name space, the value, and the number of the scope it is provided in, 0 for the program's.
Name = tuple[str, Value, int]

# What an edge is of.
DEPEND: Final = "depend"
CALL: Final = "call"
CHILD: Final = "child"


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
            for name in _names(slot.roles().provides, slot, statement, process):
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
            for name in _names(slot.roles().wants, slot, statement, process):
                for given in self._given.get(name, ()):
                    up = statement is not None and statement.state == UP and _has(statement, given)
                    yield self._edge(process, slot, given, _text(name[1]), DEPEND, up)
            for child in statement.processes() if statement is not None else ():
                if child in self._paths:
                    kind = CALL if slot.roles().calls else CHILD
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


def _names(space: str, slot: Slot, statement: Statement | None, process: Process) -> list[Name]:
    """Return the names that a statement provides or wants in a name space, or will; none if it has no such role.

    What a method will provide is not known: its scope shows only when it begins.
    """
    if not space:
        return []
    if statement is not None:
        return [(space, value, scope) for value, scope in statement.names_of()]
    value = first_value(slot, process) if not slot.target else None
    if value is None:
        return []
    if isinstance(value, List) and space == slot.roles().wants:
        return [(space, one, 0) for one in value.elements()]  # any of these will do
    return [(space, value, 0)]


def _has(statement: Statement, given: Given) -> bool:
    """Say whether a statement has just this provider."""
    provider = statement.provided_by()
    return provider is not None and provider.process is given.process and provider.index + 1 == given.statement


def _text(value: Value) -> str:
    data = value if isinstance(value, bytes) else format_value(value)
    return redacted(data.decode("utf-8", "backslashreplace"))
