"""What a child costs, from its start to the end of waiting for it: µs each, as JSON."""

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Callable

from netstrata.ports import Command
from netstrata.system.children import RealChildren
from netstrata.system.output.standard_output import StandardOutput

TRUE = b"/bin/true"
COUNT = 1000
ROUNDS = 3


def each(act: Callable[[], None]) -> float:
    """Return the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        act()
        best = min(best, time.perf_counter() - start)
    return round(best / COUNT * 1e6, 1)


def bare() -> None:
    """Start and reap with the system's own call."""
    for _ in range(COUNT):
        os.waitpid(os.posix_spawn(TRUE, [TRUE], os.environ), 0)


def library() -> None:
    """Start and reap with the standard library."""
    for _ in range(COUNT):
        subprocess.run([TRUE], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ours(together: int, logs: bool) -> Callable[[], None]:
    """Start and reap with the port, so many at a time."""

    async def act() -> None:
        children = RealChildren(StandardOutput(), logs=logs)
        for _ in range(COUNT // together):
            runs = (children.run(Command([TRUE]), terminate_on_cancel=False) for _one in range(together))
            await asyncio.gather(*runs)

    return lambda: asyncio.run(act())


def main() -> None:
    """Measure, and print."""
    figures = {
        "posix_spawn": each(bare),
        "subprocess.run": each(library),
        "ours, /dev/null": each(ours(1, False)),
        "ours, heard": each(ours(1, True)),
        "ours, heard, 100 at a time": each(ours(100, True)),
    }
    print(json.dumps({"unit": "us per /bin/true", "count": COUNT, **figures}, indent=1))


if __name__ == "__main__":
    main()
