"""`tools/schedules`: runs random schedules, and shows those that went wrong."""

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from netstrata.testing.schedules.generate import schedule_of
from netstrata.testing.schedules.run import run
from netstrata.testing.schedules.shrink import shrink

_CHUNK = 200
_TOLD = 50  # chunks, after which it says how far it is
_SHOWN = 5  # schedules that are shown


def main() -> int:
    """Do what the command line says; return 0 if nothing went wrong."""
    options = _options()
    if options.replay is not None:
        return replay(options.replay, options.crashes)
    began = time.monotonic()
    wrong: dict[str, list[int]] = {}
    void: Counter[str] = Counter()
    writes = 0
    for chunks, (more_wrong, more_void, more_writes) in enumerate(_results(options), 1):
        if chunks % _TOLD == 0:
            print(
                f"{chunks * _CHUNK} of {options.count}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True
            )
        void.update(more_void)
        writes += more_writes
        for kind, seeds in more_wrong.items():
            wrong.setdefault(kind, []).extend(seeds)
            print(f"{kind}: seed {', '.join(map(str, seeds[:_SHOWN]))}", flush=True)
    took = time.monotonic() - began
    print(f"{options.count} schedules with {writes} writes in {took:.0f} s, {void.total()} of them void {dict(void)}")
    for kind, seeds in wrong.items():
        print(f"{kind}: {len(seeds)} schedules")
    for seed in list(dict.fromkeys(seed for seeds in wrong.values() for seed in seeds[:2]))[:_SHOWN]:
        replay(seed, options.crashes)
    return 1 if wrong else 0


def replay(seed: int, crashes: bool = False) -> int:
    """Run one schedule, and show it and what went wrong in it, as small as it can be made."""
    schedule = schedule_of(seed, crashes)
    if run(schedule).wrong:
        schedule = shrink(schedule, run)
    outcome = run(schedule)
    print(f"\n# seed {seed}\n{schedule.text}# what came of it:")
    for line in outcome.account:
        print(f"#   {line}")
    print("\n".join(outcome.wrong) or outcome.void or "nothing is wrong")
    return 1 if outcome.wrong else 0


def tried(seeds: range, crashes: bool = False) -> tuple[dict[str, list[int]], Counter[str], int]:
    """Run some schedules; return the seeds of what went wrong by its kind, what is void, and how much was written."""
    wrong: dict[str, list[int]] = {}
    void: Counter[str] = Counter()
    writes = 0
    for seed in seeds:
        outcome = run(schedule_of(seed, crashes))
        writes += outcome.writes
        if outcome.void:
            void[outcome.void] += 1
        for what in dict.fromkeys(what.partition(":")[0] for what in outcome.wrong):
            wrong.setdefault(what, []).append(seed)
    return wrong, void, writes


def _results(options: Any) -> Iterator[tuple[dict[str, list[int]], Counter[str], int]]:
    end = options.seed + options.count
    chunks = [range(start, min(start + _CHUNK, end)) for start in range(options.seed, end, _CHUNK)]
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        yield from pool.imap_unordered(partial(tried, crashes=options.crashes), chunks)


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="tools/schedules", description="Run random schedules on the model kernel.")
    parser.add_argument("--count", type=int, default=20_000, help="so many schedules (20000)")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first; each has the next one (0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="so many at a time")
    parser.add_argument("--crashes", action="store_true", help="also kill the daemon, and start the next one")
    parser.add_argument("--replay", type=int, metavar="SEED", help="run that one, make it small, and show it")
    return parser.parse_args()
