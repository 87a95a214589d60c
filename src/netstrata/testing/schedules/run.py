"""One schedule, run: the daemon and the others take turns, and what must hold is looked at."""

import asyncio
import errno
import os
from contextlib import suppress
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from netstrata.daemon.running.settling import SOON_S
from netstrata.engine.process import UP
from netstrata.language.refusals import Refusals
from netstrata.system.undo_journal import UndoJournal
from netstrata.system.undo_journal.identity import Identity
from netstrata.testing.model import NotModelled
from netstrata.testing.schedules.account import Ledger
from netstrata.testing.schedules.clock import InstantLoop
from netstrata.testing.schedules.daemon import Daemon, Planted, compiled
from netstrata.testing.schedules.facts import Key
from netstrata.testing.schedules.journal import MortalJournal
from netstrata.testing.schedules.kernel import WatchedKernel
from netstrata.testing.schedules.others import Others
from netstrata.testing.schedules.program import Program
from netstrata.testing.schedules.schedule import Schedule, Step
from netstrata.testing.schedules.story import Story

CARDS = ("eth0", "eth1")
_SETTLED_S = 0.3
_CALM_S = 6.0  # for every retry, and for what is looked at now and then
_END_S = 30.0
_DETECTION_S = 0.2
_POLL_S = 0.05


class Outcome(NamedTuple):
    """How one schedule went."""

    wrong: list[str]  # what must never be
    void: str  # why nothing can be said of it, "" if something can
    writes: int  # of the daemon
    story: list[str]  # what happened, in order; empty if nobody asked for it
    program: Program  # that ran last
    standing: str | None  # what the kernel held before the end, if that follows from the program alone


class Run:
    """One schedule that runs."""

    def __init__(self, schedule: Schedule, kernel: WatchedKernel, story: Story, planted: Planted) -> None:
        """Prepare the kernel."""
        self._planted = planted
        self._program = schedule.program
        self._schedule = schedule
        self._story = story
        self._ledger = Ledger(story)
        self._kernel = kernel
        self._others = Others(self._kernel)
        self._ledger.doubts = self._doubtful
        self._ledger.troubles = self._troubles
        self._daemon: Daemon | None = None
        self._runs = schedule.program
        self._standing: str | None = None
        self._killed: list[Daemon] = []
        self._playing: asyncio.Task[Any] | None = None
        self._journal = f"{_folder().name}/{os.getpid()}"
        kernel.faults.on_death = self._die

    async def play(self) -> Outcome:
        """Play it from the start to the end."""
        loop = asyncio.get_running_loop()
        self._playing = asyncio.current_task()
        loop.set_exception_handler(self._broken)
        for name in CARDS:
            self._kernel.plug(name)
        for step in self._schedule.before:
            self._do(step)
        self._kernel.look()
        self._kernel.account = self._ledger
        loop.call_later(_DETECTION_S, self._detect)
        self._story.section("the kernel before:", self._kernel.text)
        try:
            self._daemon = self._start()
        except Refusals as refusals:
            return self._outcome(f"the program is refused: {refusals}")
        try:
            await self._steps(self._daemon)
        finally:
            await self._close()
        self._story.section("the kernel after:", self._kernel.text)
        return self._outcome(self._kernel.missing or ("it goes on and on" if self._daemon.endless else ""))

    def _detect(self) -> None:
        """Let duplicate address detection come to its end now and then, until the schedule is over."""
        if self._kernel.account is not None:
            if self._kernel.addresses6.finish():
                self._kernel.look()
            asyncio.get_running_loop().call_later(_DETECTION_S, self._detect)

    async def _steps(self, daemon: Daemon) -> None:
        ended = False
        for step in self._schedule.steps:
            self._story.tell(f"== {' '.join(step)}")
            if step[0] == "end":
                ended = True
                daemon.end()
            elif step[0] == "crash":
                ended = False
                daemon = self._restart()
            else:
                await self._step(step, daemon)
            if daemon.is_killed:
                ended = False
                daemon = self._restart()
        if not ended:
            self._calm()
            await self._settle(daemon)
            if daemon.is_killed:
                daemon = self._restart()
                await self._settle(daemon)
            await self._check_standing(daemon)
            self._story.section("the kernel while it stands:", self._kernel.text)
            self._story.tell("== end")
            daemon.end()
        await self._wait_end(daemon)
        self._calm()
        if daemon.is_killed:
            daemon = self._restart()
            await self._settle(daemon)
            daemon.end()
            await self._wait_end(daemon)
        await asyncio.sleep(_SETTLED_S)
        self._check_end(daemon)

    async def _settle(self, daemon: Daemon) -> None:
        """Wait until a daemon has settled; what fails again and again keeps it from that for a while."""
        await asyncio.sleep(_CALM_S)
        if daemon.is_left:
            await asyncio.sleep(SOON_S)

    async def _wait_end(self, daemon: Daemon) -> None:
        for _ in range(int(_END_S / _POLL_S)):
            if daemon.engine.stopped or daemon.endless:
                break
            await asyncio.sleep(_POLL_S)

    async def _step(self, step: Step, daemon: Daemon) -> None:
        what, *words = step
        if what == "settle":
            await asyncio.sleep(_SETTLED_S)
        elif what == "turns":
            for _ in range(int(words[0])):
                await asyncio.sleep(0)
        elif what == "wait":
            await asyncio.sleep(float(words[0]))
        elif what == "edit":
            smaller = list(self._program.smaller())
            self._program = smaller[int(words[0]) % len(smaller)] if smaller else self._program
        elif what == "change":
            self._program = self._program.edited(int(words[0]))
            self._ledger.is_edited = True
        elif what == "reload":
            self._reload(daemon)
        elif what == "whole":
            self._program = self._schedule.program
        elif what == "fault":
            self._kernel.faults.refuse(words[0] == "read", int(words[1]), getattr(errno, words[2]))
        elif what == "die":
            self._kernel.faults.die(words[0], int(words[1]), words[2] == "after")
        elif what == "tear":
            self._kernel.faults.tear(int(words[0]))
        elif what == "silence":
            self._kernel.faults.silence(int(words[0]))
        elif what in ("lose", "double", "swap"):
            self._ledger.is_deaf = self._ledger.is_deaf or what == "lose"
            for socket in self._kernel.daemons():
                socket.disturb(what, int(words[0]))
        elif what == "late":
            for socket in self._kernel.daemons():
                socket.hold_back(float(words[0]))
        else:
            self._do(step)

    def _reload(self, daemon: Daemon) -> None:
        """Have the daemon go on with the program as it is now, unless that is none."""
        try:
            is_done = daemon.reload(self._program.text)
        except Refusals as refusals:
            self._story.tell(f"the program is refused: {refusals}")
            return
        if is_done:
            self._ledger.changed()
            self._runs = self._program

    def _do(self, step: Step) -> None:
        """Let others do something."""
        self._ledger.is_unmarked = self._ledger.is_unmarked or (
            self._daemon is not None and step[:2] == ("addr", "life")
        )
        try:
            self._others.do(step)
        except NotModelled as missing:
            self._kernel.missing = str(missing)

    def _calm(self) -> None:
        """Let nothing go wrong any more."""
        self._kernel.faults.stop()
        for socket in self._kernel.daemons():
            socket.behave()

    def _restart(self) -> Daemon:
        """Kill the daemon, and let the next one begin on the same kernel."""
        assert self._daemon is not None
        self._killed.append(self._daemon)
        if not self._daemon.is_killed:
            self._die()
        try:
            self._daemon = self._start()
        except Refusals:  # of what is left of the program: it was edited so that it is none
            self._program = self._schedule.program
            self._daemon = self._start()
        return self._daemon

    def _start(self) -> Daemon:
        compiled(self._program.text)  # nothing is begun with a program that is refused
        self._story.tell("a daemon begins")
        found = UndoJournal(self._journal, Identity("boot", "namespace"))
        journal = MortalJournal(found, self._kernel.faults)
        self._runs = self._program
        return Daemon(self._program.text, self._kernel, self._story, journal, self._planted)

    def _broken(self, loop: asyncio.AbstractEventLoop, said: dict[str, Any]) -> None:
        """Note what nobody caught; a daemon that was killed from within says anything before it is gone."""
        if self._daemon is None or not self._daemon.is_killed:
            self._ledger.blame(f"bug: {said.get('exception', said)!r}")

    def _doubtful(self) -> set[Key]:
        """Return what was about to be done when a daemon was killed, until the next one has made up its mind."""
        return self._daemon.journal.doubtful if self._daemon is not None else set()

    def _troubles(self) -> int:
        """Return how often something went wrong on purpose, or because a program is at odds with itself."""
        daemons = {*self._killed, self._daemon}
        return self._kernel.faults.happened + sum(one.seen.fights for one in daemons if one is not None)

    def _die(self) -> None:
        """Kill the daemon, wherever it is."""
        if self._daemon is not None:
            self._story.tell("the daemon is killed")
            were_up = {one.title for one in self._daemon.seen.statements() if one.state == UP}
            self._daemon.kill(self._playing)
            self._ledger.crashed(self._kernel.now, self._kernel.spoiled(), were_up)

    async def _check_standing(self, daemon: Daemon) -> None:
        """Look at what stands; what is missing may be missed a moment later, where statements undo each other."""
        missing = daemon.ports.asked.missing()
        if missing:
            await asyncio.sleep(_CALM_S)
            missing = {one: what for one, what in daemon.ports.asked.missing().items() if one in missing}
        for what in (*daemon.stuck(), *missing.values()):
            self._ledger.blame(what)
        if not daemon.seen.fights:  # else who comes first has what two want, and that may be the other one now
            self._ledger.check_kept(self._kernel.now)
        if not (self._troubles() or daemon.engine.retrying) and daemon.ports.asked.is_disjoint:
            self._standing = self._kernel.text()

    def _check_end(self, daemon: Daemon) -> None:
        if daemon.engine.stopped and daemon.recovery.is_left:  # the program has not settled
            daemon.sweep()
        if not daemon.engine.stopped:
            self._ledger.blame("stuck: it has not ended")
            for what in daemon.stuck():
                self._ledger.blame(what)
            return
        self._kernel.look()
        self._ledger.check_end(self._kernel.now)
        for what in daemon.unswept:
            self._ledger.blame(f"left over: {what}")
        if daemon.journal.live and not self._ledger.may_stay:
            self._ledger.blame(f"left over: {daemon.journal.live} is in the undo journal")
        for what in daemon.left_over():
            self._ledger.blame(what)

    async def _close(self) -> None:
        assert self._daemon is not None
        for what in self._daemon.seen.faults:
            self._ledger.blame(f"bug: {what}")
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if left and self._daemon.engine.stopped and not self._killed:
            self._ledger.blame(f"left over: {len(left)} tasks are left")
        self._kernel.account = None
        self._daemon.close()
        for task in left:
            task.cancel()
        if left:
            await asyncio.gather(*left, return_exceptions=True)
        self._others.close()
        with suppress(FileNotFoundError):
            os.unlink(self._journal)

    def _outcome(self, void: str) -> Outcome:
        wrong = [] if void else self._ledger.wrong
        return Outcome(wrong, void, self._kernel.writes, self._story.lines, self._runs, self._standing)


@cache
def _folder() -> TemporaryDirectory[str]:
    """Return where undo journals are, in memory if that can be had, until this process and those it began are gone."""
    return TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)


def _sound(daemon: Daemon) -> None:
    """Plant nothing."""


def run(
    schedule: Schedule,
    kernel: type[WatchedKernel] = WatchedKernel,
    planted: Planted = _sound,
    told: bool = False,
) -> Outcome:
    """Run a schedule, and say what went wrong; if asked for, also what happened.

    Shapes: planted is called with each daemon before it begins, to plant a fault in it.
    """
    outcome = _played(schedule, kernel, planted, told)
    if schedule.is_of_reloads and outcome.standing is not None and not outcome.wrong:
        fresh = _played(Schedule(schedule.before, outcome.program, ()), kernel, planted, False)
        if fresh.standing is not None and fresh.standing != outcome.standing:
            differs = set(fresh.standing.splitlines()) ^ set(outcome.standing.splitlines())
            outcome.wrong.append(f"unlike a new start: {sorted(differs)}")
    return outcome


def _played(schedule: Schedule, kernel: type[WatchedKernel], planted: Planted, told: bool) -> Outcome:
    loop = InstantLoop()
    try:
        playing: Any = Run(schedule, kernel(), Story(told), planted).play()
        outcome: Outcome = loop.run_until_complete(playing)
    finally:
        loop.close()
    return outcome
