"""The port for files that are held.

The file that was found is kept beside its place as a second name of the same inode, so all that it has comes back.
That name says what was written in its place, so that after a crash the next daemon knows whether what is there is ours,
whatever it writes itself.  Several holders of one path stand on each other: who leaves from below hands what it found
to the one above.
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
        left_over = self._left_over(path) if found is not None else ""
        saved = self._free_name(path, data, left_over) if found is not None else ""
        if saved and saved != left_over:
            os.link(left_over or path, saved, follow_symlinks=False)
        try:
            whole.replace(path, temporary, data, attributes, found)
        except BaseException:
            if saved and saved != left_over:
                whole.forget(saved)
            raise
        if left_over != saved:
            whole.forget(left_over)
        return path, _Placed(data, saved)

    def _left_over(self, path: str) -> str:
        """Return where a daemon that crashed has kept what was there before anything of its own; "" if none has."""
        kept = ""
        content = whole.read_whole(path)
        while content is not None and path not in self._placed:
            below = [name for name in _saved_names(path, content) if name != kept]
            if not below:
                break
            for name in (kept, *below[1:]):
                whole.forget(name)
            kept, content = below[0], whole.read_whole(below[0])
        return kept

    def _free_name(self, path: str, data: bytes, left_over: str) -> str:
        """Return where to keep what is there; what lies there was kept from a file that others have replaced since."""
        used = {placed.saved for placed in self._placed.get(path, ())}
        number = 1
        while (saved := _saved_name(path, data, number)) in used:
            number += 1
        if saved != left_over:
            whole.forget(saved)
        return saved

    def _leave(self, path: str, placed: _Placed, statement: Running | None) -> None:
        holders = self._placed[path]
        at = holders.index(placed)
        above = holders[at + 1] if at + 1 < len(holders) else None
        del holders[at]
        if not holders:
            del self._placed[path]
        try:
            if above is not None:
                if placed.saved:
                    os.rename(placed.saved, above.saved)
                else:
                    whole.forget(above.saved)
                    above.saved = ""
            elif whole.read_whole(path) != placed.data:
                whole.forget(placed.saved)
                if statement is not None:
                    statement.note(f"somebody has changed {path}: it is left alone")
            else:
                _put_back(path, placed.saved)
        except OSError as error:
            if statement is not None:
                statement.note(f"{_unavailable(f'put {path} back', error)}; ignoring")


def _saved_name(path: str, data: bytes, number: int = 1) -> str:
    """Return the name under which a file is kept while others have written something in its place."""
    from hashlib import sha256  # only here, and not at every start

    directory, base = os.path.split(path)
    more = f"-{number}" if number > 1 else ""
    return os.path.join(directory, f".{base}.netstrata-saved-{sha256(data).hexdigest()[:12]}{more}")


def _saved_names(path: str, data: bytes) -> list[str]:
    """Return all names of that kind that are there, the first one first."""
    first = _saved_name(path, data)
    directory, base = os.path.split(first)
    ends = [name.removeprefix(base) for name in os.listdir(directory) if name.startswith(base)]
    numbers = {end: int(end[1:] or 1) for end in ends if not end or (end[0] == "-" and end[1:].isdecimal())}
    return [first + end for end in sorted(numbers, key=numbers.__getitem__)]


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
