"""Start to exit of an empty program, and its peak memory, against `python3 -c pass`."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from space import NCD, median

ROUNDS = 21
TIME = "/usr/bin/time"  # Debian's package `time`
PROGRAM = 'process main {\n    exit("0");\n}\n'


def _run(words: list[str]) -> tuple[float, float]:
    """Run a command and return seconds and megabytes at its peak.

    GNU time measures the memory: it is small, and a child that was started by a large process is given that one's peak.
    """
    start = time.monotonic()
    done = subprocess.run([TIME, "-f", "%M", *words], stderr=subprocess.PIPE, check=True)
    return time.monotonic() - start, int(done.stderr.split()[-1]) / 1024


def _many(words: list[str]) -> tuple[float, float]:
    runs = [_run(words) for _ in range(ROUNDS)]
    return median([seconds for seconds, _ in runs]), median([size for _, size in runs])


def measure() -> dict[str, Any]:
    """Run both so many times, and return the middle."""
    with tempfile.TemporaryDirectory() as name:
        program = Path(name) / "empty.ncd"
        program.write_text(PROGRAM)
        ours_s, ours_mb = _many([*NCD, str(program)])
        floor_s, floor_mb = _many([sys.executable, "-c", "pass"])
    return {
        "rounds": ROUNDS,
        "ms": round(ours_s * 1000, 1),
        "mb": round(ours_mb, 1),
        "python_pass_ms": round(floor_s * 1000, 1),
        "python_pass_mb": round(floor_mb, 1),
        "times_python_pass": round(ours_s / floor_s, 2),
    }
