"""Giving rights up: a console that root starts goes on as somebody who may only reach the control socket."""

import ctypes
import grp
import os
import pwd
from typing import Final

OPERATORS: Final = "netdev"
OWN: Final = "netstrata-console"
NOBODY: Final = "nobody"
PR_SET_NO_NEW_PRIVS: Final = 38


class RightsKept(Exception):
    """Root's rights could not be given up: whom we would be, and why not."""


def give_up_root(user: str, operate: bool) -> str:
    """Become a user, with the group that may steer if that is wanted and there is one; return what is to be told.

    Shapes: without a user, `netstrata-console` if there is one, else `nobody`.
    Raises: RightsKept.
    """
    entry = _user(user)
    if entry.pw_uid == 0:
        return "going on as root, as asked"
    group = _operators() if operate else None
    try:
        os.setgroups([] if group is None else [group])
        os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
        os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    except OSError as error:
        raise RightsKept(f"cannot go on as {entry.pw_name}: {error.strerror}") from error
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if not operate:
        return f"going on as {entry.pw_name}, reading only"
    if group is None:
        return (
            f"going on as {entry.pw_name}, reading only: there is no group {OPERATORS} (groupadd --system {OPERATORS})"
        )
    return f"going on as {entry.pw_name} of group {OPERATORS}"


def _user(asked: str) -> pwd.struct_passwd:
    for name in (asked,) if asked else (OWN, NOBODY):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RightsKept(f"there is no user {asked or NOBODY}")


def _operators() -> int | None:
    try:
        return grp.getgrnam(OPERATORS).gr_gid
    except KeyError:
        return None
