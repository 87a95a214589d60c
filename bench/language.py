"""`python bench/language.py`: the language itself, ns for each statement that comes up and is undone, as JSON.

Each workload runs in two sizes, through the plain engine, and through the compiled one if tools/compiled has built it.
A statement's cost is that of the running program alone, bench/phases.py's last phase.  Growth is the time of the
larger size over ten times that of the smaller, for the run alone and for the whole with reading and compiling: 1.0 is
linear, and a whole above 1.2 is a fault.  A run can grow more where the larger size does not fit the processor's
cache.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from space import median
from workloads import WORKLOADS, lines

COMPILED = Path(__file__).parent.parent / "build/compiled/bin/python"
PHASES = Path(__file__).parent / "phases.py"
ROUNDS = 3
LONG_S = 1.0
MEASURABLE_S = 0.001
LINES = 5_000
FACTOR = 10


def _phases(python: list[str], program: Path, text: str) -> dict[str, float]:
    """Return the seconds that each phase of a program takes: the middle of three runs, of one if it is long."""
    program.write_text(text)
    runs: list[dict[str, float]] = []
    for _ in range(ROUNDS):
        done = subprocess.run([*python, str(PHASES), str(program)], stdout=subprocess.PIPE, check=True)
        runs.append(json.loads(done.stdout))
        if sum(runs[0].values()) > LONG_S:
            break
    return {phase: median([run[phase] for run in runs]) for phase in runs[0]}


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
                phases = _phases(python, program, text)
                run = phases["run"]
                sizes.append(
                    {
                        "size": count,
                        "s": round(run, 4),
                        "ns_per_statement": round(run / statements * 1e9),
                        "whole_s": round(sum(phases.values()), 4),
                    }
                )
            found[name] = {"sizes": sizes, "growth": _growth(sizes, "s"), "growth_whole": _growth(sizes, "whole_s")}
        if not wanted or "parse" in wanted:
            found["parse"] = _parse(python, program)
    return found


def _parse(python: list[str], program: Path) -> dict[str, Any]:
    sizes = []
    for count in (LINES, LINES * FACTOR):
        text, _ = lines(count)
        read = _phases(python, program, text + 'process main { exit("0"); }\n')["read"]
        sizes.append({"lines": count, "s": round(read, 4), "us_per_line": round(read / count * 1e6, 2)})
    return {"sizes": sizes, "growth": _growth(sizes, "s")}


def _growth(sizes: list[dict[str, float]], what: str) -> float | None:
    """Return how much more than linear the time grows; None if the smaller size is too fast to tell."""
    small, large = (size[what] for size in sizes)
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
