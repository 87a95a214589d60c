"""Where a path leads, without being led astray.

A symbolic link is followed if only who may do everything anyway can have made it: it is theirs, and so is the folder
that it is in, which nobody else may write to.  Whoever may write to a folder (/tmp, a home) could make of any name in
it a link to what they want read or overwritten in our name.  The kernel's fs.protected_symlinks is about /tmp alone.
Who may do everything is root, the owner of / and who we are.  Links of /proc are the kernel's own.

Source: openat(2), proc_sys_fs(5).
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EAGAIN, EINTR, EIO, ELOOP, EMFILE, ENFILE, ENOENT, ENOMEM
from typing import NamedTuple

_MOST_LINKS = 40  # as the kernel
_OF_OTHERS = stat.S_IWGRP | stat.S_IWOTH


# What the system lacks, or a disk that is broken: of what is at a path that says nothing.
_SAYS_NOTHING = frozenset({EAGAIN, EINTR, EIO, EMFILE, ENFILE, ENOMEM})


class NotFollowed(OSError):
    """A symbolic link that somebody else may have made."""


class Place(NamedTuple):
    """A name in a folder that is open; path is the whole of it, without any link that was followed."""

    folder: int
    name: str
    path: str


class IfThere:
    """Ends its body quietly where what that reads is not there, or not for us; not where that cannot be known."""

    __slots__ = ()

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        return isinstance(error, OSError) and error.errno not in _SAYS_NOTHING


@contextmanager
def opened(path: str, *, last: bool = True) -> Iterator[Place]:
    """Have the folder open that a path leads to; `last`: if its last word is a link, where that leads.

    Raises: OSError, NotFollowed for a link that others may have made.
    """
    walk = _Walk(path, last)
    try:
        yield Place(walk.folder, walk.name, walk.path)
    finally:
        os.close(walk.folder)


def open_file(path: str, flags: int, mode: int = 0o666) -> int:
    """Open a file as open(2) does, but for links that others may have made; return its descriptor.

    Raises: OSError, NotFollowed.
    """
    with opened(path) as place:
        try:
            return os.open(place.name, flags | os.O_CLOEXEC | os.O_NOFOLLOW, mode, dir_fd=place.folder)
        except OSError as error:
            if error.errno != ELOOP or not _is_kernels(place.folder):
                raise
            return os.open(place.name, flags | os.O_CLOEXEC, mode, dir_fd=place.folder)


def read_file(path: str, most: int = -1) -> bytes:
    """Return what a file holds, up to so many bytes.

    Raises: OSError, NotFollowed.
    """
    with open(open_file(path, os.O_RDONLY), "rb") as file:
        return file.read(most)


def others_may_write(folder: int) -> bool:
    """Say whether somebody may write to a folder who could not do everything anyway."""
    found = os.fstat(folder)
    sharing = found.st_mode & _OF_OTHERS if found.st_gid else found.st_mode & stat.S_IWOTH
    return bool(sharing) or found.st_uid not in _almighty()


class _Walk:
    """One walk along a path, from folder to folder."""

    __slots__ = ("_links", "_parts", "folder", "name", "path")

    def __init__(self, path: str, last: bool) -> None:
        if "\0" in path:
            raise OSError(0, "it has a NUL in it", path)
        self._links = 0
        self._parts = path.split("/")[::-1]
        if not path:
            raise FileNotFoundError(ENOENT, os.strerror(ENOENT), path)
        self.path = "/" if path.startswith("/") else os.getcwd()
        self.folder = os.open("/" if path.startswith("/") else ".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self.name = "."
        try:
            self._go(last)
        except BaseException:
            os.close(self.folder)
            raise

    def _go(self, last: bool) -> None:
        while self._parts:
            name = self._parts.pop()
            if name in ("", "."):
                continue
            ends = not self._parts
            target = self._link(name) if last or not ends else None
            if target is not None:
                self._follow(name, target)
            elif ends and name != "..":
                self.name = name
                self.path = os.path.join(self.path, name)
            else:
                self._enter(name, os.O_NOFOLLOW)

    def _link(self, name: str) -> str | None:
        """Return where a name leads that is a link which can be followed as text; None if it is none."""
        with suppress(FileNotFoundError, PermissionError):
            descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.folder)
            try:
                found = os.fstat(descriptor)
                if not stat.S_ISLNK(found.st_mode):
                    return None
                if _is_kernels(self.folder):
                    return self._kernels_link(name)
                if found.st_uid not in _almighty() or others_may_write(self.folder):
                    where = os.path.join(self.path, name)
                    raise NotFollowed(ELOOP, f"{where} is a symbolic link that others may have made: not followed")
                return os.readlink("", dir_fd=descriptor)
            finally:
                os.close(descriptor)
        return None

    def _kernels_link(self, name: str) -> str | None:
        """Return the text of a link in /proc, but None for the last word of a path: it may lead to what has no name."""
        if not self._parts:
            return None
        self._enter(name, 0)
        return ""

    def _follow(self, name: str, target: str) -> None:
        self._links += 1
        if self._links > _MOST_LINKS:
            raise OSError(ELOOP, f"{os.path.join(self.path, name)} is a symbolic link that leads round")
        self._parts += target.split("/")[::-1]
        if target.startswith("/"):
            os.close(self.folder)
            self.path = "/"
            self.folder = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def _enter(self, name: str, flags: int) -> None:
        entered = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC | flags, dir_fd=self.folder)
        os.close(self.folder)
        self.folder = entered
        self.path = os.path.dirname(self.path) if name == ".." else os.path.join(self.path, name)


def _almighty() -> tuple[int, ...]:
    """Return who may do everything here; in a user namespace root of the outside is the owner of / alone."""
    return 0, os.geteuid(), os.stat("/").st_uid


def _is_kernels(folder: int) -> bool:
    """Say whether a folder is of /proc, whose links lead to what they name and not to their text."""
    try:
        return os.fstat(folder).st_dev == os.stat("/proc/self/fd").st_dev
    except OSError:
        return False


def make_private_directory(path: str) -> None:
    """Have a directory that only we can enter, in one that all can.

    Raises: OSError, also if it is somebody else's.
    """
    with suppress(FileExistsError):
        os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
        os.mkdir(path, 0o700)
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise OSError(0, "it is no directory of ours")
    if stat.S_IMODE(found.st_mode) != 0o700:
        os.chmod(path, 0o700)
