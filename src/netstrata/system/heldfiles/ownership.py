"""Whose a file is to be and what they may do: as said, else as found; a secret is ours alone unless somebody says."""

import grp
import os
import pwd
import stat

from netstrata.contract.shapes.heldfiles import Attributes
from netstrata.system.filesystem.atomic_file import PRIVATE, Ownership
from netstrata.values import Unavailable


def ownership_of(attributes: Attributes, found: os.stat_result | None, mode: int, *, secret: bool = False) -> Ownership:
    """Return what a file is to be like.

    Shapes: mode is for what was not there.
    Raises: Unavailable for an owner that there is not.
    """
    user, group = find_owner(attributes)
    if secret:
        mode = PRIVATE.mode
    elif found is not None:
        user = found.st_uid if user < 0 else user
        group = found.st_gid if group < 0 else group
        mode = stat.S_IMODE(found.st_mode)
    return Ownership(mode if attributes.mode is None else attributes.mode, user, group)


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
