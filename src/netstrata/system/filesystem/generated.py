"""Files that are generated for programs: in one directory that only we can enter, or beside it, if all may read them.

What somebody else makes of one is noticed: it is written again, and that is told, because the program may have read it
meanwhile.  What a daemon that was killed has left is taken over as it is, if it is what would be written.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from netstrata.contract import Holder
from netstrata.system.filesystem import atomic_file
from netstrata.system.filesystem.atomic_file import PRIVATE, PUBLIC, Ownership
from netstrata.system.filesystem.file_guard import FileGuard
from netstrata.system.filesystem.places import make_private_directory, opened, read_file
from netstrata.system.held import NO_RECOVERY, Leaving, Recovery, Undoing, tell
from netstrata.system.held.wait_queues import PATHS
from netstrata.values import Awaited, Unavailable

DIRECTORY = "generated"
KIND = "generated file"  # in the undo journal
_LARGEST = 1 << 24  # bytes that are shown


class GeneratedFile:
    """One file, for as long as a statement needs it."""

    in_place = False  # another one is put in its place

    __slots__ = ("_data", "_guard", "_ownership", "_recovery", "changed", "name", "number", "path", "size", "statement")

    def __init__(
        self, name: str, path: str, statement: Holder | None, recovery: Recovery, ownership: Ownership = PRIVATE
    ) -> None:
        """Take its path; there is no file before it is written.

        Shapes: size is in bytes, changed in seconds of wall time.
        """
        self.name = name
        self._ownership = ownership
        self.path = path
        self.statement = statement
        self.size = 0
        self.changed = 0.0
        self._data = b""
        self._recovery = recovery
        self.number = 0  # in the undo journal
        self._guard: FileGuard | None = None

    def write(self, text: str) -> None:
        """Put a content in its place in one stroke, if it is not there, and have it stay.

        Raises: OSError; what was there is there still.
        """
        self._data = text.encode("utf-8", "surrogateescape")
        if not self.is_ours():
            self._put()
        self._recovery.journal.done(self.number)
        tell(self.statement, lambda: [f"write {self.path}"])
        found = os.stat(self.path, follow_symlinks=False)
        self.size = found.st_size
        self.changed = found.st_mtime
        if self._guard is None and self.statement is not None:
            try:
                self._guard = FileGuard(self, self._repair)
            except OSError as error:
                self.statement.note(f"{self.path} is not watched for changes: {error.strerror}")

    @property
    def undo_words(self) -> str:
        """What is done when it is not needed any more."""
        return f"remove {self.path}"

    def is_ours(self) -> bool:
        """Say whether it is as it was written."""
        return atomic_file.is_whole(self.path, self._data, self._ownership)

    def begin(self) -> None:
        """Say in the journal that it is ours from now on: there, or to be written."""
        key = os.fsencode(self.path)
        title = self.statement.title if self.statement is not None else ""
        left = self._recovery.claim(KIND, key)
        if left is not None:
            atomic_file.forget_unfinished_at(self.path)
            self.number = self._recovery.journal.adopt(left, title)
        else:
            self.number = self._recovery.journal.intend(KIND, key, b"", title)

    def _put(self) -> None:
        with opened(self.path) as place, atomic_file.beside(place, self._data, self._ownership):
            pass
        self.changed = time.time()

    def _repair(self, wait_s: float) -> None:
        """Write again what somebody has overwritten."""
        did = f"{self.path} was changed by somebody else"
        try:
            self._put()
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
        """Take it away, and the directory with the last one."""
        if self._guard is not None:
            self._guard.close()
            self._guard = None
        try:
            _remove(self.path)
        except OSError as error:
            if self.statement is not None:
                self.statement.note(f"cannot remove {self.path}: {error.strerror}; ignoring")
            tell(self.statement, lambda: [self.undo_words], error.strerror or str(error))
            self._recovery.leave(self.number, KIND, os.fsencode(self.path), b"", self.statement, done=True)
        else:
            self._recovery.journal.undone(self.number)
            tell(self.statement, lambda: [self.undo_words])


class GeneratedFiles:
    """All files that are generated now, by name."""

    def __init__(self, run: str, recovery: Recovery = NO_RECOVERY) -> None:
        """Take the directory for what lives as long as the daemon."""
        self._run = run
        self._directory = f"{run}/{DIRECTORY}"
        self._recovery = recovery
        recovery.knows(KIND, _remove_left)
        recovery.keeps(self)
        self.held: dict[str, GeneratedFile] = {}

    def undoing(self, leaving: Leaving) -> Iterator[Undoing | None]:
        """Say what becomes of all files if some who have them leave."""
        for file in list(self.held.values()):
            if file.statement is not None and file.statement in leaving:
                yield Undoing(file.statement, file.number, file.undo_words)
            else:
                yield None

    def path_of(self, name: str, *, is_public: bool = False) -> str:
        """Return where a file of that name is."""
        return f"{self._run}/{name}" if is_public else f"{self._directory}/{name}"

    @contextmanager
    def held_file(self, name: str, who: Holder | None = None, *, is_public: bool = False) -> Iterator[GeneratedFile]:
        """Have a file of this name written for a statement and, on the way back, removed; `name` has no slash.

        A public one can be read by a program that is nobody by then.
        Raises: Unavailable if another statement has one of that name, or the directory is not for us alone.
        """
        path = self.path_of(name, is_public=is_public)
        if name in self.held:
            raise Unavailable(f"write {path}", "another statement does", awaits=(Awaited(PATHS, (path,)),))
        ownership = PUBLIC if is_public else PRIVATE
        file = self.held[name] = GeneratedFile(name, path, who, self._recovery, ownership)
        file.begin()
        try:
            try:
                if is_public:
                    os.makedirs(self._run, 0o755, exist_ok=True)
                else:
                    make_private_directory(self._directory)
            except OSError as error:
                raise Unavailable(f"use {self._directory}", error.strerror or str(error), error.errno or 0) from None
            yield file
        finally:
            file.remove()
            del self.held[name]


def _remove(path: str) -> None:
    """Have no file at a path, nor the directory if it was the last one.

    Raises: OSError.
    """
    with suppress(FileNotFoundError), opened(path, last=False) as place:
        os.unlink(place.name, dir_fd=place.folder)
    with suppress(OSError):
        os.rmdir(os.path.dirname(path))


def _remove_left(key: bytes, undo: bytes) -> None:
    """Remove what a daemon has written that was killed, or what it was about to put in its place."""
    path = os.fsdecode(key)
    try:
        with opened(path, last=False) as place:
            atomic_file.forget_unfinished(place)
        _remove(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unavailable(f"remove {path}", error.strerror or str(error), error.errno or 0) from None
