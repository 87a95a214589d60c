"""What happens, as the daemon's own log: one greppable line for a transition, a full account of a failure."""

from collections.abc import Callable, Mapping
from typing import Any

from netstrata.daemon.events.event import Event
from netstrata.daemon.text.redaction import redacted
from netstrata.values import one_line

# The kinds whose text is a line in a statement's name.
SAID = ("note", "child", "kernel", "dhcp", "supplicant", "retry")


def said_of(kind: str, fields: Mapping[str, Any]) -> str:
    """Return what an event says, in one line; a child's with its name and process id in front."""
    text = one_line(fields["text"])
    return f"{fields['child']}[{fields['pid']}]: {text}" if kind == "child" else text


class LogFormat:
    """Lines for people who run the daemon."""

    def __init__(self, write: Callable[[str], None], transitions: bool) -> None:
        """Take where lines go, and whether each transition is told."""
        self._write = write
        self._transitions = transitions

    def on_event(self, event: Event) -> None:
        """Tell an event, if it is one for the log."""
        text = self.text_of(event)
        if text is not None:
            self._write(text)

    def text_of(self, event: Event) -> str | None:
        """Return what is told of an event, None if nothing is."""
        fields = event.fields
        if event.kind == "error":
            return str(fields["account"])
        if event.kind in SAID or (event.kind == "waits" and self._transitions and "behind" not in fields):
            return f"{event.title}: {said_of(event.kind, fields)}"
        if event.kind == "control":
            return str(fields["text"])
        if event.kind == "values" and self._transitions:
            return f"{event.title}:{_values_of(fields)}"
        if event.kind == "transition" and self._transitions and (fields["to"], fields["from"]) != ("down", "gone"):
            place = event.place
            change = f"{fields['from']} -> {fields['to']}{_values_of(fields)}"
            return f"{event.title} {place.file}:{place.line}:{place.column} {change}"
        return None


def _values_of(fields: Mapping[str, Any]) -> str:
    return "".join(f" {name}={redacted(text)}" for name, text in fields.get("values", {}).items())
