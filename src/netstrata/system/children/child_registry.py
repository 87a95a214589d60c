"""Children that must not outlive us, on a file: after a crash the next daemon ends them before it starts its own.

A process is known by its id and the time at which it started, which no other one has until the next boot.
A file that nobody has locked is that of a daemon that is gone.

Tools, which change something and end, are not in the file: they inherit its descriptor, and with it the lock.  So the
lock is free only when the last of them has ended, with all that they have started, and there is no moment between the
start of one and a line that tells of it.  Its daemon, which the file names, is known to be gone without the lock.

Source: proc_pid_stat(5), proc_pid_fd(5), flock(2): a lock is that of an open file description.
"""

import fcntl
import os
from contextlib import suppress

from netstrata.system.children.orphans import end_all, lockers_of, started_at
from netstrata.system.filesystem.places import open_file

ROUNDS = 10  # of looking who has the file open: those that are ended may just have started others


class ChildRegistry:
    """One for each daemon; the file is there while there are such children."""

    __slots__ = ("_called", "_descriptor", "_path", "_tools", "_us")

    def __init__(self, path: str) -> None:
        """Take the file's path."""
        self._path = path
        self._descriptor = -1
        self._called: dict[int, str] = {}
        self._tools = 0  # that run
        self._us = f"{_boot()} {os.getpid()} {started_at(os.getpid())}"

    def call(self, pid: int) -> None:
        """Add a child."""
        started = started_at(pid)
        if started and self._open():
            self._called[pid] = started
            self._write()

    def strike(self, pid: int) -> None:
        """Remove a child that has ended."""
        if self._called.pop(pid, None) is not None:
            self._write()
            self._close_unused()

    def begin_tool(self) -> tuple[int, ...]:
        """Let a tool begin; return what it must inherit, so that the next daemon finds it however early we end."""
        if not self._open():
            return ()
        if not self._tools and not self._called:
            self._write()
        self._tools += 1
        return (self._descriptor,)

    def end_tool(self, inherited: tuple[int, ...]) -> None:
        """Record that a tool has ended, or has not begun."""
        if inherited:
            self._tools -= 1
            self._close_unused()

    async def end_orphans(self) -> list[int]:
        """End those of a daemon that is gone, and return their ids; nothing if their daemon runs."""
        ended: list[int] = []
        for _ in range(ROUNDS):
            if self._open():
                left = [pid for pid, started in self._read() if started_at(pid) == started]
                await end_all(left)
                self._write()
                self._close_unused()
                return ended + left
            left = lockers_of(self._path) if self._is_orphan() else []
            if not left:
                break
            await end_all(left)
            ended += left
        return ended

    def _is_orphan(self) -> bool:
        """Say whether the daemon that the file is of is gone."""
        with suppress(OSError, ValueError), open(self._path, encoding="ascii") as file:
            boot, pid, started = file.readline().split()
            return boot != _boot() or started_at(int(pid)) != started
        return False

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
            head, *lines = os.pread(self._descriptor, 1 << 20, 0).decode("ascii", "replace").split("\n")
            same = head.partition(" ")[0] == _boot()
            for line in lines[:-1] if same else []:  # what stands behind the last line feed is torn
                pid, _, started = line.partition(" ")
                if pid.isdigit() and started.isdigit():
                    found.append((int(pid), started))
        return found

    def _write(self) -> None:
        if self._descriptor < 0:
            return
        lines = [self._us, *(f"{pid} {started}" for pid, started in self._called.items()), ""]
        data = "\n".join(lines).encode()
        with suppress(OSError):
            os.pwrite(self._descriptor, data, 0)  # before the rest goes: the first line is never missing
            os.ftruncate(self._descriptor, len(data))

    def _close_unused(self) -> None:
        if self._descriptor < 0 or self._called or self._tools:
            return
        with suppress(OSError):
            os.unlink(self._path)
        os.close(self._descriptor)
        self._descriptor = -1


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
