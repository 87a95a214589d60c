"""One schedule, run: the daemon and the others take turns, and what must hold is looked at."""

import asyncio
import errno
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from netstrata.language.refusals import Refusals
from netstrata.system.undo_journal import UndoJournal
from netstrata.system.undo_journal.identity import Identity
from netstrata.testing.model import NotModelled
from netstrata.testing.schedules.account import Ledger
from netstrata.testing.schedules.clock import InstantLoop
from netstrata.testing.schedules.daemon import Daemon
from netstrata.testing.schedules.journal import MortalJournal
from netstrata.testing.schedules.kernel import WatchedKernel
from netstrata.testing.schedules.others import Others
from netstrata.testing.schedules.schedule import Schedule, Step

CARDS = ("eth0", "eth1")
_SETTLED_S = 0.3
_CALM_S = 6.0  # for every retry, and for what is looked at now and then
_END_S = 30.0
_POLL_S = 0.05


class Outcome(NamedTuple):
    """How one schedule went."""

    wrong: list[str]  # what must never be
    void: str  # why nothing can be said of it, "" if something can
    writes: int  # of the daemon
    account: list[str]  # what was written, by whom


class Run:
    """One schedule that runs."""

    def __init__(self, schedule: Schedule, kernel: WatchedKernel) -> None:
        """Prepare the kernel."""
        self._schedule = schedule
        self._ledger = Ledger()
        self._kernel = kernel
        self._others = Others(self._kernel)
        self._daemon: Daemon | None = None
        self._killed: list[Daemon] = []
        self._playing: asyncio.Task[Any] | None = None
        self._folder = TemporaryDirectory() if schedule.crashes else None
        kernel.faults.on_death = self._die

    async def play(self) -> Outcome:
        """Play it from the start to the end."""
        loop = asyncio.get_running_loop()
        self._playing = asyncio.current_task()
        loop.set_exception_handler(lambda _, said: self._ledger.blame(f"bug: {said.get('exception', said)!r}"))
        for name in CARDS:
            self._kernel.plug(name)
        for step in self._schedule.before:
            self._do(step)
        self._kernel.look()
        self._kernel.account = self._ledger
        try:
            self._daemon = self._start()
        except Refusals as refusals:
            return self._outcome(f"the program is refused: {refusals}")
        try:
            await self._steps(self._daemon)
        finally:
            await self._close()
        return self._outcome(self._kernel.missing or ("it goes on and on" if self._daemon.endless else ""))

    async def _steps(self, daemon: Daemon) -> None:
        ended = False
        for step in self._schedule.steps:
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
            await asyncio.sleep(_CALM_S)
            if daemon.is_killed:
                daemon = self._restart()
                await asyncio.sleep(_CALM_S)
            await self._check_standing(daemon)
            daemon.end()
        await self._wait_end(daemon)
        self._calm()
        if daemon.is_killed:
            daemon = self._restart()
            await asyncio.sleep(_CALM_S)
            daemon.end()
            await self._wait_end(daemon)
        await asyncio.sleep(_SETTLED_S)
        self._check_end(daemon)

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
        elif what == "fault":
            self._kernel.faults.refuse(words[0] == "read", int(words[1]), getattr(errno, words[2]))
        elif what == "die":
            self._kernel.faults.die(words[0], int(words[1]), words[2] == "after")
        elif what == "tear":
            self._kernel.faults.tear(int(words[0]))
        elif what == "silence":
            self._kernel.faults.silence(int(words[0]))
        elif what in ("lose", "double", "swap"):
            for socket in self._kernel.daemons():
                socket.disturb(what, int(words[0]))
        elif what == "late":
            for socket in self._kernel.daemons():
                socket.hold_back(float(words[0]))
        else:
            self._do(step)

    def _do(self, step: Step) -> None:
        """Let others do something."""
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
        self._daemon = self._start()
        return self._daemon

    def _start(self) -> Daemon:
        journal: MortalJournal | None = None
        if self._folder is not None:
            found = UndoJournal(f"{self._folder.name}/journal", Identity("boot", "namespace"))
            journal = MortalJournal(found, self._kernel.faults)
        return Daemon(self._schedule.program.text, self._kernel, journal)

    def _die(self) -> None:
        """Kill the daemon, wherever it is."""
        if self._daemon is not None:
            self._daemon.kill(self._playing)
            self._ledger.crashed(self._kernel.now)

    async def _check_standing(self, daemon: Daemon) -> None:
        """Look at what stands; what is missing may be missed a moment later, where statements undo each other."""
        missing = daemon.ports.asked.missing()
        if missing:
            await asyncio.sleep(_CALM_S)
            missing = {one: what for one, what in daemon.ports.asked.missing().items() if one in missing}
        for what in (*daemon.stuck(), *missing.values()):
            self._ledger.blame(what)
        waits = "sleep(" in self._schedule.program.text or self._kernel.faults.happened
        self._ledger.check_kept(self._kernel.now, waits)

    def _check_end(self, daemon: Daemon) -> None:
        if not daemon.engine.stopped:
            self._ledger.blame("stuck: it has not ended")
            for what in daemon.stuck():
                self._ledger.blame(what)
            return
        self._kernel.look()
        self._ledger.check_end(self._kernel.now)
        for what in daemon.unswept:
            self._ledger.blame(f"left over: {what}")
        if daemon.journal is not None and daemon.journal.live and not self._may_be_left():
            self._ledger.blame(f"left over: {daemon.journal.live} is in the undo journal")
        for what in daemon.left_over():
            self._ledger.blame(what)

    def _may_be_left(self) -> bool:
        """Whether something that had to be undone was refused, so that it is left to the next daemon."""
        return self._ledger.forgives or self._kernel.faults.happened

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
        if self._folder is not None:
            self._folder.cleanup()

    def _outcome(self, void: str) -> Outcome:
        return Outcome([] if void else self._ledger.wrong, void, self._kernel.writes, self._ledger.wrote)


def run(schedule: Schedule, kernel: type[WatchedKernel] = WatchedKernel) -> Outcome:
    """Run a schedule, and say what went wrong."""
    loop = InstantLoop()
    try:
        playing: Any = Run(schedule, kernel()).play()
        outcome: Outcome = loop.run_until_complete(playing)
    finally:
        loop.close()
    return outcome
