"""What a daemon that follows a killed one takes, from exec, until all its links stand: taken over, and made anew.

    python bench/adoption.py [LINKS]

Runs as root in a network namespace of its own; prints JSON: medians of seconds from exec to the last line that the
program prints.  In turn, in one run: `anew` makes bridges with an address each (500), `adopted` finds them as a daemon
that was killed has left them, and `nothing` reads and runs as long a program that asks for nothing outside.  What the
kernel takes is anew less nothing.  bench/journal_cost.py measures the ports alone.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from space import in_own_namespace, median, shell

ROUNDS = 7
LINK = 'process p{n} {{ net.bridge("br{n}"); net.up("br{n}"); net.ipv4.addr("br{n}", "{address}"); println("up"); }}'
NOTHING = 'process p{n} {{ var("br{n}"); var("br{n}"); concat("br{n}", "{address}"); println("up"); }}'


def program(line: str, count: int) -> str:
    """Return a program of so many processes."""
    return "\n".join(line.format(n=n, address=f"10.{n >> 8}.{n & 255}.1/24") for n in range(count))


class Run:
    """A daemon, and how long it took until everything was up."""

    def __init__(self, path: Path, count: int) -> None:
        options = ["--control", str(path.parent / "control"), "--state", str(path.parent), "--quiet"]
        begin = time.perf_counter()
        self.child = subprocess.Popen(
            [sys.executable, "-m", "netstrata", "run", *options, str(path)], stdout=subprocess.PIPE
        )
        assert self.child.stdout is not None
        for _ in range(count):
            assert self.child.stdout.readline() == b"up\n"
        self.seconds = time.perf_counter() - begin

    def end(self, number: int) -> None:
        """End it by a signal."""
        os.kill(self.child.pid, number)
        self.child.wait()


def main() -> None:
    """Measure, and print."""
    in_own_namespace()
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    found: dict[str, list[float]] = {"nothing": [], "anew": [], "adopted": []}
    with tempfile.TemporaryDirectory() as folder:
        links, nothing = Path(folder, "links.ncd"), Path(folder, "nothing.ncd")
        links.write_text(program(LINK, count))
        nothing.write_text(program(NOTHING, count))
        for _ in range(ROUNDS):
            run = Run(nothing, count)
            run.end(signal.SIGTERM)
            found["nothing"].append(run.seconds)
            run = Run(links, count)
            run.end(signal.SIGKILL)
            found["anew"].append(run.seconds)
            run = Run(links, count)
            run.end(signal.SIGKILL)
            found["adopted"].append(run.seconds)
            # The kernel deletes them all at once: one by one it waits for each.
            shell("ip -o link | grep -o 'br[0-9]*' | sort -u | sed 's/.*/link set & down group 7/' | ip -batch -")
            shell("ip link delete group 7")
            shell(f"{sys.executable} -m netstrata recover --control {folder}/control >/dev/null")
    medians = {name: round(median(seconds), 3) for name, seconds in found.items()}
    print(json.dumps({**medians, "adopted / anew": round(medians["adopted"] / medians["anew"], 3)}, indent=2))


if __name__ == "__main__":
    main()
