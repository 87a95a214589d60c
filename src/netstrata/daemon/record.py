"""What happens, as lines of JSON in a file."""

import json
import os

from netstrata.daemon.stream import Event


class Recorder:
    """One JSON object a line; see `netstrata.daemon.stream.Event`."""

    def __init__(self, path: str) -> None:
        """Open the file to append to.

        Raises: OSError.
        """
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def tell(self, event: Event) -> None:
        """Record an event."""
        fields = event.as_dict()
        fields.pop("account", None)
        try:
            os.write(self._file, json.dumps(fields).encode() + b"\n")
        except OSError:
            return  # a full disk must not stop the network
