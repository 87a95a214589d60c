"""Files that cannot be opened, written, named or kept: full disks, quotas, broken ones, those that are read only."""

import errno as errors
import os
from collections.abc import Callable
from typing import Any, Final, Literal

from netstrata.testing.impair.impairment import impairment
from netstrata.testing.impair.seams import Seams
from netstrata.testing.impair.turns import Turns

Errno = Literal[
    "ENOSPC", "EROFS", "EIO", "EDQUOT", "EACCES", "EPERM", "ENOMEM", "EMFILE", "ENFILE", "EINVAL", "EBUSY", "EFBIG",
    "ELOOP", "ENAMETOOLONG", "ETXTBSY", "ESTALE", "EMLINK", "ENOENT",
]  # fmt: skip
At = Literal["open", "read", "rename", "remove", "mkdir", "rmdir", "link", "symlink", "chmod", "chown", "any"]
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@impairment
def file_refused(
    seams: Seams, *, errno: Errno, at: At = "any", name: str = "", n: int = 1, times: int = 1, during: str = ""
) -> None:
    """Refuse to open a file, for writing or for reading, or to change where it is: one with that in its path."""
    turns = Turns(n, times, during)
    number = getattr(errors, errno)

    def on_act(event: str, arguments: tuple[Any, ...]) -> None:
        if at in ("any", _act_of(event, arguments)) and _is_named(name, arguments[:2]) and turns.is_next():
            raise OSError(number, os.strerror(number), str(arguments[0]))

    seams.on_act(lambda event, arguments: on_act(event, arguments) if _act_of(event, arguments) else None)


@impairment
def write_refused(seams: Seams, *, errno: Errno, name: str = "", n: int = 1, times: int = 1, during: str = "") -> None:
    """Refuse to write into a file that is open."""
    _refuse(seams, "write", errno, Turns(n, times, during), lambda descriptor: _is_file(descriptor, name))


@impairment
def short_writes(seams: Seams, *, name: str = "", n: int = 1, times: int = 1, during: str = "") -> None:
    """Write one byte only of what is to be written into a file."""
    turns = Turns(n, times, during)

    def wrapped(real: Any) -> Any:
        def write(descriptor: int, data: Any, /) -> int:
            short = len(data) > 1 and _is_file(descriptor, name) and turns.is_next()
            written: int = real(descriptor, data[:1] if short else data)
            return written

        return write

    seams.calls(os, "write", wrapped)


@impairment
def sync_refused(seams: Seams, *, errno: Errno = "EIO", n: int = 1, times: int = 1, during: str = "") -> None:
    """Refuse to say that a file is on the disk: so a full or broken disk is told of late (fsync)."""
    _refuse(seams, "fsync", errno, Turns(n, times, during))


@impairment
def no_room(seams: Seams, *, errno: Errno = "ENOSPC", n: int = 1, times: int = 1, during: str = "") -> None:
    """Refuse to keep room for a file that grows, as the undo journal does."""
    _refuse(seams, "posix_fallocate", errno, Turns(n, times, during))


@impairment
def no_memory_for_files(seams: Seams, *, name: str = "", n: int = 1, times: int = 1, during: str = "") -> None:
    """Have no memory left in the daemon when a file is opened, or changes its place."""
    turns = Turns(n, times, during)

    def on_act(event: str, arguments: tuple[Any, ...]) -> None:
        if _act_of(event, arguments) and _is_named(name, arguments[:2]) and turns.is_next():
            raise MemoryError

    seams.on_act(on_act)


def _refuse(
    seams: Seams, call: str, errno: Errno, turns: Turns, counts: Callable[[int], bool] = lambda descriptor: True
) -> None:
    """Refuse a call on open files, each that counts, when it is its turn."""
    number = getattr(errors, errno)

    def wrapped(real: Any) -> Any:
        def refusing(descriptor: int, *arguments: Any) -> Any:
            if counts(descriptor) and turns.is_next():
                raise OSError(number, os.strerror(number))
            return real(descriptor, *arguments)

        return refusing

    seams.calls(os, call, wrapped)


def _act_of(event: str, arguments: tuple[Any, ...]) -> str:
    """Return which act an event of a hook is, "" for none."""
    if event == "open":
        return "open" if arguments[2] & _WRITING else "read"
    act = event.removeprefix("os.")
    return act if event != act and act in _ACTS else ""


def _is_named(name: str, paths: tuple[Any, ...]) -> bool:
    return not name or any(name in os.fsdecode(path) for path in paths if isinstance(path, str | bytes | os.PathLike))


def _is_file(descriptor: int, name: str) -> bool:
    """Say whether a descriptor is a file on a disk with that in its path."""
    path = os.readlink(f"/proc/self/fd/{descriptor}")
    return path.startswith("/") and not path.startswith(("/memfd:", "/dev/")) and name in path


_ACTS: Final = frozenset({"rename", "remove", "mkdir", "rmdir", "link", "symlink", "chmod", "chown"})
