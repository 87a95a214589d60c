"""What stands in the file of what was made: entries, and what tells whose they are.

Shapes: a line of JSON for each change; the first tells boot and namespace.  A last line that is torn is ignored.
"""

import json
import os
import socket
import sys
from typing import NamedTuple

BY_WORDS = "words"  # the kind of what has no handle in nftables
MADE, GONE, INTENDED, DROPPED = "+", "-", "?", "!"
_SO_NETNS_COOKIE = 71


class JournalEntry(NamedTuple):
    """Something that was made: by which words, and what it is; elements have no handle but that of their table.

    Shapes: of what is only intended, handle is the highest one that there was; of_table is 0 if there was no table.
    """

    key: str
    kind: str
    family: str
    table: str
    name: str
    of_table: int
    handle: int


class JournalRecords(NamedTuple):
    """What a daemon has made and not undone, and what it was about to make."""

    made: list[JournalEntry]
    intended: list[JournalEntry]


def here() -> list[object]:
    """Return what tells this boot and this network namespace from others; its number in /proc may be used again."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        with socket.socket(socket.AF_UNIX) as one:
            cookie = one.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8)
        return ["boot", boot, int.from_bytes(cookie, sys.byteorder)]
    except OSError:  # a kernel before 5.14: nothing is taken over
        return ["boot", "", os.getpid()]


def as_line(sign: str, entry: JournalEntry) -> list[object]:
    """Return the line that tells of a change."""
    return [sign, *entry]


def write_lines(descriptor: int, lines: list[list[object]]) -> None:
    """Add lines at the end, in one piece.

    Raises: OSError.
    """
    os.write(descriptor, "".join(f"{json.dumps(line)}\n" for line in lines).encode())


def read_records(descriptor: int) -> JournalRecords:
    """Return what a file says; nothing if it is of another boot, or makes no sense."""
    made: dict[JournalEntry, None] = {}
    intended: list[JournalEntry] = []
    try:
        first, *lines = os.pread(descriptor, os.fstat(descriptor).st_size, 0).split(b"\n")
        if json.loads(first) != here():
            return JournalRecords([], [])
        for line in lines[:-1]:  # what stands behind the last line feed is torn
            sign, *fields = json.loads(line)
            entry = JournalEntry(*fields)
            if sign == INTENDED:
                intended.append(entry)
                continue
            if sign == GONE:
                made.pop(entry, None)
                continue
            if sign == MADE:
                made[entry] = None
            _strike(intended, entry.key)
    except (ValueError, TypeError, OSError):
        return JournalRecords([], [])
    return JournalRecords(list(made), intended)


def _strike(intended: list[JournalEntry], key: str) -> None:
    """Take out the oldest of those words."""
    for number, one in enumerate(intended):
        if one.key == key:
            del intended[number]
            return
