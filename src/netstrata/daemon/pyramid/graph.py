"""Who needs what from whom: the processes, and what one has from another."""

from typing import Any, Final, NamedTuple

from netstrata.control.answers import Items, Slices
from netstrata.daemon.pyramid.projection import SLICE, Projection
from netstrata.daemon.pyramid.standing import FloorState, Standing, Written
from netstrata.daemon.text.redaction import redacted

# The name space, the name, and the number of the scope it is provided in, 0 for the program's.
Name = tuple[str, str, int]

# What an edge is of.
DEPEND: Final = "depend"
CALL: Final = "call"
CHILD: Final = "child"


class Given(NamedTuple):
    """A process that provides a name, and by which statement, from 1; 0 if it is all of it."""

    process: Standing
    statement: int


class Graph:
    """What the program's processes are to one another now, also where a text says so that has not begun yet."""

    def __init__(self, stands: Projection) -> None:
        self._stands = stands
        self._processes: list[Standing] = []
        self._given: dict[Name, list[Given]] = {}

    def look(self) -> Slices[None]:
        """Find out what there is: before anything is asked."""
        self._processes = yield from self._stands.everything()
        counted = 0
        for process in self._processes:
            for written, floor in process.floors():
                for name in _names(written.role.provides, written, floor):
                    self._given.setdefault(name, []).append(Given(process, floor.number))
                counted += 1
                if not counted % SLICE:
                    yield

    def nodes(self) -> Items:
        """Yield the processes, parents before children."""
        for process in self._processes:
            yield {"process": process.path, "state": process.state}

    def edges(self) -> Items:
        """Yield what each has or would have from another, the preferred provider of a statement first."""
        counted = 0
        for process in self._processes:
            for written, floor in process.floors():
                for name in _names(written.role.wants, written, floor):
                    for given in self._given.get(name, ()):
                        up = floor.state == "up" and floor.provider == (given.process.path, given.statement)
                        yield _edge(process, floor, given, redacted(name[1]), DEPEND, up)
                for child in process.children(floor.number):
                    kind = CALL if written.role.calls else CHILD
                    yield _edge(process, floor, Given(child, 0), written.name, kind, child.is_complete())
                counted += 1
                if not counted % SLICE:
                    yield None


def _edge(process: Standing, floor: FloorState, given: Given, name: str, kind: str, up: bool) -> dict[str, Any]:
    return {
        "from": process.path,
        "to": given.process.path,
        "name": name,
        "kind": kind,
        "statement": floor.number,
        "provider": given.statement,
        "up": up,
    }


def _names(space: str, written: Written, floor: FloorState) -> list[Name]:
    """Return the names that a statement provides or wants in a name space, or will; none if it has no such role.

    What a method will provide is not known: its scope shows only when it begins.
    """
    if not space or (written.role.method and (floor.state == "gone" or floor.names is None)):
        return []
    return [(space, name, floor.scope) for name in floor.names_as(written)]
