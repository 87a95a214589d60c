"""Log lines in the form of NCD: `LEVEL(channel): text`."""

import os
from collections.abc import Callable

from netstrata.contract.secrets import SECRETS

LEVELS = ("NONE", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")
ERROR, WARNING, NOTICE, INFO, DEBUG = 1, 2, 3, 4, 5
LONGEST = 2047  # bytes of a message


class NcdFormat:
    """Where log lines go, and which are shown."""

    def __init__(self, write: Callable[[int, bytes], None], level: int, channels: dict[str, int]) -> None:
        """Take where to write (a level and a line without its line feed), and what to show."""
        self._write = write
        self._level = level
        self._channels = channels

    def shows(self, channel: str, level: int) -> bool:
        """Say whether a line of a channel would be shown."""
        return level <= self._channels.get(channel, self._level)

    def line(self, channel: str, level: int, text: str | bytes) -> None:
        """Write a line, if its level is shown."""
        if self.shows(channel, level):
            message = os.fsencode(text) if isinstance(text, str) else text
            if SECRETS.changes:
                from netstrata.daemon.text.redaction import redacted

                message = redacted(message.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
            self._write(level, b"%s(%s): %s" % (LEVELS[level].encode(), channel.encode(), message[:LONGEST]))
