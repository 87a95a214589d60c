"""Files at paths that may change in any way: what they hold, what has their name, and where links on the way lead.

A path is watched name by name.  Each folder on its way tells when another thing has the name that is looked up there,
be it a folder or a symbolic link, which is followed likewise; the file itself tells when it is written.

Source: inotify(7), fcntl(2) F_SETLEASE.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from errno import EAGAIN, EINVAL, ENOENT, ENOTDIR
from signal import SIGURG
from typing import Final

from netstrata.system.filesystem.inotify import (
    ATTRIB,
    CLOSE_WRITE,
    CREATE,
    DELETE,
    MODIFY,
    MOVED_FROM,
    MOVED_TO,
    ONLYDIR,
    Inotify,
)

_MOST_LINKS: Final = 40  # as the kernel
_OF_NAMES: Final = CREATE | DELETE | MOVED_FROM | MOVED_TO | ONLYDIR
_OF_CONTENT: Final = MODIFY | CLOSE_WRITE | ATTRIB


class BeingWritten(OSError):
    """Somebody has a file open for writing: what it holds may be half of what it will."""


class PathWatch:
    """Tells that what some paths lead to may have changed since they were added; once it has, it is made anew."""

    def __init__(self) -> None:
        """Watch nothing yet.

        Raises: OSError.
        """
        self._queue = Inotify()
        self._names: dict[int, set[bytes]] = {}  # what counts of each watch; "" is the thing itself

    @property
    def descriptor(self) -> int:
        """What is readable when something may have changed."""
        return self._queue.descriptor

    def add(self, path: str) -> None:
        """Watch a path, which need not lead to anything yet.

        Raises: OSError if it cannot be watched.
        """
        try:
            for folder, name in _names_on(path):  # what is there is looked up only after this
                watch = self._queue.add(folder, _OF_NAMES)
                self._names.setdefault(watch, {b""}).add(os.fsencode(name))
            if os.path.isfile(path):
                self._names.setdefault(self._queue.add(path, _OF_CONTENT), {b""})
        except OSError as error:
            if error.errno not in (ENOENT, ENOTDIR):  # else the last folder that there is tells when it comes
                raise

    def has_changed(self) -> bool:
        """Say whether anything may have changed since this was asked last."""
        found = False
        while changes := self._queue.read():
            found = found or any(change.name in self._names.get(change.watch, {b""}) for change in changes)
        return found

    def close(self) -> None:
        """Watch no more."""
        self._queue.close()


def _names_on(path: str) -> Iterator[tuple[str, str]]:
    """Yield each folder in which a name is looked up on the way to what a path leads to, and the name."""
    at = "/" if path.startswith("/") else "."
    words = path.split("/")[::-1]
    links = 0
    while words:
        word = words.pop()
        if word in ("", "."):
            continue
        if word != "..":
            yield at, word
        at = os.path.join(at, word)
        try:
            target = os.readlink(at)
        except OSError:
            continue  # no link, or nothing, in which nothing can be watched
        links += 1
        if links > _MOST_LINKS:
            return
        at = "/" if target.startswith("/") else os.path.dirname(at)
        words += target.split("/")[::-1]


def read_settled(path: str) -> bytes:
    """Return what a file holds, if nobody is writing it.

    The kernel knows that of files on disks of this machine which are ours; of others it is not known.  No event tells
    when that ends: of who closes a file it is told first, and ext4 may write to the disk after that while the file
    still counts as open (Linux 6.18: after 1 in 12 of IN_CLOSE_WRITE there was no lease yet); a lease given back is
    told to nobody.
    Raises: BeingWritten, OSError, also for what is no file, which might take for ever to be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except BlockingIOError:  # somebody has a lease to write it, as Samba takes for its clients, and is told to end it
        raise BeingWritten(EAGAIN, "it is being written", path) from None
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(EINVAL, "it is no regular file, as is needed to watch it", path)
        if _is_open_for_writing(descriptor):
            raise BeingWritten(EAGAIN, "it is being written", path)
        return file.read()


def _is_open_for_writing(descriptor: int) -> bool:
    """Say whether somebody may write a file: then there is no lease to read it."""
    try:
        # Who opens it for writing just now has us told by a signal: by one that nobody minds.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == EAGAIN
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
