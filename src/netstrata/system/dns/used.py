"""Whether name servers of ours are in the file that resolvconf makes; and that files have been made again.

Another interface may be exclusive there, as a VPN's is (`resolvconf -x`).  A file that names this machine asks a server
here, which resolvconf has told of ours, too.
"""

import asyncio
import os
from collections.abc import Callable, Iterable

from netstrata.system.filesystem import inotify
from netstrata.system.filesystem.places import read_file

_CHANGES = inotify.CLOSE_WRITE | inotify.MOVED_TO | inotify.ONLYDIR
_LARGEST = 1 << 20
_SERVER = b"nameserver"


class FileChanges:
    """Tells whenever something has changed beside files, or beside what they lead to."""

    __slots__ = ("_changed", "_loop", "_queue")

    def __init__(self, paths: Iterable[str], changed: Callable[[], None]) -> None:
        """Begin to watch those whose folders are there.

        Raises: OSError.
        """
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._queue = inotify.Inotify()
        try:
            folders = {os.path.dirname(one) or "." for path in paths for one in (path, os.path.realpath(path))}
            for folder in filter(os.path.isdir, folders):
                self._queue.add(folder, _CHANGES)
            self._loop.add_reader(self._queue.descriptor, self._readable)
        except BaseException:
            self._queue.close()
            raise

    def close(self) -> None:
        """Watch no more."""
        self._loop.remove_reader(self._queue.descriptor)
        self._queue.close()

    def _readable(self) -> None:
        if self._queue.read():
            self._changed()


def has_others_only(path: str, lines: Iterable[bytes]) -> bool:
    """Say whether some servers are asked, and none of those that lines name."""
    wanted = set(servers_of(lines))
    try:
        asked = set(servers_of(read_file(path, _LARGEST).splitlines()))
    except OSError:
        return False
    return bool(wanted and asked) and not wanted & asked and not any(map(_is_here, asked))


def servers_in(path: str) -> list[bytes]:
    """Return the servers that a file names, in their order."""
    try:
        return servers_of(read_file(path, _LARGEST).splitlines())
    except OSError:
        return []


def servers_of(lines: Iterable[bytes]) -> list[bytes]:
    """Return the servers that lines name, in their order."""
    words = (line.split() for line in lines)
    return [found[1] for found in words if len(found) > 1 and found[0] == _SERVER]


def _is_here(server: bytes) -> bool:
    return server.startswith(b"127.") or server == b"::1"
