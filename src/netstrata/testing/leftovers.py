"""What is there before and after: kernel state and files of hosts, programs, open files."""

import os
import stat
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from netstrata.testing.namespaces import in_thread

if TYPE_CHECKING:
    from netstrata.testing.host import Host, Machine

_OPEN: Final = "open file"


class Snapshot(NamedTuple):
    """Everything that a well-behaved program leaves as it found it."""

    lines: frozenset[str]

    def differences(self, after: "Snapshot") -> list[str]:
        """Say what came (+) and what went (-); what was open in this process, and is closed, is nothing left."""
        came = [f"+ {line}" for line in after.lines - self.lines]
        gone = [f"- {line}" for line in self.lines - after.lines if not line.startswith(_OPEN)]
        return sorted(came + gone, key=lambda line: line[2:])


def take_snapshot(machine: "Machine", hosts: "Sequence[Host]") -> Snapshot:
    """Look at everything now."""
    lines: set[str] = set()
    for host in hosts:
        lines.update(f"{host.name}: {line}" for line in host.kernel().splitlines())
        lines.update(f"{host.name}: {line}" for line in _files(machine, host))
    lines.update(_programs(machine))
    lines.update(open_files())
    return Snapshot(frozenset(lines))


def _files(machine: "Machine", host: "Host") -> list[str]:
    """Return what the host has in directories of its own that the machine has not, and what it changed there."""

    def walk() -> list[str]:
        own = machine.enter_mounts(host.name)
        lines = []
        for directory in ("etc", "var/lib", "run"):
            for path, _, names in os.walk(f"{own}/{directory}"):
                lines += [f"file {path.removeprefix(own)}/{name} {_look(f'{path}/{name}')}" for name in names]
        return lines

    return in_thread(walk)


def _look(path: str) -> str:
    found = os.lstat(path)
    if stat.S_ISLNK(found.st_mode):
        return f"-> {os.readlink(path)}"
    if not stat.S_ISREG(found.st_mode):
        return stat.filemode(found.st_mode)[0]
    with open(path, "rb") as file:
        return f"{stat.filemode(found.st_mode)} {found.st_size} bytes, checksum {zlib.crc32(file.read()):08x}"


def _programs(machine: "Machine") -> list[str]:
    inode = os.fstat(machine.processes).st_ino
    lines = []
    for pid in os.listdir("/proc"):
        if pid.isdigit() and int(pid) != machine.first_pid:
            try:
                if os.stat(f"/proc/{pid}/ns/pid").st_ino == inode:
                    with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as name:
                        lines.append(f"program {name.read().strip()} {pid}")
            except OSError:
                continue  # it ended, or is nobody's business
    return lines


def open_files() -> set[str]:
    """Return the open files of this process."""
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{_OPEN} {fd} {os.readlink(f'/proc/self/fd/{fd}')}")
        except FileNotFoundError:
            continue  # the one that listed them
    return found
