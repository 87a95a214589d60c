"""A program that waits to be confirmed, as `netstrata status` and `watch` tell of it."""

import time
from typing import Any

from netstrata.cli.client import Connection
from netstrata.cli.terminal_style import harmless
from netstrata.control.errors import Refusal


class Deadline:
    """What the daemon said of one when it was asked last."""

    def __init__(self) -> None:
        self._told: dict[str, Any] | None = None
        self._at = 0.0

    def ask(self, daemon: Connection) -> None:
        """Ask whether one waits; whoever may only read is not told.

        Raises: NoDaemon.
        """
        try:
            self._told = daemon.call("Confirmation").get("awaited")
        except Refusal:
            self._told = None
        self._at = time.monotonic()

    @property
    def line(self) -> str:
        """Who has asked for it, and how long it waits still; empty if none does."""
        if self._told is None:
            return ""
        left = max(0, round(self._told["left"] - (time.monotonic() - self._at)))
        return f"the program of {harmless(self._told['who'])} goes back in {left} s: `netstrata confirm` keeps it"
