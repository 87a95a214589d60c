"""A file replaced in one stroke, and on the disk when that has happened."""

import grp
import os
import pwd
import stat
from contextlib import suppress

from netstrata.contract.shapes_heldfiles import Attributes
from netstrata.values import Unavailable

_MODE = 0o644
_LARGEST = 1 << 28  # bytes: what is compared, not what is kept


def read_whole(path: str) -> bytes | None:
    """Return what a file holds; None if there is none, or it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST)
    except OSError:
        return None


def replace(path: str, temporary: str, data: bytes, attributes: Attributes, found: os.stat_result | None) -> None:
    """Write `data` to a file beside `path`, and put it in its place.

    Raises: OSError; Unavailable for an owner that there is not.  Nothing has changed then.
    """
    forget(temporary)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            dress(descriptor, attributes, found, _MODE)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(temporary, path)
    except BaseException:
        forget(temporary)
        raise
    sync_directory(path)


def dress(descriptor: int, attributes: Attributes, found: os.stat_result | None, mode: int) -> None:
    """Give a file its owner and mode: as said, else as found, else as it is, and `mode`.

    Raises: OSError; Unavailable.
    """
    user, group = find_owner(attributes)
    if found is not None:
        user = found.st_uid if user < 0 else user
        group = found.st_gid if group < 0 else group
        mode = stat.S_IMODE(found.st_mode)
    now = os.fstat(descriptor)
    if user not in (-1, now.st_uid) or group not in (-1, now.st_gid):
        os.fchown(descriptor, user, group)
    os.fchmod(descriptor, mode if attributes.mode is None else attributes.mode)


def find_owner(attributes: Attributes) -> tuple[int, int]:
    """Return the numbers of user and group, -1 for what nobody says; a user brings its group.

    Raises: Unavailable.
    """
    if attributes.user is None:
        return -1, -1
    user = group = -1
    try:
        if attributes.user.isdecimal():
            user = int(attributes.user)
        else:
            entry = pwd.getpwnam(attributes.user)
            user, group = entry.pw_uid, entry.pw_gid
        if attributes.group is not None:
            numeric = attributes.group.isdecimal()
            group = int(attributes.group) if numeric else grp.getgrnam(attributes.group).gr_gid
    except KeyError as error:
        raise Unavailable("find its owner", str(error.args[0])) from None
    return user, group


def forget(path: str) -> None:
    """Remove a file, if it is there."""
    with suppress(OSError):
        os.unlink(path)


def sync_directory(path: str) -> None:
    """Have the directory of a file on the disk, if it can be."""
    with suppress(OSError):
        descriptor = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
