"""`python bench/language.py`: the language itself, ns for each statement that comes up and is undone, as JSON.

Each workload runs in two sizes, through the plain engine, and through the compiled one if tools/compiled has built it.
What reading and checking the program takes is measured alone and taken off.  Growth is the time of the larger size
over ten times that of the smaller: 1.0 is linear, and above 1.2 is a fault.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from space import median
from workloads import WORKLOADS, lines

COMPILED = Path(__file__).parent.parent / "build/compiled/bin/python"
ROUNDS = 3
LONG_S = 1.0
LINES = 5_000
FACTOR = 10


def _seconds(python: str, words: list[str]) -> float:
    start = time.monotonic()
    subprocess.run([python, "-m", "netstrata.cli.ncd", *words], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - start


def _middle(python: str, *words: str) -> float:
    """Return the middle of three runs; a long one is not run again."""
    first = _seconds(python, list(words))
    if first > LONG_S:
        return first
    return median([first, *(_seconds(python, list(words)) for _ in range(ROUNDS - 1))])


def _measured(python: str, program: Path, text: str) -> tuple[float, float]:
    """Return seconds to read a program, and to run it."""
    program.write_text(text)
    read = _middle(python, "--syntax-only", str(program))
    return read, max(_middle(python, str(program)) - read, 1e-9)


def measure(python: str, wanted: list[str]) -> dict[str, Any]:
    """Measure the workloads with one interpreter."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "bench.ncd"
        for name, workload, size in WORKLOADS:
            if wanted and name not in wanted:
                continue
            sizes = []
            for count in (size, size * FACTOR):
                text, statements = workload(count)
                _, run = _measured(python, program, text)
                sizes.append({"size": count, "s": round(run, 4), "ns_per_statement": round(run / statements * 1e9)})
            growth = sizes[1]["s"] / sizes[0]["s"] / FACTOR
            found[name] = {"sizes": sizes, "growth": round(growth, 2)}
        if not wanted or "parse" in wanted:
            found["parse"] = _parse(python, program)
    return found


def _parse(python: str, program: Path) -> dict[str, Any]:
    program.write_text('process main { exit("0"); }\n')
    start = _middle(python, "--syntax-only", str(program))
    sizes = []
    for count in (LINES, LINES * FACTOR):
        text, _ = lines(count)
        program.write_text(text)
        read = _middle(python, "--syntax-only", str(program)) - start
        sizes.append({"lines": count, "s": round(read, 4), "us_per_line": round(read / count * 1e6, 2)})
    return {"sizes": sizes, "growth": round(sizes[1]["s"] / sizes[0]["s"] / FACTOR, 2)}


def main() -> None:
    """Measure everything, or the workloads that are named on the command line."""
    found = {"plain": measure(sys.executable, sys.argv[1:])}
    if COMPILED.exists():
        found["compiled"] = measure(str(COMPILED), sys.argv[1:])
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
