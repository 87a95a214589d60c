"""One crash: a daemon is killed at a point, the next one converges, is looked at, and ends; what was wrong with it."""

import contextlib
import os
import signal
from pathlib import Path
from typing import NamedTuple

from tests.kernel.crashes.daemons import Daemon
from tests.kernel.crashes.town import PATIENCE_S, Town
from tests.kernel.crashes.view import View, key_of, view

from netstrata.testing.child import wait_until
from netstrata.values import Unavailable

RENEWALS = 1  # in which a daemon may be killed as well


class Point(NamedTuple):
    """Where a daemon is killed."""

    at: str  # record, write, file or child
    n: int
    when: str

    @property
    def impair(self) -> str:
        """What NETSTRATA_IMPAIR is to be."""
        return f"kill:at={self.at},n={self.n},when={self.when}"

    def __str__(self) -> str:
        return f"{self.when} {self.at} {self.n}"


class Way(NamedTuple):
    """What else happens."""

    ending: bool = False  # SIGTERM is sent as soon as all is up: the daemon is killed while it undoes
    twice: bool = False  # the second daemon is killed as well, at the same point of its own
    forget: bool = False  # what the killed daemon has written down is deleted: then this has to find something
    new: bool = False  # what runs after the crash is another version of the program
    patience_s: float = PATIENCE_S  # until all has to be as without a crash


class Outcome(NamedTuple):
    """What came of it."""

    point: Point
    reached: bool  # False: it was up before, and was killed then
    stuck: list[str]  # what is not as in a run without a crash
    deleted: list[str]  # that was to be kept
    restarted: list[str]  # children
    lost: int  # datagrams
    left: list[str]  # after the end
    said: str  # by the last daemon, if anything is wrong

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.stuck or self.deleted or self.restarted or self.lost or self.left)


def points_of(town: Town, ending: bool) -> list[Point]:
    """Return all points at which the outside differs: before each, after the last, and after each child is forked.

    Shapes: of a bring-up, or of what comes after it: a renewal if there is a lease, and the undoing of all.
    """
    told = town.folder / "points"
    daemon = town.start(town.programs[0], f"points:to={told}")
    assert daemon.wait_output("complete\n", PATIENCE_S), daemon.output()
    if town.renewing:
        town.await_renewals(RENEWALS)
    up = _sorts(told)
    daemon.end(signal.SIGTERM)
    daemon.close()
    down = _sorts(told)
    told.unlink()
    points: list[Point] = []
    for sort in dict.fromkeys(down):
        first, last = (up.count(sort) + 1, down.count(sort)) if ending else (1, up.count(sort))
        numbers = range(first, last + 1)
        points += [Point(sort, n, "before") for n in numbers]
        points += [Point(sort, n, "after") for n in (numbers if sort == "child" else numbers[-1:])]
    return points


def _sorts(told: Path) -> list[str]:
    return [line.partition(" ")[0] for line in told.read_text().splitlines()]


def crash(town: Town, point: Point, way: Way) -> Outcome:
    """Kill a daemon at a point, and look at what the next one makes of it."""
    _begin_flows(town)
    program = town.programs[way.new]
    reached = _killed(town, town.programs[0], point.impair, way.ending)
    crashed = [_crashed(town, way)]
    if way.twice:
        _killed(town, program, point.impair, way.ending)
        crashed = [_crashed(town, way)] if way.ending else [*crashed, view(town.router)]
    daemon, problems = _converged(town, program, way)
    after = view(town.router)
    deletions = town.deletions.take()
    lost = sum(flow.lost for flow in town.flows)
    with contextlib.suppress(Unavailable):
        if daemon.end(signal.SIGTERM) != 0 or "undone" not in daemon.output():
            problems.append(f"it ended with status {daemon.status}")
    left = view(town.router).against(town.ends, whole=True)
    said = daemon.output()
    daemon.close()
    if "Traceback" in said:
        problems.append("a traceback")
    deleted = {line: None for line in deletions for before in crashed if _is_kept(line, before, after)}
    deleted |= {path: None for before in crashed for path in _changed_files(before, after)}
    restarted = [name for before in crashed for name in _restarted(before, after)]
    outcome = Outcome(point, reached, problems, list(deleted), restarted, lost, left, "")
    return outcome if outcome.is_good else outcome._replace(said=said)


def _crashed(town: Town, way: Way) -> View:
    """Return what there is after a crash, and count from here on what must not be."""
    if way.ending:  # what it had undone by then let nothing pass
        _begin_flows(town)
    if way.forget:
        town.router.run("sh", "-c", "rm -rf /run/netstrata/journal /run/netstrata/filters")
    before = view(town.router)
    town.deletions.take()
    return before


def _begin_flows(town: Town) -> None:
    for flow in town.flows:
        flow.begin()


def _killed(town: Town, program: Path, impair: str, ending: bool) -> bool:
    """Run a daemon that is killed at a point, or as soon as it is up or at its end; say whether it got there."""
    daemon = town.start(program, impair)
    if daemon.wait_output("complete\n", PATIENCE_S):
        with contextlib.suppress(Unavailable):
            if town.renewing:
                wait_until("the kill", lambda: not daemon.running, 3 * RENEWALS + 2)
            elif ending:
                daemon.end(signal.SIGTERM)
    if daemon.running:
        daemon.end(signal.SIGKILL)
        daemon.close()
        return False
    daemon.close()
    return daemon.status == -signal.SIGKILL


def _converged(town: Town, program: Path, way: Way) -> tuple[Daemon, list[str]]:
    """Run a daemon until all is as in a run without a crash; say what is not."""
    settled = town.folder / "settled"
    settled.unlink(missing_ok=True)
    daemon = town.start(program, f"settled:to={settled}")
    differences: list[str] = []

    def as_wanted() -> bool:
        differences[:] = view(town.router).against(town.up[way.new])
        return not differences

    try:
        if not daemon.wait_output("complete\n", PATIENCE_S):
            return daemon, [f"it ended with status {daemon.status}"]
        wait_until("nothing left of the one before", settled.exists, PATIENCE_S)
        town.await_flows()
        if town.renewing:
            town.await_renewals(1)
        wait_until("what was to be", as_wanted, way.patience_s)
    except Unavailable as problem:
        return daemon, [str(problem), *differences]
    return daemon, []


def _is_kept(deletion: str, before: View, after: View) -> bool:
    """Say whether something was deleted that is there after, and was before; of rules there may be copies meanwhile."""
    if deletion.startswith("nft rule "):
        return before.rules.get(deletion.removeprefix("nft rule ")) in after.rules.values()
    key = key_of(deletion)
    return bool(key) and any(f"{line} ".startswith(key) for line in after.lines)


def _restarted(before: View, after: View) -> list[str]:
    """Return the children that have another process id."""
    pairs = [(name, pid, after.children.get(name, pid)) for name, pid in before.children.items()]
    return [f"{name}: {pid}, then {then}" for name, pid, then in pairs if then != pid]


def _changed_files(before: View, after: View) -> list[str]:
    """Return the files that hold what they held, and are others."""
    return [
        f"file {path}"
        for path, (what, inode) in before.files.items()
        if path in after.files
        and after.files[path][0] == what
        and after.files[path][1] != inode
        and (not path.startswith("/run/netstrata/") or path.startswith("/run/netstrata/generated/"))
    ]


def scratch() -> Path:
    """Return a new folder for the files of a town."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="netstrata-kills-"))
    os.chmod(folder, 0o755)
    return folder
