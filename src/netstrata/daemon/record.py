"""What happens, as lines of JSON in a file."""

import json
import os
import time
from typing import Any

from netstrata.daemon.account import variables_of
from netstrata.daemon.path import process_path
from netstrata.engine.machine import STATE_NAMES, UP, Observer, Process, Statement
from netstrata.engine.program import Slot


class Recorder(Observer):
    """One JSON object a line, each with its sequence number, wall time and monotonic time in seconds."""

    def __init__(self, path: str) -> None:
        """Open the file to append to.

        Raises: OSError.
        """
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._sequence = 0

    def _line(self, kind: str, process: Process, slot: Slot | None, **more: Any) -> None:
        self._sequence += 1
        entry: dict[str, Any] = {
            "seq": self._sequence,
            "time": time.time(),
            "monotonic": time.monotonic(),
            "kind": kind,
            "process": process_path(process),
        }
        if slot is not None:
            entry.update(statement=slot.index + 1, name=slot.type, file=slot.span.source.name, line=slot.span.line)
        entry.update(more)
        try:
            os.write(self._file, json.dumps(entry, ensure_ascii=True).encode() + b"\n")
        except OSError:
            return  # a full disk must not stop the network

    def moved(self, statement: Statement, before: int, after: int) -> None:
        """Record a transition."""
        values = variables_of(statement) if after == UP else {}
        names = {"from": STATE_NAMES[before], "to": STATE_NAMES[after], "values": values}
        self._line("transition", statement.process, statement.slot, **names)

    def blinked(self, statement: Statement) -> None:
        """Record both halves of a down-up."""
        for before, after in (("up", "down"), ("down", "up")):
            values = variables_of(statement) if after == "up" else {}
            names: dict[str, Any] = {"from": before, "to": after, "values": values}
            self._line("transition", statement.process, statement.slot, **names)

    def process_moved(self, process: Process, what: str) -> None:
        """Record what becomes of a process."""
        self._line("process", process, None, what=what)

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """Record a failure."""
        self._line("error", process, slot, text=str(error))

    def noted(self, statement: Statement, line: str) -> None:
        """Record what a statement has to tell."""
        self._line("note", statement.process, statement.slot, text=line)
