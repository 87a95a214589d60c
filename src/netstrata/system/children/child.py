"""One child, from its start to its end."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from netstrata.system.children.lines import LineReader

NOT_ENDED = -2
BY_SIGNAL = -1


class Remembered(Protocol):
    """What the next daemon is to know of a child, if this one is killed."""

    @property
    def memory(self) -> bytes: ...
    def remember(self, memory: bytes) -> None: ...


class Child:
    """A program that was started, by us or by a daemon before us.

    Its end is learned from its pidfd and told once, in order, to all who wait.
    Nobody has to wait: it is reaped anyway.
    """

    __slots__ = ("_kill_timer", "_lines", "_loop", "_pidfd", "_waiting", "keeping", "name", "pid", "status", "verdict")

    def __init__(self, name: str, pid: int, pidfd: int, lines: LineReader | None) -> None:
        """Take over a child that was started, and its pidfd.

        Shapes: status is 0 to 255, BY_SIGNAL or NOT_ENDED; verdict completes "the program …".
        """
        self.name = name
        self.pid = pid
        self.status = NOT_ENDED
        self.verdict = "is running"
        self.keeping: Remembered | None = None  # for the next daemon
        self._pidfd = pidfd
        self._lines = lines
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Callable[[], None]] = []
        self._kill_timer: asyncio.TimerHandle | None = None
        if pidfd >= 0:
            self._loop.add_reader(pidfd, self._reap)

    @classmethod
    def stillborn(cls, name: str, reason: str) -> "Child":
        """Return a child that could not execute its program: to those who wait it ended as if by a signal."""
        child = cls(name, 0, -1, None)
        child._loop.call_soon(child._end, BY_SIGNAL, f"could not be executed: {reason}")
        return child

    @property
    def ended(self) -> bool:
        """Whether the program has ended and its end was told."""
        return self.status != NOT_ENDED

    @property
    def last_line(self) -> str:
        """The last line that was heard from it, "" if there was none or nobody listened."""
        return self._lines.last if self._lines is not None else ""

    def catch_up(self) -> None:
        """Hear now what it has said by now."""
        if self._lines is not None:
            self._lines.catch_up()

    def when_ended(self, call: Callable[[], None]) -> None:
        """Have something called at the end, which must not have come yet."""
        self._waiting.append(call)

    async def wait(self) -> int:
        """Wait for the end and return the status.  Cancelling this does nothing to the child."""
        if not self.ended:
            waiter = self._loop.create_future()

            def wake() -> None:
                if not waiter.done():
                    waiter.set_result(None)

            self._waiting.append(wake)
            try:
                await waiter
            finally:
                if not self.ended:
                    self._waiting.remove(wake)
        return self.status

    async def outlast(self, when_cancelled: Callable[[], None] | None = None) -> asyncio.CancelledError | None:
        """Wait for the end even when cancelled meanwhile; return the cancellation, which is the caller's to raise."""
        cancelled: asyncio.CancelledError | None = None
        while not self.ended:
            try:
                await self.wait()
            except asyncio.CancelledError as error:
                if cancelled is None and when_cancelled is not None and not self.ended:
                    when_cancelled()
                cancelled = error
        return cancelled

    def terminate(self) -> None:
        """Send SIGTERM to the child, and to it alone."""
        self._send(signal.SIGTERM)

    def reread(self) -> None:
        """Send SIGHUP to the child, and to it alone: by custom it reads its configuration again."""
        self._send(signal.SIGHUP)

    def kill(self) -> None:
        """Send SIGKILL to the child, and to it alone."""
        self._send(signal.SIGKILL)

    def stop(self, kill_after_s: float | None, note: Callable[[str], None]) -> None:
        """Send SIGTERM, and if that does not end it in time, SIGKILL to its whole group; None waits for ever."""
        self.terminate()
        self._kill_later(kill_after_s, note)

    def stop_group(self, kill_after_s: float, note: Callable[[str], None]) -> None:
        """Send SIGTERM to the child and its whole group, and if that does not end it in time, SIGKILL."""
        self._send_group(signal.SIGTERM)
        self._kill_later(kill_after_s, note)

    def _kill_later(self, kill_after_s: float | None, note: Callable[[str], None]) -> None:
        if kill_after_s is None or self.ended:
            return
        timer = self._kill_timer
        if timer is None or timer.when() > self._loop.time() + kill_after_s:
            if timer is not None:
                timer.cancel()
            self._kill_timer = self._loop.call_later(kill_after_s, self._kill_group, note, kill_after_s)

    def _send(self, number: signal.Signals) -> None:
        if self._pidfd < 0:
            return
        # If it has just ended, or has become somebody whom we may not signal, all that is left is to wait.
        with suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(self._pidfd, number)

    def _kill_group(self, note: Callable[[str], None], after_s: float) -> None:
        note(f"{self.name} has not ended {after_s:g} s after SIGTERM: SIGKILL to it and its group")
        self._send_group(signal.SIGKILL)
        self.kill()

    def _send_group(self, number: signal.Signals) -> None:
        if self.ended or not self.pid:
            return
        # A child that is not reaped yet has its id, which is its group's; one that was taken over, somebody else reaps.
        with suppress(ProcessLookupError, PermissionError):
            signal.pidfd_send_signal(self._pidfd, 0)
            os.killpg(self.pid, number)

    def _reap(self) -> None:
        try:
            end = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
        except ChildProcessError:  # it was started by a daemon before us
            self._end(BY_SIGNAL, "ended; its exit status is not known")
            return
        if end is None:
            return
        if end.si_code == os.CLD_EXITED:
            self._end(end.si_status, f"exited with status {end.si_status}")
        else:
            self._end(BY_SIGNAL, f"was ended by {_signal_name(end.si_status)}")

    def _end(self, status: int, verdict: str) -> None:
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        if self._kill_timer is not None:
            self._kill_timer.cancel()
            self._kill_timer = None
        if self._lines is not None:
            self._lines.take_left()
        self.status = status
        self.verdict = verdict
        waiting = self._waiting
        self._waiting = []
        for call in waiting:
            call()


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
