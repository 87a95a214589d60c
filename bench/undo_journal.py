"""What the undo journal costs: entries made, done and undone, against a bare copy of their bytes, and system calls.

    .venv/bin/python bench/undo_journal.py [ENTRIES]

Prints one JSON object, in nanoseconds for each entry, all three calls together: the fastest of some rounds, in
which each way takes its turn.  The file is in /dev/shm, a file system in memory as /run is.
"""

import json
import mmap
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from netstrata.system.undo_journal import Identity, UndoJournal
from netstrata.system.undo_journal.format import DONE, UNDONE, intended, short

ROUNDS = 15
KEY, UNDO, HOLDER = bytes(40), bytes(60), "wan.3 net.ipv4.route"  # as large as those of a route
RECORDS = intended(1, "route", KEY, UNDO, HOLDER), short(DONE, 1), short(UNDONE, 1)


def used(journal: UndoJournal, count: int) -> None:
    """Do and undo so many things."""
    numbers = [journal.intend("route", KEY, UNDO, HOLDER) for _ in range(count)]
    for number in numbers:
        journal.done(number)
    for number in reversed(numbers):
        journal.undone(number)
    assert journal.problem == ""


def written(write: Callable[[bytes], object], count: int) -> None:
    """Write the same bytes in the same order, and do nothing else."""
    for record in RECORDS:
        for _ in range(count):
            write(record)


def timed(act: Callable[[], object], count: int) -> float:
    """Return how long it takes for each entry."""
    began = time.perf_counter_ns()
    act()
    return (time.perf_counter_ns() - began) / count


def measure(folder: Path, count: int) -> dict[str, object]:
    """Measure all ways, in turn."""
    journal = UndoJournal(f"{folder}/journal/mapped", Identity.here())
    by_calls = UndoJournal(f"{folder}/journal/calls", Identity.here())
    beside = os.open(folder / "records", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    size = sum(map(len, RECORDS)) * count
    os.posix_fallocate(beside, 0, size)
    memory = mmap.mmap(beside, size)
    by_calls._write = lambda data: os.write(beside, data)

    def begin() -> None:
        os.lseek(beside, 0, os.SEEK_SET)
        memory.seek(0)
        by_calls._free = 1 << 40  # it never has to grow

    ways: dict[str, Callable[[], object]] = {
        "journal": lambda: used(journal, count),
        "journal with os.write": lambda: used(by_calls, count),
        "memory copy": lambda: written(memory.write, count),
        "os.write": lambda: written(lambda data: os.write(beside, data), count),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            begin()
            taken[name].append(timed(way, count))
    least = {name: min(values) for name, values in taken.items()}
    return {
        "entries": count,
        **{name: round(value) for name, value in least.items()},
        "times a memory copy": round(least["journal"] / least["memory copy"], 1),
        "times os.write": round(least["journal"] / least["os.write"], 2),
    }


def main() -> None:
    """Measure, and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        print(json.dumps(measure(Path(folder), count), indent=1))


if __name__ == "__main__":
    main()
