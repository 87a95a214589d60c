"""What the daemon waits for people to do about its program, as `netstrata status` and `watch` tell of it."""

import time
from typing import Any

from netstrata.cli.client import Connection
from netstrata.cli.terminal_style import harmless
from netstrata.control.errors import Refusal


class Deadline:
    """A program that waits to be confirmed, or whose file is refused: what the daemon said when it was asked last."""

    def __init__(self) -> None:
        self._told: dict[str, Any] | None = None
        self._problem = ""
        self._at = 0.0

    def ask(self, daemon: Connection) -> None:
        """Ask whether there is one; whoever may only read is not told.

        Raises: NoDaemon.
        """
        try:
            program = daemon.call("Confirmation")
        except Refusal:
            program = {}
        self._told = program.get("awaited")
        self._problem = program.get("problem", "")
        self._at = time.monotonic()

    @property
    def lines(self) -> list[str]:
        """Who has asked for it and how long it waits still, and why the file is refused, as far as there is one."""
        found = []
        if self._told is not None:
            left = max(0, round(self._told["left"] - (time.monotonic() - self._at)))
            who = harmless(self._told["who"])
            found.append(f"the program of {who} goes back in {left} s: `netstrata confirm` keeps it")
        return found + [harmless(line) for line in self._problem.splitlines()]

    @property
    def line(self) -> str:
        """The first of them; empty if there is none."""
        return next(iter(self.lines), "")
