"""The time line: events in order, as many as one may want to scroll back, and those of them that are to be seen."""

import io
import time
from typing import Any, Final

from netstrata.cli.events import event_line
from netstrata.cli.terminal_style import Paint
from netstrata.cli.watch.choice import Choice
from netstrata.cli.watch.rows import COLOURS, Part

KEPT: Final = 20_000
_WIDE: Final = 60  # columns
_FORGOTTEN_AT_ONCE: Final = KEPT // 4
_STYLES: Final = {"error": "red", "child": "cyan", "control": "bold", "program": "bold", "here": "bold yellow"}


class TimeLine:
    """Events, of which the oldest are forgotten."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []
        self._choice = Choice()
        self._paint = Paint(io.StringIO())
        self.shown: list[dict[str, Any]] = []
        self.children: list[str] = []  # the programs that have said something, in order

    def add(self, events: list[dict[str, Any]]) -> int:
        """Take events in; return how many lines at the start are forgotten."""
        for event in events:
            child = event.get("child")
            if child and child not in self.children:
                self.children.append(child)
        self._events += events
        self.shown += [event for event in events if self._choice.has_event(event, self._paint)]
        if len(self._events) <= KEPT:
            return 0
        del self._events[: len(self._events) - KEPT + _FORGOTTEN_AT_ONCE]
        before = len(self.shown)
        self._choose()
        return before - len(self.shown)

    def choose(self, choice: Choice) -> None:
        """Show only some of the events."""
        self._choice = choice
        self._choose()

    def _choose(self) -> None:
        self.shown = [event for event in self._events if self._choice.has_event(event, self._paint)]

    def parts(self, index: int, width: int) -> list[Part]:
        """Return a line as text; where there is little room, without fractions of seconds."""
        event = self.shown[index]
        line = event_line(event, self._paint)
        style = _STYLES.get(event["kind"], "")
        if event["kind"] == "transition":
            style = COLOURS.get(event["to"], "")
        return [(line[:13] if width >= _WIDE else f"{line[:8]} ", "dim"), (line[13:], style)]

    def whole(self, index: int) -> str:
        """Return all there is to say of an event."""
        event = self.shown[index]
        place = f"{event['file']}:{event['line']}" if event.get("file") else ""
        return "\n\n".join(filter(None, (event_line(event, self._paint), place, event.get("account"))))


def here(text: str) -> dict[str, Any]:
    """Return an event of our own: something about the connection."""
    return {"time": time.time(), "kind": "here", "process": "", "text": f"--- {text} ---"}
