"""Files that are generated for programs: in one directory that only we can enter, each locked while it is needed.

A file that nobody has locked was left behind by a daemon that crashed.  What somebody else makes of one is noticed: it
is written again, and that is told, because the program may have read it meanwhile.
"""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from netstrata.contract import Holder
from netstrata.system.filesystem import atomic_file
from netstrata.system.filesystem.atomic_file import PRIVATE
from netstrata.system.filesystem.file_guard import FileGuard
from netstrata.system.filesystem.places import make_private_directory, opened, read_file
from netstrata.values import Unavailable

DIRECTORY = "generated"
_LARGEST = 1 << 24  # bytes that are shown


class GeneratedFile:
    """One file, for as long as a statement needs it."""

    in_place = False  # another one is put in its place

    __slots__ = ("_data", "_descriptor", "_guard", "changed", "name", "path", "size", "statement")

    def __init__(self, name: str, path: str, statement: Holder | None) -> None:
        """Take its path; there is no file before it is written.

        Shapes: size is in bytes, changed in seconds of wall time.
        """
        self.name = name
        self.path = path
        self.statement = statement
        self.size = 0
        self.changed = 0.0
        self._data = b""
        self._descriptor = -1
        self._guard: FileGuard | None = None

    def write(self, text: str) -> None:
        """Put a content in its place in one stroke, and have it stay.

        Raises: OSError; what was there is there still.
        """
        self._put(text.encode("utf-8", "surrogateescape"))
        if self._guard is None and self.statement is not None:
            try:
                self._guard = FileGuard(self, self._repair)
            except OSError as error:
                self.statement.note(f"{self.path} is not watched for changes: {error.strerror}")

    def is_ours(self) -> bool:
        """Say whether it is as it was written."""
        return atomic_file.is_whole(self.path, self._data, PRIVATE)

    def _put(self, data: bytes) -> None:
        kept = -1
        try:
            with opened(self.path) as place, atomic_file.beside(place, data, PRIVATE) as descriptor:
                kept = os.dup(descriptor)
                fcntl.flock(kept, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            if kept >= 0:
                os.close(kept)
            raise
        self._close()
        self._descriptor = kept
        self._data = data
        self.size = len(data)
        self.changed = time.time()

    def _repair(self, wait_s: float) -> None:
        """Write again what somebody has overwritten."""
        did = f"{self.path} was changed by somebody else"
        try:
            self._put(self._data)
        except OSError as error:
            did = f"{did}, and cannot be written: {error.strerror}"
        else:
            did = f"{did}; written again (not again for {wait_s:.0f} s)"
        if self.statement is not None:
            self.statement.note(did)

    def read(self) -> str:
        """Return what it holds now, "" if somebody has taken it away."""
        try:
            return read_file(self.path, _LARGEST).decode("utf-8", "backslashreplace")
        except OSError:
            return ""

    def remove(self) -> None:
        """Take it away."""
        if self._guard is not None:
            self._guard.close()
            self._guard = None
        with suppress(OSError):
            os.unlink(self.path)
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class GeneratedFiles:
    """All files that are generated now, by name."""

    def __init__(self, run: str) -> None:
        """Take the directory for what lives as long as the daemon."""
        self._directory = f"{run}/{DIRECTORY}"
        self.held: dict[str, GeneratedFile] = {}

    @contextmanager
    def held_file(self, name: str, who: Holder | None = None) -> Iterator[GeneratedFile]:
        """Have a file of this name written for a statement and, on the way back, removed; `name` has no slash.

        Raises: Unavailable if another statement has one of that name, or the directory is not for us alone.
        """
        path = f"{self._directory}/{name}"
        if name in self.held:
            raise Unavailable(f"write {path}", "another statement does")
        try:
            make_private_directory(self._directory)
        except OSError as error:
            raise Unavailable(f"use {self._directory}", error.strerror or str(error), error.errno or 0) from None
        file = self.held[name] = GeneratedFile(name, path, who)
        try:
            yield file
        finally:
            file.remove()
            del self.held[name]
            if not self.held:
                with suppress(OSError):
                    os.rmdir(self._directory)


def remove_stale(run: str) -> list[str]:
    """Remove the files that a daemon left behind which is gone, and return their names."""
    directory = f"{run}/{DIRECTORY}"
    removed: list[str] = []
    with suppress(OSError):
        for name in sorted(os.listdir(directory)):
            if _is_stale(f"{directory}/{name}"):
                os.unlink(f"{directory}/{name}")
                removed.append(name)
        os.rmdir(directory)
    return removed


def _is_stale(path: str) -> bool:
    """Say whether it is a file that nobody has locked."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:
        return False
    finally:
        os.close(descriptor)
