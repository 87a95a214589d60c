"""A program that runs in a lab."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable

from netstrata.values import Unavailable

PAUSE_S = 0.004
TIMEOUT_S = 60  # of a machine that does much else; who sees what he waits for waits no longer


def wait_until(what: str, holds: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
    """Return as soon as something holds that nobody announces.

    Raises: Unavailable, if it still does not when the time is over.
    """
    end = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > end:
            raise Unavailable(f"see {what}", f"not within {timeout_s:g} s")
        time.sleep(PAUSE_S)


def output_file(name: str) -> int:
    """Return a file in memory that several programs may write to at once, without losing a line.

    Linux keeps writers apart that share the place they are at in a file on a disk, but not in one of memfd_create(2):
    of 200,000 lines from two programs, 3,400 were lost (6.18).  What is appended is kept apart everywhere.
    """
    output = os.memfd_create(name)
    fcntl.fcntl(output, fcntl.F_SETFL, fcntl.fcntl(output, fcntl.F_GETFL) | os.O_APPEND)
    return output


class Child:
    """One running program, with its output kept in memory."""

    __slots__ = ("_output", "_popen", "_printed", "name")

    def __init__(self, name: str, popen: "subprocess.Popen[bytes]", output: int) -> None:
        """Take over a started program and the file that it writes to."""
        self.name = name
        self._popen = popen
        self._output = output
        self._printed = ""

    @property
    def pid(self) -> int:
        """The process id, as this process sees it."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether the program has not ended yet."""
        return self._popen.poll() is None

    def output(self) -> str:
        """Return what the program has printed so far, both streams in one."""
        if self._output < 0:
            return self._printed
        size = os.fstat(self._output).st_size
        return os.pread(self._output, size, 0).decode(errors="replace")

    def wait_output(self, text: str, timeout_s: float = TIMEOUT_S) -> None:
        """Wait until the program has printed some text.

        Raises: Unavailable, with what it did print.
        """

        def printed() -> bool:
            if text in self.output():
                return True
            if not self.running:
                raise Unavailable(
                    f"start {self.name}", f"it ended with status {self.status()}: {self.output().strip()}"
                )
            return False

        try:
            wait_until(f"{text!r} from {self.name}", printed, timeout_s)
        except Unavailable as problem:
            if not self.running:  # that has its output in it
                raise
            raise Unavailable(problem.operation, f"{problem.reason}: {self.output().strip()}") from None

    def status(self, timeout_s: float = TIMEOUT_S) -> int:
        """Wait for the end and return the exit status; a signal's number is negative.

        Raises: Unavailable, if it does not end.
        """
        try:
            status = self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise Unavailable(f"see {self.name} end", f"not within {timeout_s:g} s") from None
        self._let_go()
        return status

    def signal(self, number: int) -> None:
        """Send a signal, if the program still runs."""
        self._popen.send_signal(number)

    def end(self, timeout_s: float = TIMEOUT_S) -> int:
        """Ask the program to end, insist after a while, and return its exit status."""
        self.signal(signal.SIGTERM)
        try:
            return self.status(timeout_s)
        except Unavailable:
            self.signal(signal.SIGKILL)
            return self.status()

    def close(self) -> None:
        """Reap the program, which somebody else has killed or is about to."""
        self._popen.wait()
        self._let_go()

    def _let_go(self) -> None:
        if self._output >= 0:
            self._printed = self.output()
            os.close(self._output)
            self._output = -1
