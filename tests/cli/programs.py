"""Running our commands as a user does."""

import os
import subprocess
import sys
from pathlib import Path

PYTHON = sys.executable


def netstrata(*words: str, folder: Path | None = None, stdin: str = "", seconds: float = 60) -> tuple[int, str, str]:
    """Run `netstrata` to its end; return exit code, standard output and standard error."""
    done = subprocess.run(
        [PYTHON, "-m", "netstrata", *words],
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    return done.returncode, done.stdout, done.stderr
