"""`tools/kills`: a daemon is killed at each point of a bring-up of more than 200 steps; what comes of it is counted."""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from tests.kernel.crashes.crash import Outcome, Point, Way, crash, points_of, scratch
from tests.kernel.crashes.daemons import load_all
from tests.kernel.crashes.town import PATIENCE_S, Town

from netstrata.testing.lab import Lab
from netstrata.testing.namespaces import become_root

_TOLD = 50  # points, after which it says how far it is
_towns: list[Town] = []  # of this process


def main() -> int:
    """Do what the command line says; return 0 if nothing was wrong."""
    options = _options()
    become_root()
    load_all()
    began = time.monotonic()
    way = Way(options.ending, options.twice, options.forget, options.new_version, options.patience)
    points = all_points(options.renewing, options.ending)[options.first % options.every :: options.every]
    if options.at:
        points = [point for point in points if str(point) in options.at] * options.times
    print(f"{len(points)} points: {counted(points)}", flush=True)
    outcomes: list[Outcome] = []
    for outcome in _run(points, way, options):
        outcomes.append(outcome)
        if not outcome.is_good:
            print(shown(outcome), flush=True)
        if len(outcomes) % _TOLD == 0:
            print(f"{len(outcomes)} of {len(points)}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(summary(outcomes, time.monotonic() - began))
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def all_points(renewing: bool, ending: bool) -> list[Point]:
    """Return all points of the program."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(_points, (renewing, ending))


def counted(points: list[Point]) -> str:
    """Return how many there are of which sort."""
    sorts = [point.at for point in points]
    return ", ".join(f"{sorts.count(sort)} {sort}" for sort in dict.fromkeys(sorts))


def summary(outcomes: list[Outcome], took_s: float) -> str:
    """Return the counts, and how long that took."""
    return "\n".join(
        (
            f"{len(outcomes)} crashes in {took_s:.0f} s",
            f"only when all was up: {sum(not one.reached for one in outcomes)}",
            f"not as without a crash: {sum(bool(one.stuck) for one in outcomes)}",
            f"deletions of what is kept: {sum(len(one.deleted) for one in outcomes)}",
            f"children not taken over: {sum(len(one.restarted) for one in outcomes)}",
            f"datagrams lost: {sum(one.lost for one in outcomes)}",
            f"objects left after the end: {sum(len(one.left) for one in outcomes)}",
        )
    )


def shown(outcome: Outcome) -> str:
    """Return what was wrong, for people."""
    lines = [f"# killed {outcome.point}"]
    for what in ("stuck", "deleted", "restarted", "left"):
        lines += [f"#   {what}: {line}" for line in getattr(outcome, what)]
    if outcome.lost:
        lines.append(f"#   lost: {outcome.lost} datagrams")
    return "\n".join([*lines, *(f"    {line}" for line in outcome.said.splitlines()[-40:])])


def _run(points: list[Point], way: Way, options: Any) -> Iterator[Outcome]:
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        yield from pool.imap_unordered(partial(_crash, way=way, renewing=options.renewing), points)


def _points(renewing: bool, ending: bool) -> list[Point]:
    return points_of(_town(renewing), ending)


def _crash(point: Point, way: Way, renewing: bool) -> Outcome:
    """Run one in this process's town, which is put away if anything was wrong in it."""
    outcome = crash(_town(renewing), point, way)
    if not outcome.is_good:
        _towns.pop().close()
    return outcome


def _town(renewing: bool) -> Town:
    if not _towns:
        _towns.append(Town(Lab(), scratch(), renewing))
    return _towns[-1]


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="tools/kills", description="Kill a daemon at each point of a bring-up.")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th point (1)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="begin with that one (0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="so many at a time")
    parser.add_argument("--twice", action="store_true", help="kill the next daemon, too")
    parser.add_argument("--ending", action="store_true", help="kill it while it undoes all, after SIGTERM")
    parser.add_argument("--renewing", action="store_true", help="with a lease that is renewed each 3 seconds")
    parser.add_argument("--new-version", action="store_true", help="run another version of the program afterwards")
    parser.add_argument("--forget", action="store_true", help="delete what the killed daemon has written down")
    parser.add_argument(
        "--patience",
        type=float,
        default=PATIENCE_S,
        metavar="S",
        help=f"until all has to be as without a crash ({PATIENCE_S})",
    )
    parser.add_argument("--at", action="append", metavar="POINT", help='only that: "before record 7"')
    parser.add_argument("--times", type=int, default=1, metavar="N", help="each of those N times (1)")
    return parser.parse_args()
