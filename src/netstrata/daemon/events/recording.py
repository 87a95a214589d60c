"""A recording, read: which runs of the daemon it holds, and their events."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from netstrata.control.interface import KINDS
from netstrata.daemon.events.event import NOWHERE, Event, Place

LATEST: Final = 1e11  # seconds, in the year 5138
_NUMBER: Final = re.compile(rb'\{"seq": (\d+), ')
_SHAPES: Final[dict[str, tuple[type, ...]]] = {
    "seq": (int,), "time": (float, int), "monotonic": (float, int), "kind": (str,), "process": (str,),
}  # fmt: skip
_NEEDS: Final[dict[str, dict[str, type]]] = {
    "transition": {"from": str, "to": str},
    "values": {"values": dict},
    "process": {"what": str},
    "child": {"child": str, "pid": int, "text": str},
}
_MAY: Final[dict[str, type]] = {
    "text": str, "values": dict, "codes": dict, "template": str, "retry_ms": int, "parent": str, "at": int,
    "goal": str, "asked": bool, "waits": str, "behind": list, "trouble": str, "names": list, "scope": int,
    "provider": str, "provider_statement": int, "known": dict,
}  # fmt: skip
_LISTS: Final = ("behind", "names")  # of texts
_STATEMENT: Final = re.compile("[0-9]{1,9}")
_PLACE: Final[dict[str, type]] = {"statement": int, "name": str, "file": str, "line": int, "column": int, "layer": int}


class NoRecording(Exception):
    """A file cannot be shown: why, and what to do."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.hint = hint


class Run(NamedTuple):
    """One run of the daemon: where it begins and ends in the file, in bytes."""

    start: int
    end: int


class Recording:
    """One file that `netstrata run --record` wrote."""

    def __init__(self, path: str, warn: Callable[[str], None]) -> None:
        """Look where the runs begin.

        Shapes: warn is told, line by line, of what is left out and why.
        Raises: NoRecording.
        """
        self.path = path
        self._warn = warn
        self.runs = self._find_runs()

    def _find_runs(self) -> list[Run]:
        starts: list[int] = []
        at = last = 0
        try:
            with open(self.path, "rb") as file:
                for line in file:
                    match = _NUMBER.match(line)
                    if match is not None:
                        if not starts or int(match[1]) <= last:
                            starts.append(at)
                        last = int(match[1])
                    elif not starts:
                        raise NoRecording(
                            f"{self.path} is no recording: its first line is no event",
                            "record one with `netstrata run --record FILE PROGRAM`",
                        )
                    at += len(line)
        except OSError as error:
            raise NoRecording(f"cannot read {self.path}: {error.strerror}", "name a file that can be read") from None
        if not starts:
            raise NoRecording(f"{self.path} is empty", "record with `netstrata run --record FILE PROGRAM`")
        return [Run(start, end) for start, end in zip(starts, [*starts[1:], at], strict=True)]

    def events(self, run: Run) -> Iterator[Event]:
        """Yield the events of a run; what is missing in between shows as an event of kind `gap`.

        Raises: NoRecording if the file cannot be read any more.
        """
        known = {*KINDS, "gap"}
        last = 0
        with open(self.path, "rb") as file:
            file.seek(run.start)
            at = run.start
            number = 0
            for line in file:
                if at >= run.end:
                    return
                at += len(line)
                number += 1
                event = self._read(line, number)
                if event is None:
                    continue
                if event.kind not in known:
                    known.add(event.kind)
                    self._warn(f"{self.path}: events of kind {event.kind} are unknown here, and shown as they are")
                if event.seq > last + 1 and event.kind != "gap":  # else whoever recorded it says so, and why
                    yield _gap(last, event)
                last = event.seq
                yield event

    def _read(self, line: bytes, number: int) -> Event | None:
        try:
            return read_event(json.loads(line))
        except (ValueError, RecursionError) as error:
            what = "is cut off" if not line.endswith(b"\n") or isinstance(error, json.JSONDecodeError) else str(error)
            self._warn(f"{self.path}: event {number} of the run {what}, and is left out")
            return None


def _gap(last: int, event: Event) -> Event:
    """Return the event in the place of those that are missing before another."""
    missing = event.seq - last - 1
    which = f"event {last + 1} is" if missing == 1 else f"events {last + 1} to {event.seq - 1} are"
    found = Event(event.seq - 1, "gap", "", NOWHERE, 0, {"text": f"{which} not in the recording"})
    found.wall, found.monotonic = event.wall, event.monotonic
    return found


def _fits(value: Any, types: tuple[type, ...]) -> bool:
    """Say whether a value is of a type, and, if it is a number, one that can be."""
    if isinstance(value, bool) or type(value) not in types:
        return False
    return isinstance(value, str) or bool(0 <= value <= LATEST)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def read_event(found: Any) -> Event:
    """Read what `Event.as_dict` returned.

    Raises: ValueError, saying what is wrong with it.
    """
    if not isinstance(found, dict):
        raise ValueError("is no JSON object")
    for name, types in _SHAPES.items():
        if not _fits(found.get(name), types):
            raise ValueError(f"has no {name}, or one that makes no sense")
    for name, wanted in _MAY.items():
        if not isinstance(found.get(name), wanted | None):
            raise ValueError(f"has a {name} that makes no sense")
    known = found.get("known") or {}
    lists = [*known.values(), *(found[name] for name in _LISTS if found.get(name) is not None)]
    if not all(map(_STATEMENT.fullmatch, known)) or not all(map(_are_texts, lists)):
        raise ValueError("has a list of what is no text, or for what is no statement")
    kind = found["kind"]
    needs = _NEEDS.get(kind, {"text": str} if kind in KINDS else {})
    place = NOWHERE
    layer = 0
    if "statement" in found:
        needs = {**needs, **_PLACE}
    for name, wanted in needs.items():
        if not isinstance(found.get(name), wanted):
            raise ValueError(f"has no {name}, or one that makes no sense")
    if "statement" in found:
        place = Place(*(found[name] for name in Place._fields))
        layer = found["layer"]
        if place.statement < 1 or not 0 <= layer <= 4:
            raise ValueError(f"is of statement {place.statement} and layer {layer}, which cannot be")
    fields = {name: value for name, value in found.items() if name not in _SHAPES and name not in _PLACE}
    fields = {name: value for name, value in fields.items() if value is not None or name not in _MAY}
    if kind not in KINDS:
        fields.setdefault("text", json.dumps(fields))
    event = Event(found["seq"], kind, found["process"], place, layer, fields)
    event.wall, event.monotonic = float(found["time"]), float(found["monotonic"])
    return event
