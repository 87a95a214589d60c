"""What happens, as lines of JSON in a file."""

import json
import os

from netstrata.daemon.events import Event


class Recorder:
    """One JSON object a line; see `netstrata.daemon.events.Event`.

    What a full disk does not take is missing; a line may then be cut off, but the next one is whole again.
    """

    def __init__(self, path: str) -> None:
        """Open the file to append to.

        Raises: OSError.
        """
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._torn = False  # the last line did not get to its end

    def tell(self, event: Event) -> None:
        """Record an event."""
        fields = event.as_dict()
        fields.pop("account", None)
        line = json.dumps(fields).encode() + b"\n"
        if self._torn:
            line = b"\n" + line
        try:
            written = os.write(self._file, line)
        except OSError:
            return  # a full disk must not stop the network; the gap shows in the sequence numbers
        self._torn = written < len(line)
