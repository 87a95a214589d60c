"""`python bench/language.py`: the language itself, ns for each statement that comes up and is undone, as JSON.

Each workload runs in two sizes, through the plain engine, and through the compiled one if tools/compiled has built it.
What reading and checking the program takes is measured alone and taken off.  Growth is the time of the larger size
over ten times that of the smaller: 1.0 is linear, and above 1.2 is a fault.
"""

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from space import median
from workloads import WORKLOADS, lines

COMPILED = Path(__file__).parent.parent / "build/compiled/bin/python"
ROUNDS = 3
LONG_S = 1.0
MEASURABLE_S = 0.01
LINES = 5_000
FACTOR = 10


def _seconds(python: list[str], words: list[str]) -> float:
    """Return what a run took of the processor: other work on the machine must not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*python, "-m", "netstrata.cli.ncd", *words], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _middle(python: list[str], *words: str) -> float:
    """Return the middle of three runs; a long one is not run again."""
    first = _seconds(python, list(words))
    if first > LONG_S:
        return first
    return median([first, *(_seconds(python, list(words)) for _ in range(ROUNDS - 1))])


def _measured(python: list[str], program: Path, text: str) -> float:
    """Return seconds to run a program, without those to read it."""
    program.write_text(text)
    return _middle(python, str(program)) - _middle(python, "--syntax-only", str(program))


def measure(python: list[str], wanted: list[str]) -> dict[str, Any]:
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
                run = _measured(python, program, text)
                sizes.append({"size": count, "s": round(run, 4), "ns_per_statement": round(run / statements * 1e9)})
            found[name] = {"sizes": sizes, "growth": _growth(sizes)}
        if not wanted or "parse" in wanted:
            found["parse"] = _parse(python, program)
    return found


def _parse(python: list[str], program: Path) -> dict[str, Any]:
    program.write_text('process main { exit("0"); }\n')
    start = _middle(python, "--syntax-only", str(program))
    sizes = []
    for count in (LINES, LINES * FACTOR):
        text, _ = lines(count)
        program.write_text(text)
        read = _middle(python, "--syntax-only", str(program)) - start
        sizes.append({"lines": count, "s": round(read, 4), "us_per_line": round(read / count * 1e6, 2)})
    return {"sizes": sizes, "growth": _growth(sizes)}


def _growth(sizes: list[dict[str, float]]) -> float | None:
    """Return how much more than linear the time grows; None if the smaller size is too fast to tell."""
    small, large = (size["s"] for size in sizes)
    return round(large / small / FACTOR, 2) if small >= MEASURABLE_S else None


def _engine(python: list[str]) -> str:
    """Return `plain` or `compiled`, as the interpreter itself says: a PYTHONPATH may hide what is installed."""
    said = subprocess.run([*python, "-m", "netstrata", "version"], stdout=subprocess.PIPE, check=True).stdout
    return said.decode().split()[-2]


def main() -> None:
    """Measure everything, or the workloads that are named on the command line."""
    interpreters = [[sys.executable]]
    if COMPILED.exists():
        interpreters.append([str(COMPILED), "-E"])
    print(json.dumps({_engine(python): measure(python, sys.argv[1:]) for python in interpreters}, indent=2))


if __name__ == "__main__":
    main()
