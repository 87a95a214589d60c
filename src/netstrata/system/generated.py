"""Files that are generated for programs: in one directory that only we can enter, each locked while it is needed.

A file that nobody has locked was left behind by a daemon that crashed.
"""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from netstrata.contract import Running, running
from netstrata.values import Unavailable

DIRECTORY = "generated"
_LARGEST = 1 << 24  # bytes that are shown


class GeneratedFile:
    """One file, for as long as a statement needs it."""

    __slots__ = ("_descriptor", "changed", "name", "path", "size", "statement")

    def __init__(self, name: str, path: str, statement: Running | None) -> None:
        """Know where it will be; there is none before it is written.

        Shapes: size is in bytes, changed in seconds of wall time.
        """
        self.name = name
        self.path = path
        self.statement = statement
        self.size = 0
        self.changed = 0.0
        self._descriptor = -1

    def write(self, text: str) -> None:
        """Put a content in its place in one stroke.

        Raises: OSError; what was there is there still.
        """
        data = text.encode("utf-8", "surrogateescape")
        temporary = f"{self.path}.new"
        descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            os.rename(temporary, self.path)
        except BaseException:
            os.close(descriptor)
            raise
        self._close()
        self._descriptor = descriptor
        self.size = len(data)
        self.changed = time.time()

    def read(self) -> str:
        """Return what it holds now, "" if somebody has taken it away."""
        try:
            with open(self.path, "rb") as file:
                return file.read(_LARGEST).decode("utf-8", "backslashreplace")
        except OSError:
            return ""

    def remove(self) -> None:
        """Take it away."""
        for path in (self.path, f"{self.path}.new"):
            with suppress(OSError):
                os.unlink(path)
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
    def held_file(self, name: str) -> Iterator[GeneratedFile]:
        """Have a file of this name written and, on the way back, removed; `name` has no slash.

        Raises: Unavailable if another statement has one of that name, or the directory is not for us alone.
        """
        path = f"{self._directory}/{name}"
        if name in self.held:
            raise Unavailable(f"write {path}", "another statement does")
        try:
            self._make_directory()
        except OSError as error:
            raise Unavailable(f"use {self._directory}", error.strerror or str(error), error.errno or 0) from None
        file = self.held[name] = GeneratedFile(name, path, running())
        try:
            yield file
        finally:
            file.remove()
            del self.held[name]
            if not self.held:
                with suppress(OSError):
                    os.rmdir(self._directory)

    def _make_directory(self) -> None:
        with suppress(FileExistsError):
            os.makedirs(os.path.dirname(self._directory), 0o755, exist_ok=True)
            os.mkdir(self._directory, 0o700)
        found = os.lstat(self._directory)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise OSError(0, "it is no directory of ours")
        if stat.S_IMODE(found.st_mode) != 0o700:
            os.chmod(self._directory, 0o700)


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
