"""What we have made in nftables, on a file that outlives us: after a crash the next daemon takes it over.

Without it a table or chain of a daemon that was killed would be in the way of the next one, and rules would be doubled;
deleting them first would leave a moment without a packet filter.  A thing is known by its handle and that of its table,
neither of which the kernel uses again in one network namespace of one boot.  What nobody takes over is deleted once the
program has had time to come up.

What the legacy programs have made has no handle: it is known by its words, and by their finding it where it was.

Shapes: a line of JSON for each change; the first tells boot and namespace.  A last line that is torn is ignored.
"""

import asyncio
import fcntl
import json
import os
import socket
import sys
from contextlib import suppress
from typing import NamedTuple

from netstrata.system.nftables.netlink import Requests
from netstrata.system.places import open_file
from netstrata.values import Unavailable

SETTLED_S = 30.0
_SO_NETNS_COOKIE = 71
BY_WORDS = "words"  # the kind of what has no handle in nftables
_LEAST_LINES = 4096  # the file is written anew when it is longer, and most of it is past


class Entry(NamedTuple):
    """Something that was made: by which words, and what it is; elements have no handle but that of their table."""

    key: str
    kind: str
    family: str
    table: str
    name: str
    of_table: int
    handle: int


class Journal:
    """One for each daemon; opened when it is first needed."""

    __slots__ = ("_descriptor", "_held", "_left", "_lines", "_opened", "_path", "_settled_s", "_tables", "_timer")

    def __init__(self, path: str, settled_s: float = SETTLED_S) -> None:
        """Know where the file is, and how long a program may take to ask for what is there."""
        self._settled_s = settled_s
        self._path = path
        self._descriptor = -1
        self._opened = False
        self._lines = 0
        self._held: dict[tuple[str, int], Entry] = {}
        self._tables: dict[tuple[str, str], int] = {}  # their handles, as far as they are known
        self._left: dict[str, list[Entry]] = {}  # of a daemon that has crashed, by key
        self._timer: asyncio.TimerHandle | None = None

    def claim(self, key: str) -> Entry | None:
        """Take over what a daemon before us has made by the same words, if it is still there."""
        self._open()
        entries = self._left.get(key)
        if not entries:
            return None
        entry = entries.pop(0)
        if not entries:
            del self._left[key]
        self._held[key, entry.handle] = entry
        return entry

    def made(self, key: str, kind: str, family: str, table: str, name: str, handle: int) -> None:
        """Remember what was made."""
        self._open()
        if self._descriptor < 0:
            return
        of_table = self._table(family, table) if kind != BY_WORDS else 0
        entry = Entry(key, kind, family, table, name, of_table, handle)
        self._held[key, handle] = entry
        self._write("+", entry)

    def gone(self, key: str, handle: int) -> None:
        """Forget what is no longer there, or no longer ours."""
        entry = self._held.pop((key, handle), None)
        if entry is not None:
            self._write("-", entry)
            self._close_unused()

    def tables_change(self) -> None:
        """Hear that a table was made or deleted."""
        self._tables.clear()

    def _table(self, family: str, table: str) -> int:
        if (family, table) not in self._tables:
            self._tables = _tables()
        return self._tables.get((family, table), 0)

    def _open(self) -> None:
        if self._opened:
            return
        self._opened = True
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            descriptor = open_file(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError:
            return  # nothing is remembered, then
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # that of another daemon, which runs
            os.close(descriptor)
            return
        self._descriptor = descriptor
        for entry in _there(_read(descriptor)):
            self._left.setdefault(entry.key, []).append(entry)
        self._write_anew()
        if self._left:
            self._timer = asyncio.get_running_loop().call_later(self._settled_s, self._sweep)

    def _sweep(self) -> None:
        """Delete what nobody has taken over: what was made last goes first."""
        left, self._left = self._left, {}
        entries = [entry for entries in left.values() for entry in entries]
        requests = Requests()
        try:
            for entry in sorted(entries, key=lambda entry: -entry.handle):
                if entry.handle:
                    requests.delete(entry.kind, entry.family, entry.table, entry.name, entry.handle)
        finally:
            requests.socket.close()
        self._write_anew()
        self._close_unused()

    def _close_unused(self) -> None:
        """Remove the file while there is nothing to remember."""
        if self._descriptor >= 0 and not self._held and not self._left:
            with suppress(OSError):
                os.unlink(self._path)
            os.close(self._descriptor)
            self._descriptor = -1
            self._opened = False

    def _write(self, sign: str, entry: Entry) -> None:
        if self._descriptor < 0:
            return
        self._lines += 1
        if self._lines > _LEAST_LINES and self._lines > 4 * len(self._held):
            self._write_anew()
        else:
            self._append([[sign, *entry]])

    def _write_anew(self) -> None:
        """Write only what is held, or left."""
        left = [entry for entries in self._left.values() for entry in entries]
        self._lines = len(self._held) + len(left)
        if self._descriptor < 0:
            return
        os.ftruncate(self._descriptor, 0)
        self._append([_here(), *(["+", *entry] for entry in (*left, *self._held.values()))])

    def _append(self, lines: list[list[object]]) -> None:
        data = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        try:
            os.write(self._descriptor, data)
        except OSError:  # a full disk: what is not remembered is as after a crash without a journal
            os.close(self._descriptor)
            self._descriptor = -1


def _here() -> list[object]:
    """Return what tells this boot and this network namespace from others; its number in /proc may be used again."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        with socket.socket(socket.AF_UNIX) as one:
            cookie = one.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8)
        return ["boot", boot, int.from_bytes(cookie, sys.byteorder)]
    except OSError:  # a kernel before 5.14: nothing is taken over
        return ["boot", "", os.getpid()]


def _read(descriptor: int) -> list[Entry]:
    """Return what a file says was made and not undone; nothing if it is of another boot, or makes no sense."""
    found: dict[Entry, None] = {}
    try:
        first, *lines = os.pread(descriptor, os.fstat(descriptor).st_size, 0).split(b"\n")
        if json.loads(first) != _here():
            return []
        for line in lines[:-1]:  # what stands behind the last line feed is torn
            sign, *fields = json.loads(line)
            entry = Entry(*fields)
            if sign == "+":
                found[entry] = None
            else:
                found.pop(entry, None)
    except (ValueError, TypeError, OSError):
        return []
    return list(found)


def _there(entries: list[Entry]) -> list[Entry]:
    """Return those that the kernel still has, as far as it can be asked."""
    by_words = [one for one in entries if one.kind == BY_WORDS]
    if len(by_words) == len(entries):
        return by_words
    there: set[tuple[str, str, str, int]] = set()
    try:
        requests = Requests()
        try:
            for kind in ("table", "chain", "rule", "set"):
                there.update((kind, one.family, one.table, one.handle) for one in requests.list(kind))
        finally:
            requests.socket.close()
    except Unavailable:
        return by_words
    standing = [one for one in entries if ("table", one.family, one.table, one.of_table) in there]
    return by_words + [
        one for one in standing if not one.handle or (one.kind, one.family, one.table, one.handle) in there
    ]


def _tables() -> dict[tuple[str, str], int]:
    """Return the handles of all tables."""
    try:
        requests = Requests()
        try:
            return {(one.family, one.table): one.handle for one in requests.list("table")}
        finally:
            requests.socket.close()
    except Unavailable:
        return {}
