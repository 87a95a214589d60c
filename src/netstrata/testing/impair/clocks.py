"""Time: clocks that jump, a daemon that stands still, a kernel that is slow, and signals by the thousand."""

import os
import selectors
import signal
import subprocess
import time
from typing import Any

from netstrata.testing.impair.impairment import impairment
from netstrata.testing.impair.seams import Seams
from netstrata.testing.impair.turns import Turns
from netstrata.testing.impair.wrapped import Wrapped

AT_WILL = (signal.SIGWINCH, signal.SIGCHLD, signal.SIGCONT, signal.SIGURG)  # which nobody means to end anything with


@impairment
def wall_clock_jumps(seams: Seams, *, by_s: float, during: str = "") -> None:
    """Have the clock on the wall be ahead, or behind, while a file is there (CLOCK_REALTIME)."""
    turns = Turns(1, 0, during)
    seams.calls(time, "time", lambda real: lambda: real() + (by_s if turns.is_on else 0.0))


@impairment
def boot_clock_jumps(seams: Seams, *, by_s: float, during: str = "") -> None:
    """Have more time gone by than the event loop has seen, as after a suspend (CLOCK_BOOTTIME)."""
    turns = Turns(1, 0, during)

    def wrapped(real: Any) -> Any:
        def clock_gettime(clock: int, /) -> float:
            now: float = real(clock)
            return now + by_s if clock == time.CLOCK_BOOTTIME and turns.is_on else now

        return clock_gettime

    seams.calls(time, "clock_gettime", wrapped)


@impairment
def fast_time(seams: Seams, *, by: float) -> None:
    """Have the daemon's time run faster by a factor: its clocks, and what it waits for."""
    for name in ("monotonic", "time"):
        seams.calls(time, name, lambda real: _faster(real, by, real()))
    seams.calls(time, "monotonic_ns", lambda real: lambda: int(time.monotonic() * 1e9))

    def boot_clock(real: Any) -> Any:
        faster = _faster(lambda: real(time.CLOCK_BOOTTIME), by, real(time.CLOCK_BOOTTIME))
        return lambda clock: faster() if clock == time.CLOCK_BOOTTIME else real(clock)

    def waiting(real: Any) -> Any:
        return lambda selector, timeout=None: real(selector, timeout and timeout / by)

    seams.calls(time, "clock_gettime", boot_clock)
    seams.calls(selectors.EpollSelector, "select", waiting)


def _faster(real: Any, by: float, began: float) -> Any:
    return lambda: began + (real() - began) * by


@impairment
def stands_still(seams: Seams, *, for_s: float = 0.3, n: int = 1, times: int = 1, during: str = "") -> None:
    """Stop the daemon for a while (SIGSTOP) before it asks the kernel for something."""
    script = f"kill -STOP {os.getpid()}; sleep {for_s}; kill -CONT {os.getpid()}"
    _before_asking(seams, Turns(n, times, during), lambda: subprocess.run(["/bin/sh", "-c", script], check=True))


@impairment
def signal_storm(seams: Seams, *, count: int = 1000, n: int = 1, times: int = 1, during: str = "") -> None:
    """Send the daemon thousands of signals that mean nothing, before it asks the kernel for something."""

    def storm() -> None:
        for number in range(count):
            os.kill(os.getpid(), AT_WILL[number % len(AT_WILL)])

    _before_asking(seams, Turns(n, times, during), storm)


@impairment
def slow_kernel(seams: Seams, *, by_ms: int = 20, n: int = 1, times: int = 1, during: str = "") -> None:
    """Have the kernel take its time for what it is asked."""
    _before_asking(seams, Turns(n, times, during), lambda: time.sleep(by_ms / 1000))


def _before_asking(seams: Seams, turns: Turns, act: Any) -> None:
    class Acting(Wrapped):
        def send(self, data: bytes, flags: int = 0, /) -> int:
            if turns.is_next():
                act()
            return self.real.send(data, flags)

    seams.sockets.append(lambda opens: lambda kind, protocol: Acting(opens(kind, protocol)))
