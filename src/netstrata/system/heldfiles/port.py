"""The port for files that are held.

The file that was found is kept beside its place as a second name of the same inode, so all that it has comes back,
also after a crash.  Several holders of one path stand on each other: who leaves from below hands what it found to the
one above.
"""

import errno
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

from netstrata.contract import Running, running
from netstrata.contract.shapes_heldfiles import Attributes
from netstrata.system.heldfiles import whole
from netstrata.system.heldfiles.watch import Watch
from netstrata.values import Unavailable

_MOUNT_POINT = (errno.EXDEV, errno.EBUSY)  # of link and rename within one directory
_NOT_REPLACED = "it is {}: only a file can be replaced"


class _Placed:
    """A file in its place: what was written, and where the one that was found is kept ("" if there was none)."""

    __slots__ = ("data", "saved")

    def __init__(self, data: bytes, saved: str) -> None:
        self.data = data
        self.saved = saved


class RealHeldFiles:
    """Files, directories and links of this machine."""

    __slots__ = ("_placed", "_watch")

    def __init__(self) -> None:
        self._watch = Watch()
        self._placed: dict[str, list[_Placed]] = {}  # by real path, from the lowest to the one that is there

    def held_file(self, path: bytes, data: bytes, attributes: Attributes) -> AbstractAsyncContextManager[None]:
        """Replace a file, and put back what was found: see `ports.HeldFiles`."""
        return self._held_file(os.fsdecode(path), data, attributes)

    def held_directory(self, path: bytes, attributes: Attributes) -> AbstractAsyncContextManager[None]:
        """Make a directory: see `ports.HeldFiles`."""
        return self._held_directory(os.fsdecode(path), attributes)

    def held_link(self, target: bytes, path: bytes) -> AbstractAsyncContextManager[None]:
        """Make a symbolic link: see `ports.HeldFiles`."""
        return self._held_link(os.fsdecode(target), os.fsdecode(path))

    @asynccontextmanager
    async def _held_file(self, name: str, data: bytes, attributes: Attributes) -> AsyncIterator[None]:
        statement = running()
        try:
            path, placed = self._place(name, data, attributes)
        except OSError as error:
            reason = _NOT_REPLACED.format("a mount point") if error.errno in _MOUNT_POINT else error.strerror
            raise Unavailable(f"write {name}", reason or str(error), error.errno or 0) from None
        except Unavailable as error:
            raise Unavailable(f"write {name}", error.reason, error.errno) from None
        holders = self._placed.setdefault(path, [])
        holders.append(placed)
        try:
            with self._watched(path, lambda: self._holds(path, placed), statement):
                yield
        finally:
            self._leave(path, placed, statement)

    def _holds(self, path: str, placed: _Placed) -> bool:
        """Say whether a file is as it was written, or lies below that of another holder."""
        return self._placed[path][-1] is not placed or whole.read_whole(path) == placed.data

    @contextmanager
    def _watched(self, path: str, holds: Callable[[], bool], statement: Running | None) -> Iterator[None]:
        """Have a statement told when something is no longer as it should be."""
        if statement is None:
            yield
            return

        def lost() -> None:
            did = "changed" if os.path.lexists(path) else "removed"
            statement.lost(Unavailable(f"hold {path}", f"somebody has {did} it"))

        try:
            watched = self._watch.add(path, holds, lost)
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
        statement = running()
        try:
            made = _make_directory(path, attributes)
        except OSError as error:
            raise _unavailable(f"make the directory {path}", error) from None
        except Unavailable as error:
            raise Unavailable(f"make the directory {path}", error.reason) from None
        try:
            with self._watched(path, lambda: os.path.isdir(path), statement):
                yield
        finally:
            if made:
                _undo("remove", path, lambda: os.rmdir(path), statement)

    @asynccontextmanager
    async def _held_link(self, target: str, path: str) -> AsyncIterator[None]:
        statement = running()
        made = False
        try:
            try:
                os.symlink(target, path)
                made = True
            except FileExistsError:
                if _leads_to(path) != target:
                    raise
        except OSError as error:
            raise _unavailable(f"link {path} to {target}", error) from None
        try:
            with self._watched(path, lambda: _leads_to(path) == target, statement):
                yield
        finally:
            if made and _leads_to(path) == target:
                _undo("remove", path, lambda: os.unlink(path), statement)
            elif made and statement is not None:
                statement.note(f"somebody has changed {path}: it is left alone")

    def _place(self, name: str, data: bytes, attributes: Attributes) -> tuple[str, _Placed]:
        """Write a file, and keep the one that was found; return its real path, too."""
        path = os.path.realpath(name)
        try:
            found = os.stat(path, follow_symlinks=False)
        except FileNotFoundError:
            found = None
        if found is not None and not stat.S_ISREG(found.st_mode):
            raise Unavailable("", _NOT_REPLACED.format(_kind(found.st_mode)))
        directory, base = os.path.split(path)
        temporary = os.path.join(directory, f".{base}.netstrata-new")
        saved, left_over = self._saved_name(path, directory, base, data) if found is not None else ("", False)
        if saved and not left_over:
            os.link(path, saved, follow_symlinks=False)
        try:
            whole.replace(path, temporary, data, attributes, found)
        except BaseException:
            if saved and not left_over:
                whole.forget(saved)
            raise
        return path, _Placed(data, saved)

    def _saved_name(self, path: str, directory: str, base: str, data: bytes) -> tuple[str, bool]:
        """Say where to keep what is there; True if a daemon that crashed has kept there what was before ours."""
        used = {placed.saved for placed in self._placed.get(path, ())}
        number = 1
        while True:
            saved = os.path.join(directory, f".{base}.netstrata-saved{f'-{number}' if number > 1 else ''}")
            if not os.path.lexists(saved):
                return saved, False
            if saved not in used and not used and whole.read_whole(path) == data:
                return saved, True
            number += 1

    def _leave(self, path: str, placed: _Placed, statement: Running | None) -> None:
        holders = self._placed[path]
        at = holders.index(placed)
        above = holders[at + 1] if at + 1 < len(holders) else None
        del holders[at]
        if not holders:
            del self._placed[path]
        try:
            if above is not None:
                whole.forget(above.saved)
                above.saved = placed.saved
            elif whole.read_whole(path) != placed.data:
                whole.forget(placed.saved)
                if statement is not None:
                    statement.note(f"somebody has changed {path}: it is left alone")
            else:
                _put_back(path, placed.saved)
        except OSError as error:
            if statement is not None:
                statement.note(f"{_unavailable(f'put {path} back', error)}; ignoring")


def _put_back(path: str, saved: str) -> None:
    if saved:
        os.rename(saved, path)
    else:
        os.unlink(path)
    whole.sync_directory(path)


def _make_directory(path: str, attributes: Attributes) -> bool:
    """Make a directory; False if there is one.

    Raises: OSError; Unavailable for an owner that there is not.
    """
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
        return False
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        whole.dress(descriptor, attributes, None, 0o755)
    except BaseException:
        os.rmdir(path)
        raise
    finally:
        os.close(descriptor)
    return True


def _leads_to(path: str) -> str | None:
    try:
        return os.readlink(path)
    except OSError:
        return None


def _undo(verb: str, path: str, act: Callable[[], None], statement: Running | None) -> None:
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
    if stat.S_ISDIR(mode):
        return "a directory"
    return "a symbolic link that leads round" if stat.S_ISLNK(mode) else "a device, a socket or a pipe"
