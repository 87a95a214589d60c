"""The port for files that are held.

Several holders of one path stand on each other: who leaves from below hands what it found to the one above.
Mode and owner are held as the content is: what somebody else makes of them is noticed, and made again.
"""

import errno
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

from netstrata.contract import Holder, current_holder
from netstrata.contract.secrets import SECRETS
from netstrata.contract.shapes.heldfiles import Attributes
from netstrata.system.filesystem import atomic_file
from netstrata.system.filesystem.atomic_file import PUBLIC, Ownership
from netstrata.system.filesystem.places import Place, opened
from netstrata.system.heldfiles import backup, directories
from netstrata.system.heldfiles.monitor import DirectoryMonitor
from netstrata.system.heldfiles.ownership import ownership_of
from netstrata.values import Unavailable

_MOUNT_POINT = (errno.EXDEV, errno.EBUSY)  # of link and rename within one directory
_NOT_REPLACED = "it is {}: only a file can be replaced"
_CHANGED = "changed it"
_DRESSED = "changed its mode or owner"


class _Placed:
    """A file in its place: what was written, how it looks, and the name of the one that was found ("" if none was)."""

    __slots__ = ("data", "ownership", "saved")

    def __init__(self, data: bytes, ownership: Ownership, saved: str) -> None:
        self.data = data
        self.ownership = ownership
        self.saved = saved


class RealHeldFiles:
    """Files, directories and links of this machine."""

    __slots__ = ("_directories", "_placed", "_watch")

    def __init__(self) -> None:
        self._watch = DirectoryMonitor()
        self._directories = directories.Directories()
        self._placed: dict[str, list[_Placed]] = {}  # by real path, from the lowest to the one that is there

    def held_file(self, path: bytes, data: bytes, attributes: Attributes) -> AbstractAsyncContextManager[None]:
        """Replace a file, and put back what was found: see `ports.HeldFiles`."""
        return self._held_file(os.fsdecode(path), data, attributes)

    def held_directory(self, path: bytes, attributes: Attributes) -> AbstractAsyncContextManager[None]:
        """Make a directory: see `ports.HeldFiles`."""
        return self._held_directory(os.fsdecode(path).rstrip("/") or "/", attributes)

    def held_link(self, target: bytes, path: bytes) -> AbstractAsyncContextManager[None]:
        """Make a symbolic link: see `ports.HeldFiles`."""
        return self._held_link(os.fsdecode(target), os.fsdecode(path))

    @asynccontextmanager
    async def _held_file(self, name: str, data: bytes, attributes: Attributes) -> AsyncIterator[None]:
        statement = current_holder()
        try:
            with opened(name) as place:
                path, placed = place.path, self._place(place, data, attributes)
        except OSError as error:
            reason = _NOT_REPLACED.format("a mount point") if error.errno in _MOUNT_POINT else error.strerror
            raise Unavailable(f"write {name}", reason or str(error), error.errno or 0) from None
        except Unavailable as error:
            raise Unavailable(f"write {name}", error.reason, error.errno) from None
        holders = self._placed.setdefault(path, [])
        holders.append(placed)
        try:
            with self._watched(path, lambda: self._deed(path, placed), statement):
                yield
        finally:
            self._leave(path, placed, statement)

    def _deed(self, path: str, placed: _Placed) -> str:
        """Return what somebody has done to a file, "" if it is as it was written or below that of another holder."""
        if self._placed[path][-1] is not placed or atomic_file.is_whole(path, placed.data, placed.ownership):
            return ""
        return _DRESSED if atomic_file.holds(path, placed.data) else _CHANGED

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
            statement.note(f"{_unavailable(f'watch {path}', error)}: what others do to it will not be noticed")
            yield
            return
        try:
            yield
        finally:
            self._watch.remove(watched)

    @asynccontextmanager
    async def _held_directory(self, path: str, attributes: Attributes) -> AsyncIterator[None]:
        statement = current_holder()
        try:
            ownership = self._directories.make(path, attributes)
        except OSError as error:
            raise _unavailable(f"make the directory {path}", error) from None
        except Unavailable as error:
            raise Unavailable(f"make the directory {path}", error.reason) from None

        def deed() -> str:
            if not directories.is_directory(path):
                return _CHANGED
            return "" if ownership is None or atomic_file.has_ownership(path, ownership) else _DRESSED

        try:
            with self._watched(path, deed, statement):
                yield
        finally:
            if ownership is not None:
                _undo("remove", path, lambda: self._directories.remove(path), statement)

    @asynccontextmanager
    async def _held_link(self, target: str, path: str) -> AsyncIterator[None]:
        statement = current_holder()
        made = False
        try:
            with opened(path, last=False) as place:
                try:
                    os.symlink(target, place.name, dir_fd=place.folder)
                    made = True
                except FileExistsError:
                    if _leads_to(path) != target:
                        raise
        except OSError as error:
            raise _unavailable(f"link {path} to {target}", error) from None
        try:
            with self._watched(path, lambda: "" if _leads_to(path) == target else _CHANGED, statement):
                yield
        finally:
            if made and _leads_to(path) == target:
                _undo("remove", path, lambda: _unlink(path), statement)
            elif made and statement is not None:
                statement.note(f"somebody has changed {path}: it is left alone")

    def _place(self, place: Place, data: bytes, attributes: Attributes) -> _Placed:
        """Write a file, and keep the one that was found."""
        found = atomic_file.found_at(place)
        if found is not None and not stat.S_ISREG(found.st_mode):
            raise Unavailable("", _NOT_REPLACED.format(_kind(found.st_mode)))
        ownership = ownership_of(attributes, found, PUBLIC.mode, secret=SECRETS.within(data))
        is_first = found is not None and place.path not in self._placed
        earlier = backup.find_backup(place) if is_first else ""
        saved = ""
        try:
            with atomic_file.beside(place, data, ownership) as descriptor:
                written = os.fstat(descriptor)
                if found is not None:
                    saved = backup.back_up(place, written, earlier)
        except BaseException:
            backup.forget(place, saved)
            raise
        backup.forget(place, earlier)
        return _Placed(data, Ownership(stat.S_IMODE(written.st_mode), written.st_uid, written.st_gid), saved)

    def _leave(self, path: str, placed: _Placed, statement: Holder | None) -> None:
        holders = self._placed[path]
        at = holders.index(placed)
        above = holders[at + 1] if at + 1 < len(holders) else None
        del holders[at]
        if not holders:
            del self._placed[path]
        try:
            with opened(path, last=False) as place:
                if above is not None:
                    if placed.saved:
                        os.rename(placed.saved, above.saved, src_dir_fd=place.folder, dst_dir_fd=place.folder)
                    else:
                        backup.forget(place, above.saved)
                        above.saved = ""
                elif not atomic_file.holds(path, placed.data):
                    backup.forget(place, placed.saved)
                    if statement is not None:
                        statement.note(f"somebody has changed {path}: it is left alone")
                else:
                    backup.restore(place, placed.saved)
                    atomic_file.sync(place)
        except OSError as error:
            if statement is not None:
                statement.note(f"{_unavailable(f'put {path} back', error)}; ignoring")


def _leads_to(path: str) -> str | None:
    try:
        with opened(path, last=False) as place:
            return os.readlink(place.name, dir_fd=place.folder)
    except OSError:
        return None


def _unlink(path: str) -> None:
    with opened(path, last=False) as place:
        os.unlink(place.name, dir_fd=place.folder)


def _undo(verb: str, path: str, act: Callable[[], None], statement: Holder | None) -> None:
    try:
        act()
    except FileNotFoundError:
        return
    except OSError as error:
        if statement is not None:
            statement.note(f"{_unavailable(f'{verb} {path}', error)}; ignoring")


def _unavailable(operation: str, error: OSError) -> Unavailable:
    return Unavailable(operation, error.strerror or str(error), error.errno or 0)


def _kind(mode: int) -> str:
    return "a directory" if stat.S_ISDIR(mode) else "a device, a socket or a pipe"
