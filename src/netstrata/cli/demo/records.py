"""What the daemon writes with --record: one JSON object for each line, appended while it runs."""

import json
import os
from typing import Any, NamedTuple


class Transition(NamedTuple):
    """A statement that changed its state."""

    monotonic_s: float
    process: str
    statement: int
    name: str
    before: str
    after: str
    values: dict[str, Any]
    line: int


class Said(NamedTuple):
    """Anything else: a note, an error, the end."""

    kind: str
    text: str


class Records:
    """The record of one daemon, kept in memory; read while it is written."""

    __slots__ = ("_fd", "_half", "_offset")

    def __init__(self) -> None:
        """Make an empty record."""
        self._fd = os.memfd_create("record")
        self._offset = 0
        self._half = b""

    @property
    def fd(self) -> int:
        """The open file, which the daemon must be given."""
        return self._fd

    @property
    def path(self) -> str:
        """The record as a path, for a child that was given the open file."""
        return f"/proc/self/fd/{self._fd}"

    def read_new(self) -> list[Transition | Said]:
        """Return what was recorded since the last time."""
        got = os.pread(self._fd, 1 << 24, self._offset)
        self._offset += len(got)
        *lines, self._half = (self._half + got).split(b"\n")
        return [_read(line) for line in lines if line.strip()]

    def close(self) -> None:
        """Forget the record."""
        os.close(self._fd)


def _read(line: bytes) -> Transition | Said:
    try:
        found = json.loads(line)
    except ValueError:
        return Said("error", f"the record has a line that is no JSON: {line[:80]!r}")
    if found.get("kind") != "transition":
        place = f"{found['process']}.{found['statement']} {found['name']}: " if "statement" in found else ""
        return Said(str(found.get("kind")), f"{place}{found.get('text', '')}")
    return Transition(
        found["monotonic"],
        found["process"],
        found["statement"],
        found["name"],
        found["from"],
        found["to"],
        found.get("values") or {},
        found["line"],
    )
