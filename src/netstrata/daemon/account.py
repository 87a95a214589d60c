"""What happens, as the daemon's own log: one greppable line for a transition, a full account of a failure."""

from collections.abc import Callable

from netstrata.daemon.stream import Event
from netstrata.language.diagnostics import one_line


class Account:
    """Lines for people who run the daemon."""

    def __init__(self, write: Callable[[str], None], transitions: bool) -> None:
        """Take where lines go, and whether each transition is told."""
        self._write = write
        self._transitions = transitions

    def tell(self, event: Event) -> None:
        """Tell an event, if it is one for the log."""
        fields = event.fields
        if event.kind == "error":
            self._write(fields["account"])
        elif event.kind == "note":
            self._write(f"{event.process}.{event.statement} {event.name}: {one_line(fields['text'])}")
        elif event.kind == "control":
            self._write(fields["text"])
        elif event.kind == "transition" and self._transitions and (fields["to"], fields["from"]) != ("down", "gone"):
            self._transition(event)

    def _transition(self, event: Event) -> None:
        values = "".join(f" {name}={text}" for name, text in event.fields.get("values", {}).items())
        what = f"{event.fields['from']} -> {event.fields['to']}{values}"
        self._write(f"{event.process}.{event.statement} {event.name} {event.file}:{event.line}:{event.column} {what}")
