"""A daemon that is killed at its n-th act: before a change of a file, or on either side of a word in its journal."""

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netstrata.system.filesystem.inotify import (
    ATTRIB,
    CLOSE_WRITE,
    CREATE,
    DELETE,
    MODIFY,
    MOVED_FROM,
    MOVED_TO,
    FileChange,
    Inotify,
)
from netstrata.system.held import Recovery
from netstrata.system.undo_journal import Entry, Identity, UndoJournal

Act = Callable[[Recovery], Awaitable[object]]
NEVER = 0
_CHANGES = {"open", "os.link", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink", "os.chmod", "os.chown"}
_ALL = MODIFY | ATTRIB | CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE


class Aim:
    """Counts acts, and kills at one of them."""

    def __init__(self, at: int) -> None:
        self._left = at

    def point(self) -> None:
        """Count one."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def on_event(self, event: str, _: object) -> None:
        """Count what Python is about to do, if it may change a file."""
        if event in _CHANGES:
            self.point()


class AimedJournal(UndoJournal):
    """A journal before and after each word of which its daemon may be killed."""

    __slots__ = ("_aim",)

    def __init__(self, path: Path, aim: Aim) -> None:
        super().__init__(str(path), Identity.here())
        self._aim = aim

    def intend(self, kind: str, key: bytes, undo: bytes, holder: str) -> int:
        self._aim.point()
        number = super().intend(kind, key, undo, holder)
        self._aim.point()
        return number

    def done(self, number: int, undo: bytes | None = None) -> None:
        self._aim.point()
        super().done(number, undo)
        self._aim.point()

    def undone(self, number: int) -> None:
        self._aim.point()
        super().undone(number)
        self._aim.point()

    def adopt(self, entry: Entry, holder: str) -> int:
        self._aim.point()
        number = super().adopt(entry, holder)
        self._aim.point()
        return number


def killed(journal: Path, act: Act, at: int = NEVER) -> bool:
    """Run a daemon that ends where it is killed, or without a word; say whether it was killed."""
    child = os.fork()
    if child == 0:
        try:
            aim = Aim(at)
            recovery = Recovery(AimedJournal(journal, aim))
            sys.addaudithook(aim.on_event)
            asyncio.run(_run(act, recovery))
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    status = os.waitpid(child, 0)[1]
    assert status in (0, signal.SIGKILL)
    return status != 0


async def _run(act: Act, recovery: Recovery) -> None:
    await act(recovery)


def live_on(journal: Path, act: Act) -> list[str]:
    """Run a daemon to its end; return what it could not undo, or left in its journal."""
    recovery = Recovery(UndoJournal(str(journal), Identity.here()))
    asyncio.run(_run(act, recovery))
    problems = [one.problem for one in asyncio.run(recovery.sweep()) if one.problem]
    recovery.journal.close()
    return problems + ([f"{journal} is still there"] if journal.exists() else [])


def shape(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Return all that is in a folder: what it is, whose, since when, and what it holds."""
    found: dict[str, tuple[Any, ...]] = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (status.st_ino, oct(status.st_mode), status.st_uid, content)
    return found


@contextmanager
def watching(*folders: Path) -> Iterator[Callable[[], list[FileChange]]]:
    """Yield what returns all that the kernel says was done in folders."""
    queue = Inotify()
    try:
        for folder in folders:
            queue.add(str(folder), _ALL)
        yield queue.read
    finally:
        queue.close()
