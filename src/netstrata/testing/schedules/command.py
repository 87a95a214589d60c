"""`tools/schedules`: runs random schedules, and shows those that went wrong."""

import argparse
import gc
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from netstrata.testing.schedules.generate import schedule_of
from netstrata.testing.schedules.run import run
from netstrata.testing.schedules.shrink import kinds_of, shrink

SOAK = 1_000_000
_CHUNK = 200
_TOLD_S = 30.0  # between two times that it says how far it is
_SHOWN = 5  # schedules that are shown
_OBJECTS = 50_000  # some schedules' worth, after which garbage is looked for
_LIFE = 100  # chunks of one process, so that nothing of it can pile up


class Tried(NamedTuple):
    """What came of some schedules: seeds of those that went wrong by the way in which they did, and what is void."""

    wrong: dict[str, list[int]]
    void: Counter[str]
    writes: int


def main() -> int:
    """Do what the command line says; return 0 if nothing went wrong."""
    options = _options()
    if options.replay is not None:
        text, went_wrong = told(options.replay, options.crashes)
        print(text)
        return 1 if went_wrong else 0
    count = options.count or (SOAK if options.soak else 20_000)
    families = [False, True] if options.soak else [options.crashes]
    result = sum(_family(options, count // len(families), crashes) for crashes in families)
    return 1 if result else 0


def told(seed: int, crashes: bool = False) -> tuple[str, bool]:
    """Run one schedule, and tell all that happened in it, as small as it can be made if it goes wrong; and whether."""
    schedule = schedule_of(seed, crashes)
    if run(schedule).wrong:
        schedule = shrink(schedule, run)
    outcome = run(schedule, told=True)
    found = "\n".join(outcome.wrong) or outcome.void or "nothing is wrong"
    how = f"# seed {seed}{' --crashes' if crashes else ''}"
    story = "".join(f"# {line}\n" for line in outcome.story)
    return f"{how}\n{schedule.text}# what came of it:\n{story}{found}", bool(outcome.wrong)


def tried(seeds: range, crashes: bool = False) -> Tried:
    """Run some schedules."""
    wrong: dict[str, list[int]] = {}
    void: Counter[str] = Counter()
    writes = 0
    with _rare_collections():
        for seed in seeds:
            outcome = run(schedule_of(seed, crashes))
            writes += outcome.writes
            if outcome.void:
                void[outcome.void] += 1
            for what in kinds_of(outcome):
                wrong.setdefault(what, []).append(seed)
    return Tried(wrong, void, writes)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for garbage in circles only now and then, and not among what was there before."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_OBJECTS, 10, 10)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _family(options: Any, count: int, crashes: bool) -> int:
    """Run the schedules of one kind, and return how many went wrong, each of which is written into a file."""
    began = said = time.monotonic()
    wrong: dict[str, list[int]] = {}
    void: Counter[str] = Counter()
    done = writes = 0
    for chunk in _results(options, count, crashes):
        done = min(done + _CHUNK, count)
        void.update(chunk.void)
        writes += chunk.writes
        for kind, seeds in chunk.wrong.items():
            wrong.setdefault(kind, []).extend(seeds)
            for seed in seeds:
                print(f"{kind}: seed {seed}, in {_written(Path(options.folder), seed, crashes)}", flush=True)
        if time.monotonic() - said > _TOLD_S:
            said = time.monotonic()
            print(f"{done} of {count}: {said - began:.0f} s", file=sys.stderr, flush=True)
    took = time.monotonic() - began
    what = "schedules with crashes" if crashes else "schedules"
    print(f"{count} {what} and {writes} writes in {took:.0f} s, {void.total()} of them void {dict(void)}")
    for kind, seeds in wrong.items():
        print(f"{kind}: {len(seeds)} schedules")
    return sum(map(len, wrong.values()))


def _written(folder: Path, seed: int, crashes: bool) -> Path:
    """Write a schedule that went wrong into a file, unless it is there, and return the file."""
    path = folder / f"{'crash' if crashes else 'plain'}-{seed}.txt"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(told(seed, crashes)[0] + "\n")
    return path


def _results(options: Any, count: int, crashes: bool) -> Iterator[Tried]:
    end = options.seed + count
    chunks = (range(start, min(start + _CHUNK, end)) for start in range(options.seed, end, _CHUNK))
    with multiprocessing.get_context("fork").Pool(options.jobs, maxtasksperchild=_LIFE) as pool:
        yield from pool.imap_unordered(partial(tried, crashes=crashes), chunks)


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="tools/schedules", description="Run random schedules on the model kernel.")
    parser.add_argument("--count", type=int, help=f"so many schedules (20000; with --soak {SOAK})")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first; each has the next one (0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="so many at a time")
    parser.add_argument("--crashes", action="store_true", help="also kill the daemon, and start the next one")
    parser.add_argument("--soak", action="store_true", help="half of them without crashes, half of them with")
    parser.add_argument("--folder", default="build/schedules", help="where those that go wrong are written")
    parser.add_argument("--replay", type=int, metavar="SEED", help="run that one, make it small, and tell its story")
    return parser.parse_args()
