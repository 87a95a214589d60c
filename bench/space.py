"""A network namespace of its own for a benchmark, and the processes it measures."""

import os
import subprocess
import sys

NCD = [sys.executable, "-m", "netstrata.cli.ncd"]
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a program that is installed has its bytecode beside it


def in_own_namespace() -> None:
    """Run this script again in a network namespace of its own, unless that is where it runs."""
    if os.environ.get("NETSTRATA_BENCH") != "inside":
        unshare = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--net", "--map-root-user"]
        os.execvpe(unshare[0], [*unshare, sys.executable, *sys.argv], {**os.environ, "NETSTRATA_BENCH": "inside"})


def shell(command: str) -> None:
    """Run a shell command that must succeed."""
    subprocess.run(command, shell=True, check=True)


def median(values: list[float]) -> float:
    """Return the middle one of some values."""
    return sorted(values)[len(values) // 2]
