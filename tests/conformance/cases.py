"""The verified cases: programs with their exact standard output and exit code."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

CASES = Path(__file__).parent.parent / "cases"
CLOCKS = Path(__file__).parent / "clocks.py"
OTHER = os.environ.get("NETSTRATA_PYTHON") and os.path.abspath(
    os.environ["NETSTRATA_PYTHON"]
)  # an interpreter that has Netstrata of its own: see tools/compiled


class Case(NamedTuple):
    """One program of a folder of cases."""

    path: Path
    exit_code: int
    stdout: bytes


def cases_of(folder: str) -> list[Case]:
    """Return the cases of a folder, sorted by name."""
    found = []
    for expected in sorted((CASES / folder).glob("*.expected")):
        first, _, rest = expected.read_bytes().partition(b"\n")
        found.append(Case(expected.with_suffix(".ncd"), int(first.removeprefix(b"# exit: ")), rest))
    return found


def command_of(case: Case) -> tuple[list[str], dict[str, str]]:
    """Return the arguments and the extra environment that a case asks for."""
    words = case.path.with_suffix(".args")
    if words.exists():
        return [str(case.path) if w == "{FILE}" else w for w in shlex.split(words.read_text())], {}
    options: list[str] = []
    arguments: list[str] = []
    environment: dict[str, str] = {}
    for line in case.path.read_bytes().splitlines():
        if line.startswith(b"#:opts "):
            options = shlex.split(os.fsdecode(line[7:]))
        elif line.startswith(b"#:args "):
            arguments = shlex.split(os.fsdecode(line[7:]))
        elif line.startswith(b"#:env "):
            for word in shlex.split(os.fsdecode(line[6:])):
                name, _, value = word.partition("=")
                environment[name] = value
    return ["--loglevel", "none", *options, str(case.path), *arguments], environment


def run_case(case: Case, folder: Path, clock: str = "", seconds: float = 60) -> tuple[int, bytes]:
    """Run a case in an empty folder, by a clock of its own if one is named; return exit code and standard output."""
    arguments, extra = command_of(case)
    ncd = [str(CLOCKS), clock] if clock else ["-m", "netstrata.cli.ncd"]
    ours = {} if OTHER else {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    environment = {"PATH": os.environ["PATH"], **ours, **extra}
    done = subprocess.run(
        [OTHER or sys.executable, *ncd, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=seconds,
        check=False,
    )
    return done.returncode, done.stdout
