"""What stood at some moment of a recording, told from the events until then."""

import re
from typing import Any

from netstrata.daemon.events.event import Event
from netstrata.daemon.events.layers import LAYERS, Count

_BELOW = re.compile(r"\.(\d+)")
_SAYS = ("note", "waits", "child", "kernel", "dhcp", "supplicant", "retry")


class Standing:
    """A process, as far as events tell of it."""

    def __init__(self, path: str, floors: list[dict[str, Any]], parent: "Standing | None", at: int) -> None:
        """Take its statements, and by which statement of which process it is run."""
        self.path = path
        self._floors = {floor["statement"]: floor for floor in floors}
        self.parent = parent
        self.at = at
        self.children: dict[str, Standing] = {}
        self.what = "created"
        self.undone: dict[int, float] = {}  # by layer: when something of it was last undone
        self.failures: dict[int, tuple[str, float]] = {}  # by statement: why, and when it is tried again (monotonic)

    def floor(self, event: Event) -> dict[str, Any]:
        """Return the floor that an event is about; one that was not known is known now."""
        place = event.place
        floor = self._floors.get(place.statement)
        if floor is None:
            slot = ["", "", "", 0, 0, 1 << event.layer, event.layer > 0]
            floor = self._floors[place.statement] = _floor(place.statement, slot)
        floor.update(name=place.name, file=place.file, line=place.line, layer=event.layer)
        return floor

    @property
    def floors(self) -> list[dict[str, Any]]:
        """Its statements, in order."""
        return [self._floors[number] for number in sorted(self._floors)]

    @property
    def state(self) -> str:
        """How it is, in a word."""
        states = {floor["state"] for floor in self._floors.values()}
        if self.what in ("terminating", "gone"):
            return "undone" if states - {"gone"} else "gone"
        if "dying" in states:
            return "undoing"
        if self.what == "complete" and states <= {"up"}:
            return "complete"
        return "failed" if self.failures else "waiting"

    def stuck(self) -> dict[str, Any] | None:
        """Return the statement that holds it up: the last that is being undone, else the first that is not up."""
        dying = [floor for floor in self.floors if floor["state"] == "dying"]
        waiting = [floor for floor in self.floors if floor["state"] != "up"]
        return dying[-1] if dying else waiting[0] if waiting else None

    def troubles(self, before: int) -> list[dict[str, Any]]:
        """Return the floors before one that are up, and say that something is wrong all the same; the nearest first."""
        return [floor for floor in reversed(self.floors) if floor["statement"] < before and "_trouble" in floor]

    def as_dict(self) -> dict[str, Any]:
        """Return it as the control API does."""
        floors = []
        for floor in self.floors:
            shown = {key: value for key, value in floor.items() if not key.startswith("_")}
            below = self._run_by(floor)
            if below:
                shown["processes"] = [child.path for child in below]
            floors.append(shown)
        found: dict[str, Any] = {"process": self.path, "state": self.state, "floors": floors}
        lights = {str(layer): count.light() for layer, count in sorted(self.counts().items())}
        if lights:
            found["lights"] = {layer: light.state for layer, light in lights.items()}
            found["lights_since"] = {layer: light.since for layer, light in lights.items()}
        return found

    def _run_by(self, floor: dict[str, Any]) -> "list[Standing]":
        return [child for child in self.children.values() if child.at == floor["statement"]]

    def counts(self) -> dict[int, Count]:
        """Count the statements of each layer, as `netstrata.daemon.events.layers` does for those that run."""
        found: dict[int, Count] = {}
        for floor in self.floors:
            below = self._run_by(floor)
            for child in below:
                for layer, count in child.counts().items():
                    found.setdefault(layer, Count()).add(count.total, count.begun, count.up, count.since)
            state = floor["state"]
            if below or (state == "up" and not floor["_own"]):
                continue
            for layer in layers_in(floor["_layers"]):
                found.setdefault(layer, Count()).add(
                    1, int(state != "gone"), int(state == "up"), floor.get("since", 0.0)
                )
        for layer, when in self.undone.items():
            if layer in found:
                found[layer].add(0, 0, 0, when)
        return found


class Projection:
    """All processes, kept up to date by taking events in order."""

    def __init__(self) -> None:
        self.roots: dict[str, Standing] = {}
        self._all: dict[str, Standing] = {}
        self._codes: dict[str, Any] = {}
        self.monotonic = 0.0  # of the last event

    def take(self, event: Event) -> None:
        """Know of an event."""
        self.monotonic = event.monotonic
        if event.kind == "program":
            codes = event.fields.get("codes")
            self._codes = codes if isinstance(codes, dict) else {}
        elif event.kind == "process":
            self._process(event)
        elif event.place.statement:
            self._statement(event)

    def find(self, path: str) -> Standing | None:
        """Return the process with a path."""
        return self._all.get(path)

    def below(self, process: Standing) -> list[Standing]:
        """Return a process and all below it, parents before children."""
        return [process, *(found for child in process.children.values() for found in self.below(child))]

    @property
    def known(self) -> list[str]:
        """The paths of all processes."""
        return list(self._all)

    def _process(self, event: Event) -> None:
        what = event.fields["what"]
        if what == "created":
            self._create(event.process, str(event.fields.get("template") or event.process))
            return
        process = self._all.get(event.process)
        if process is None:
            return
        process.what = what
        if what == "gone" and process.parent is not None:
            del self._all[process.path]
            process.parent.children.pop(process.path, None)

    def _create(self, path: str, code: str) -> Standing:
        parent, at = self._parent(path)
        known = self._codes.get(code)
        statements = known.get("statements", []) if isinstance(known, dict) else []
        floors = [_floor(number, slot) for number, slot in enumerate(statements, 1) if _is_slot(slot)]
        process = self._all[path] = Standing(path, floors, parent, at)
        (parent.children if parent is not None else self.roots)[path] = process
        return process

    def _parent(self, path: str) -> tuple[Standing | None, int]:
        """Return the process whose statement runs the one with a path, and the statement's number."""
        best: Standing | None = None
        at = 0
        for dot in (match.start() for match in re.finditer(r"\.", path)):
            found = self._all.get(path[:dot])
            number = _BELOW.match(path, dot)
            if found is not None and number is not None:
                best, at = found, int(number[1])
        return best, at

    def _statement(self, event: Event) -> None:
        process = self._all.get(event.process) or self._create(event.process, event.process)
        floor = process.floor(event)
        fields = event.fields
        number = event.place.statement
        if event.kind == "transition":
            floor["state"] = fields["to"]
            floor["since"] = event.wall if fields["to"] != "gone" else 0.0
            floor.pop("values", None)
            floor.pop("waits", None)
            news = floor.pop("_news", None)
            floor.pop("_trouble", None)
            if news and (fields["from"], fields["to"]) == ("up", "down"):
                floor["waits"] = floor["_said"] = news
            if fields["to"] == "gone":
                process.undone |= dict.fromkeys(layers_in(floor["_layers"]), event.wall)
            if fields["to"] == "up":
                floor["values"] = fields.get("values") or {}
                process.failures.pop(number, None)
        elif event.kind == "values":
            floor["values"] = fields.get("values") or {}
        elif event.kind == "error":
            process.failures[number] = (fields["text"], event.monotonic + (fields.get("retry_ms") or 0) / 1000)
        elif floor["state"] == "up" and event.kind in _SAYS and event.kind != "child":
            floor["_news"] = fields["text"]  # the reason, if it goes down now
            if event.kind in ("note", "retry"):
                floor["_trouble"] = fields["text"]
        elif event.kind in _SAYS and floor["state"] in ("down", "dying"):
            said = fields["text"]
            if event.kind != "child":
                floor["waits"] = floor["_said"] = said
            elif "waits" not in floor or floor.get("_said") != floor["waits"]:
                floor["waits"] = f"{fields['child']}: {said}"


def layers_in(bits: int) -> list[int]:
    """Return the layers of a set."""
    return [layer for layer in LAYERS if bits >> layer & 1]


def _is_slot(slot: Any) -> bool:
    return isinstance(slot, list) and [type(part) for part in slot] == [str, str, str, int, int, int, bool]


def _floor(number: int, slot: list[Any]) -> dict[str, Any]:
    """Return a statement that has not begun."""
    name, label, file, line, layer, layers, own = slot
    floor = {"statement": number, "name": name, "file": file, "line": line, "state": "gone", "layer": layer}
    floor |= {"_layers": layers, "_own": own}
    if label:
        floor["label"] = label
    return floor
