"""Changes of files and directories, as the kernel reports them.

Source: inotify(7), linux/inotify.h.
"""

import ctypes
import os
from struct import Struct
from typing import NamedTuple

from netstrata.system.c_library import C_LIBRARY

MODIFY = 0x2
ATTRIB = 0x4
CLOSE_WRITE = 0x8
MOVED_FROM = 0x40
MOVED_TO = 0x80
CREATE = 0x100
DELETE = 0x200
MOVE_SELF = 0x800
UNMOUNT = 0x2000
OVERFLOW = 0x4000  # events were lost; watch is -1
IGNORED = 0x8000  # the watch is gone
ONLYDIR = 0x01000000

_HEAD = Struct("=iIII")
_BUFFER = 65536


class FileChange(NamedTuple):
    """One change; `name` is empty unless a directory is watched, `cookie` joins the two halves of a move."""

    watch: int
    mask: int
    cookie: int
    name: bytes


class Inotify:
    """One inotify queue; its descriptor is readable when there is something to `read`."""

    __slots__ = ("descriptor",)

    def __init__(self) -> None:
        """Open a queue.

        Raises: OSError.
        """
        self.descriptor: int = C_LIBRARY.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self.descriptor < 0:
            raise _last_error("inotify_init1")

    def add(self, path: str, mask: int) -> int:
        """Watch a file or directory and return the watch; the same one again only changes its mask.

        Raises: OSError.
        """
        watch: int = C_LIBRARY.inotify_add_watch(self.descriptor, os.fsencode(path), ctypes.c_uint32(mask))
        if watch < 0:
            raise _last_error(path)
        return watch

    def remove(self, watch: int) -> None:
        """Watch no more; a watch that is gone already is no error."""
        C_LIBRARY.inotify_rm_watch(self.descriptor, watch)

    def read(self) -> list[FileChange]:
        """Return what has happened, oldest first; nothing if nothing has."""
        try:
            octets = os.read(self.descriptor, _BUFFER)
        except BlockingIOError:
            return []
        changes: list[FileChange] = []
        at = 0
        while at < len(octets):
            watch, mask, cookie, length = _HEAD.unpack_from(octets, at)
            at += _HEAD.size
            changes.append(FileChange(watch, mask, cookie, octets[at : at + length].rstrip(b"\0")))
            at += length
        return changes

    def close(self) -> None:
        """Close the queue."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def _last_error(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), what)
