"""`bench/fuzz_programs`: runs random programs, holds them against the rules, and against other implementations."""

import argparse
import json
import shlex
import traceback
from pathlib import Path
from typing import Any

from netstrata.testing.fuzz.compare import Oracle, OtherBuild, program_of
from netstrata.testing.fuzz.outcome import Outcome, outcome_of


def main() -> int:
    """Do what the command line says; return 0 if nothing was found."""
    options = _options()
    seeds = range(options.seed, options.seed + options.count)
    oracle = Oracle(shlex.split(options.oracle)) if options.oracle else None
    other = OtherBuild(options.other, seeds) if options.other else None
    others = other.digests() if other is not None else None
    counts = {"programs": 0, "endless": 0, "compared": 0, "wrong": 0}
    for seed in seeds:
        program = program_of(seed)
        found, outcome = _tried(program)
        if outcome is not None:
            counts["endless"] += not outcome.ended
            counts["compared"] += others is not None or (oracle is not None and outcome.ended)
            if others is not None and next(others, None) != (seed, outcome.digest):
                found.append(f"{options.other} goes another way")
            if oracle is not None and outcome.ended:
                found.extend(_differences(outcome, oracle.run(program)))
        counts["programs"] += 1
        if found:
            counts["wrong"] += 1
            _keep(Path(options.keep), seed, program, found)
    if other is not None:
        other.end()
    print(json.dumps(counts))
    return 1 if counts["wrong"] else 0


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="fuzz_programs", description="Run random programs.")
    parser.add_argument(
        "--oracle", metavar="COMMAND", help="compare output and exit code with this NCD (a path, or words)"
    )
    parser.add_argument("--other", metavar="PYTHON", help="compare every transition with this interpreter's Netstrata")
    parser.add_argument("--count", type=int, default=1000, help="so many programs (1000)")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first; each has the next one (0)")
    parser.add_argument("--keep", default="build/fuzz", metavar="DIR", help="where programs that went wrong are kept")
    return parser.parse_args()


def _tried(program: str) -> tuple[list[str], Outcome | None]:
    try:
        outcome = outcome_of(program)
    except Exception:
        return [traceback.format_exc()], None
    return list(outcome.faults), outcome


def _differences(ours: Outcome, theirs: tuple[bytes, int]) -> list[str]:
    output, code = theirs
    found: list[str] = []
    if output != ours.output:
        found.append(f"the oracle printed\n{output.decode('utf-8', 'backslashreplace')}")
    if code != ours.exit_code:
        found.append(f"the oracle ended with {code}, we with {ours.exit_code}")
    return found


def _keep(folder: Path, seed: int, program: str, found: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{seed}.ncd"
    path.write_text(program + "".join(f"# {line}\n" for line in "\n".join(found).splitlines()))
    print(f"{path}: {found[0].splitlines()[-1]}", flush=True)
