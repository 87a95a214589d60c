"""Processes that a daemon which is gone has left: found, and ended without holding anybody up."""

import asyncio
import os
import signal
from contextlib import suppress

GRACE_S = 3.0  # from SIGTERM to SIGKILL: they have nobody who would wait longer, and the new ones are waited for
_START = 19  # of the words behind the program's name


def started_at(pid: int) -> str:
    """Return when a process has started, in ticks since the boot; "" if there is none, or it has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            words = file.read().rpartition(b") ")[2].split()
        return "" if words[0] in (b"Z", b"X") else words[_START].decode()
    except (OSError, IndexError):
        return ""


def lockers_of(path: str) -> list[int]:
    """Return the processes that share a lock of a file."""
    try:
        wanted = os.stat(path)
    except OSError:
        return []
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and _locks(f"/proc/{name}", wanted)]


def openers_of(path: str) -> list[int]:
    """Return the processes that have a file open."""
    try:
        wanted = os.stat(path)
    except OSError:
        return []
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and _opens(f"/proc/{name}", wanted)]


def _opens(folder: str, wanted: os.stat_result) -> bool:
    with suppress(OSError):
        for descriptor in os.listdir(f"{folder}/fd"):
            with suppress(OSError):
                if os.path.samestat(os.stat(f"{folder}/fd/{descriptor}"), wanted):
                    return True
    return False


def _locks(folder: str, wanted: os.stat_result) -> bool:
    """Say whether a process has a file open, and a lock with it, as its "fdinfo" says: proc_pid_fdinfo(5)."""
    with suppress(OSError):
        for descriptor in os.listdir(f"{folder}/fd"):
            with suppress(OSError):
                if os.path.samestat(os.stat(f"{folder}/fd/{descriptor}"), wanted):
                    with open(f"{folder}/fdinfo/{descriptor}", "rb") as file:
                        return b"FLOCK" in file.read()
    return False


async def end_all(pids: list[int]) -> None:
    """Send SIGTERM, and after a while SIGKILL to whole groups; return when they have ended, or will not."""
    waiting = {pid: _End(pid) for pid in pids}
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            there = [end for end in waiting.values() if not end.came.done()]
            for end in there:
                end.send(number)
            if there:
                await asyncio.wait([end.came for end in there], timeout=GRACE_S)
    finally:
        for end in waiting.values():
            end.close()


class _End:
    """The end of a process, by its pidfd."""

    __slots__ = ("_descriptor", "_pid", "came")

    def __init__(self, pid: int) -> None:
        self.came: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pid = pid
        self._descriptor = -1
        try:
            self._descriptor = os.pidfd_open(pid)
        except OSError:
            self.came.set_result(None)
        else:
            asyncio.get_running_loop().add_reader(self._descriptor, self._ended)

    def send(self, number: signal.Signals) -> None:
        """Signal it: SIGTERM to it alone, SIGKILL to its whole group."""
        with suppress(OSError):
            signal.pidfd_send_signal(self._descriptor, number)
        if number == signal.SIGKILL:
            with suppress(OSError):
                os.killpg(self._pid, number)

    def close(self) -> None:
        """Watch it no more."""
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _ended(self) -> None:
        self.close()
        self.came.set_result(None)
