"""What happens, as lines of JSON in a file."""

import json
import os
from typing import Any

from netstrata.daemon.events.event import Event, place_of
from netstrata.daemon.events.event_log import Stream


class Recorder:
    """One JSON object a line; see `netstrata.daemon.events.event.Event`.

    Where a program begins, its statements are recorded, so that what stands can be told from what happens alone.
    What a full disk does not take is missing; a line may then be cut off, but the next one is whole again.
    """

    def __init__(self, path: str, stream: Stream) -> None:
        """Open the file to append to, and record a stream.

        Raises: OSError.
        """
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._torn = False  # the last line did not get to its end
        self._stream = stream
        stream.listen(self.tell)

    def tell(self, event: Event) -> None:
        """Record an event."""
        fields = event.as_dict()
        fields.pop("account", None)
        if event.kind == "program":
            fields["codes"] = codes_of(self._stream)
        line = json.dumps(fields).encode() + b"\n"
        if self._torn:
            line = b"\n" + line
        try:
            written = os.write(self._file, line)
        except OSError:
            return  # a full disk must not stop the network; the gap shows in the sequence numbers
        self._torn = written < len(line)


def codes_of(stream: Stream) -> dict[str, Any]:
    """Return all processes and templates of a program by name, with their statements.

    Shapes: a statement is name, label, file, line, layer, all layers of what it will be or run as a set of bits, and
    whether it has a layer of its own.
    """
    engine = stream.engine
    if engine is None:
        return {}
    found: dict[str, Any] = {}
    for code in engine.templates.values():
        slots = [(slot, place_of(slot)) for slot in code.slots]
        found[code.name] = {
            "template": code.template,
            "statements": [
                [
                    slot.type,
                    slot.name,
                    place.file,
                    place.line,
                    stream.layers.of(slot, None, engine),
                    *stream.layers.of_text(slot, engine),
                ]
                for slot, place in slots
            ],
        }
    return found
