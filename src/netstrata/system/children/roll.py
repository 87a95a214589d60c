"""Children that must not outlive us, on a file: after a crash the next daemon ends them before it starts its own.

A process is known by its id and the time at which it started, which no other one has until the next boot.
A file that nobody has locked is that of a daemon that is gone.  Source: proc_pid_stat(5), flock(2).
"""

import fcntl
import os
import select
import signal
import time
from contextlib import suppress

from netstrata.system.places import open_file

GRACE_S = 3.0  # from SIGTERM to SIGKILL: they have nobody who would wait longer, and the new ones are waited for
_START = 19  # of the words behind the program's name


class Roll:
    """One for each daemon; the file is there while there are such children."""

    __slots__ = ("_called", "_descriptor", "_path")

    def __init__(self, path: str) -> None:
        """Know where the file is."""
        self._path = path
        self._descriptor = -1
        self._called: dict[int, str] = {}

    def call(self, pid: int) -> None:
        """Add a child."""
        started = _started(pid)
        if started and self._open():
            self._called[pid] = started
            self._write()

    def strike(self, pid: int) -> None:
        """Remove a child that has ended."""
        if self._called.pop(pid, None) is not None:
            self._write()

    def end_left(self) -> list[int]:
        """End those of a daemon that is gone, and return their ids; nothing if their daemon runs."""
        if not os.path.exists(self._path) or not self._open():
            return []
        left = [pid for pid, started in self._read() if _started(pid) == started]
        descriptors = _pidfds(left)
        for number, wait_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, GRACE_S)):
            _signal_groups(descriptors, number)
            _wait(descriptors, wait_s)
        for descriptor in descriptors.values():
            os.close(descriptor)
        self._write()
        return left

    def _open(self) -> bool:
        """Say whether the file is ours."""
        if self._descriptor >= 0:
            return True
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            descriptor = open_file(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def _read(self) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        with suppress(OSError):
            boot, *lines = os.pread(self._descriptor, 1 << 20, 0).decode("ascii", "replace").split("\n")
            for line in lines[:-1] if boot == _boot() else []:  # what stands behind the last line feed is torn
                pid, _, started = line.partition(" ")
                if pid.isdigit() and started.isdigit():
                    found.append((int(pid), started))
        return found

    def _write(self) -> None:
        if self._descriptor < 0:
            return
        with suppress(OSError):
            if self._called:
                lines = [_boot(), *(f"{pid} {started}" for pid, started in self._called.items()), ""]
                os.ftruncate(self._descriptor, 0)
                os.pwrite(self._descriptor, "\n".join(lines).encode(), 0)
                return
            os.unlink(self._path)
        if not self._called:
            os.close(self._descriptor)
            self._descriptor = -1


def _started(pid: int) -> str:
    """Return when a process has started, in ticks since the boot; "" if there is none, or it has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            words = file.read().rpartition(b") ")[2].split()
        return "" if words[0] in (b"Z", b"X") else words[_START].decode()
    except (OSError, IndexError):
        return ""


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _pidfds(pids: list[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for pid in pids:
        with suppress(OSError):
            found[pid] = os.pidfd_open(pid)
    return found


def _signal_groups(descriptors: dict[int, int], number: signal.Signals) -> None:
    """Signal those that have not ended: SIGTERM to them alone, SIGKILL to their whole groups."""
    for pid, descriptor in descriptors.items():
        if not select.select([descriptor], [], [], 0)[0]:
            with suppress(OSError):
                signal.pidfd_send_signal(descriptor, number)
            if number == signal.SIGKILL:
                with suppress(OSError):
                    os.killpg(pid, number)


def _wait(descriptors: dict[int, int], longest_s: float) -> None:
    """Wait until all have ended, or the time is over."""
    until = time.monotonic() + longest_s
    waiting = set(descriptors.values())
    while waiting and (left_s := until - time.monotonic()) > 0:
        waiting -= set(select.select(list(waiting), [], [], left_s)[0])
