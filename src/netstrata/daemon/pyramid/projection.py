"""What stands: told from events, and from nothing else.

The rules that make it of them are here and in `standing`, and once more, in JavaScript, in the console's page
(`console/page/reduce.js`): `tests/console/test_same_rules.py` feeds both the same events.
"""

from collections.abc import Callable, Mapping
from typing import Any

from netstrata.control.answers import Slices
from netstrata.daemon.events.event import Event, Failure
from netstrata.daemon.pyramid.standing import (
    NEVER_UNDONE,
    NO_ROLE,
    NO_VALUES,
    Code,
    FloorState,
    Role,
    Standing,
    Written,
)

SLICE = 200  # processes or statements that are looked at in a slice
# What a statement that waits says now, for its words may count time; nothing if events are all there is.
Now = Callable[[str, int], dict[str, Any]]


def _nothing(path: str, number: int) -> dict[str, Any]:
    return {}


class Projection:
    """All processes, kept up to date by taking events in order."""

    def __init__(self, now: Now = _nothing) -> None:
        self.roots: dict[str, Standing] = {}
        self.codes: dict[str, Code] = {}
        self.asked: dict[str, None] = {}  # goals that people ask for
        self.monotonic = 0.0  # of the last event
        self._all: dict[str, Standing] = {}
        self._now = now

    def take(self, event: Event) -> None:
        """Know of an event."""
        self.monotonic = event.monotonic
        fields = event.fields
        if event.kind == "process":
            self._process(event)
        elif event.place.statement:
            self._statement(event)
        elif event.kind == "control" and "goal" in fields:
            if fields.get("asked"):
                self.asked[fields["goal"]] = None
            else:
                self.asked.pop(fields["goal"], None)
        elif event.kind == "program":
            codes = {name: read_code(code) for name, code in fields.get("codes", {}).items()}
            if fields.get("what") == "changed":
                self.read(codes or self.codes)
            else:
                self._begin(codes or self.codes)

    def _begin(self, codes: dict[str, Code]) -> None:
        """Know that a program begins: after an upgrade in place, of what was before nothing stands any more."""
        self.codes = codes
        self.roots.clear()
        self._all.clear()
        self.asked.clear()

    def read(self, codes: dict[str, Code]) -> None:
        """Know all texts; what runs may be written somewhere else than before."""
        self.codes = codes
        for process in self._all.values():
            code = codes.get(process.template)
            if code is not None:
                process.move(code.statements)

    def find(self, path: str) -> Standing | None:
        """Return the process with a path."""
        return self._all.get(path)

    @property
    def known(self) -> list[str]:
        """The paths of all processes."""
        return list(self._all)

    def freshen(self, process: Standing, floor: FloorState) -> None:
        """Know what a statement says now, if that is more than events have told."""
        floor.take(self._now(process.path, floor.number))

    def below(self, roots: list[Standing]) -> Slices[list[Standing]]:
        """Return some processes and all below them, parents before children, each root before the next one."""
        found: list[Standing] = []
        waiting = roots[::-1]
        while waiting:
            process = waiting.pop()
            found.append(process)
            children = [child for at in sorted(process.below) for child in process.below[at].values()]
            waiting += reversed(children)
            if not len(found) % SLICE:
                yield
        return found

    def everything(self) -> Slices[list[Standing]]:
        """Return all processes, parents before children."""
        return (yield from self.below([*self.roots.values()]))

    def _process(self, event: Event) -> None:
        fields = event.fields
        what = fields["what"]
        process = self._all.get(event.process)
        if what == "created":
            self._forget(process)
            process = self._create(event.process, fields.get("template", event.process), fields)
        elif what == "gone":
            if process is not None and process.parent is None:
                process.what = what
            else:
                self._forget(process)
        elif what == "removed":
            self._forget(process)
        elif process is not None and what == "changed":
            code = self.codes.get(process.template)
            process.change(code.statements if code is not None else None)
            self._know(process, fields)
        elif process is not None:
            process.what = what

    def _forget(self, process: Standing | None) -> None:
        """Forget a process and all below it."""
        if process is None:
            return
        waiting = [process]
        while waiting:
            one = waiting.pop()
            self._all.pop(one.path, None)
            waiting += [child for below in one.below.values() for child in below.values()]
        if process.parent is not None:
            process.parent.drop(process)
        else:
            self.roots.pop(process.path, None)

    def _create(self, path: str, template: str, fields: Mapping[str, Any]) -> Standing:
        parent = self._all.get(fields.get("parent", ""))
        at = fields.get("at", 0)
        code = self.codes.get(template)
        process = Standing(path, template, code.statements if code is not None else [], parent, at)
        self._all[path] = process
        if parent is not None:
            parent.hang(process)
        else:
            self.roots[path] = process
        self._know(process, fields)
        process.undone = fields.get("undone") or NEVER_UNDONE
        return process

    def _know(self, process: Standing, fields: Mapping[str, Any]) -> None:
        """Know the names of statements to come."""
        for number, names in fields.get("known", {}).items():
            floor = process.floor(int(number))
            if floor.state == "gone":
                floor.names = names

    def _statement(self, event: Event) -> None:
        process = self._all.get(event.process)
        if process is None:
            process = self._create(event.process, event.process, {})
        process.learn(event)
        if event.place.statement > process.count:
            return
        fields = event.fields
        if event.kind == "transition":
            process.moved(event)
        floor = process.floor(event.place.statement)
        floor.take(fields)
        if event.kind == "values":
            floor.values = fields.get("values") or NO_VALUES
        elif event.kind == "waits":
            floor.take({**fields, "waits": fields["text"]})
        elif event.kind == "error":
            again = event.monotonic + fields.get("retry_ms", 0) / 1000
            floor.failure = Failure(fields["text"], again, fields.get("refused") is not False)
        if "known" in fields:
            self._know(process, fields)


def read_code(found: Any) -> Code:
    """Read a process or template as a recording has it; what makes no sense is left out."""
    statements = found.get("statements") if isinstance(found, dict) else None
    template = isinstance(found, dict) and found.get("template") is True
    return Code(template, [read_statement(one) for one in statements or [] if _is_statement(one)])


def read_statement(found: list[Any]) -> Written:
    """Read a statement as the text has it."""
    name, label, file, line, layer, layers, own = found[:7]
    more: dict[str, Any] = found[7] if found[7:] else {}
    role: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in more.items()}
    return Written(name, label, file, line, layer, layers, own, Role(**role) if role else NO_ROLE)


def _is_statement(found: Any) -> bool:
    if not isinstance(found, list) or [type(part) for part in found[:7]] != [str, str, str, int, int, int, bool]:
        return False
    more = found[7] if found[7:] else {}
    return isinstance(more, dict) and all(
        type(value) is (list if isinstance(known, tuple) else type(known))
        and (not isinstance(value, list) or all(isinstance(one, str) for one in value))
        for name, value in more.items()
        for known in [Role._field_defaults.get(name)]
    )
