"""The port for files that are held.

Mode and owner are held as the content is: what somebody else makes of them is noticed, and made again.
"""

import errno
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from copy import copy

from netstrata.contract import Holder
from netstrata.contract.shapes.heldfiles import Attributes
from netstrata.system.filesystem import atomic_file
from netstrata.system.filesystem.awaited_paths import awaits_path
from netstrata.system.filesystem.places import opened
from netstrata.system.held import NO_RECOVERY, Described, Recovery, tell
from netstrata.system.held.wait_queues import PATHS
from netstrata.system.heldfiles import directories
from netstrata.system.heldfiles.directories import Directories, Wanted
from netstrata.system.heldfiles.layers import NOT_REPLACED, FileLayers, Layer
from netstrata.system.heldfiles.links import SymbolicLinks, WantedLink, leads_to
from netstrata.system.heldfiles.monitor import DirectoryMonitor
from netstrata.system.heldfiles.named import unavailable
from netstrata.values import Awaited, Unavailable

_MOUNT_POINT = (errno.EXDEV, errno.EBUSY)  # of link and rename within one directory
_CHANGED = "changed it"
_DRESSED = "changed its mode or owner"


class RealHeldFiles:
    """Files, directories and links of this machine."""

    __slots__ = ("_directories", "_layers", "_links", "_watch", "_who")

    def __init__(self, recovery: Recovery = NO_RECOVERY) -> None:
        self._who: Holder | None = None
        self._watch = DirectoryMonitor()
        self._directories = Directories(recovery)
        self._links = SymbolicLinks(recovery)
        self._layers = FileLayers(recovery)

    def on_behalf_of(self, who: Holder) -> "RealHeldFiles":
        """Return the port for a statement."""
        port = copy(self)
        port._who = who
        return port

    def held_file(self, path: bytes, data: bytes, attributes: Attributes) -> AbstractAsyncContextManager[None]:
        """Replace a file, and put back what was found: see `ports.HeldFiles`."""
        name = os.fsdecode(path)
        return Described(self._held_file(name, data, attributes), lambda _: _words_of(name))

    def held_directory(self, path: bytes, attributes: Attributes) -> AbstractAsyncContextManager[None]:
        """Make a directory: see `ports.HeldFiles`."""
        wanted = Wanted(os.fsdecode(path).rstrip("/") or "/", attributes)
        return Described(self._held_directory(wanted), lambda leaving: self._directories.to_do(wanted, leaving))

    def held_link(self, target: bytes, path: bytes) -> AbstractAsyncContextManager[None]:
        """Make a symbolic link: see `ports.HeldFiles`."""
        wanted = WantedLink(os.fsdecode(target), os.fsdecode(path))
        return Described(self._held_link(wanted), lambda leaving: self._links.to_do(wanted, leaving))

    @asynccontextmanager
    async def _held_file(self, name: str, data: bytes, attributes: Attributes) -> AsyncIterator[None]:
        statement = self._who
        try:
            with opened(name) as place:
                layer = self._layers.hold(place, data, attributes, statement)
        except OSError as error:
            reason = NOT_REPLACED.format("a mount point") if error.errno in _MOUNT_POINT else error.strerror
            awaits = awaits_path(name, error)
            raise Unavailable(f"write {name}", reason or str(error), error.errno or 0, awaits) from None
        except Unavailable as error:
            awaits = error.awaits or (Awaited(PATHS, (name,)),)
            raise Unavailable(f"write {name}", error.reason, error.errno, awaits) from None
        tell(statement, lambda: [_words_of(name)])
        try:
            with self._watched(layer.path, lambda: self._deed(layer), statement):
                yield
        finally:
            self._layers.release(layer, statement)

    def _deed(self, layer: Layer) -> str:
        """Return what somebody has done to a file, "" if it is as it was written or below that of another holder."""
        path = layer.path
        if not self._layers.is_top(layer) or atomic_file.is_whole(path, layer.data, layer.ownership):
            return ""
        return _DRESSED if atomic_file.holds(path, layer.data) else _CHANGED

    @contextmanager
    def _watched(self, path: str, deed: Callable[[], str], statement: Holder | None) -> Iterator[None]:
        """Have a statement told when somebody has done something to what it holds."""
        if statement is None:
            yield
            return

        def lost() -> None:
            did = (deed() or _CHANGED) if os.path.lexists(path) else "removed it"
            statement.lost(Unavailable(f"hold {path}", f"somebody has {did}"))

        try:
            watched = self._watch.add(path, lambda: not deed(), lost)
        except OSError as error:
            statement.note(f"{unavailable(f'watch {path}', error)}: what others do to it will not be noticed")
            yield
            return
        try:
            yield
        finally:
            self._watch.remove(watched)

    @asynccontextmanager
    async def _held_directory(self, wanted: Wanted) -> AsyncIterator[None]:
        statement = self._who
        path = wanted.path
        held = self._directories.hold(wanted, statement)

        def deed() -> str:
            if not directories.is_directory(path):
                return _CHANGED
            return "" if not held.ours or atomic_file.has_ownership(path, held.ownership) else _DRESSED

        try:
            with self._watched(path, deed, statement):
                yield
        finally:
            self._directories.release(held, statement)

    @asynccontextmanager
    async def _held_link(self, wanted: WantedLink) -> AsyncIterator[None]:
        statement = self._who
        target, path = wanted
        held = self._links.hold(wanted, statement)
        try:
            with self._watched(path, lambda: "" if leads_to(path) == target else _CHANGED, statement):
                yield
        finally:
            self._links.release(held, statement)


def _words_of(name: str) -> str:
    """Say what entering does to a file."""
    return f"write {name}"
