"""A file that was found, kept beside its place as a second name of the same inode, so that all that it has comes back.

The name says which file was put in its place, by what anybody who may list the folder can see of that one: its inode,
and when its content last changed.  So after a crash the next daemon knows whether what is there is ours, whatever it
writes itself; and what has been written there since is somebody else's.  The name says nothing of any content.
"""

import os
from contextlib import suppress

from netstrata.system.filesystem.atomic_file import found_at
from netstrata.system.filesystem.places import Place


def mark_of(found: os.stat_result | None) -> str:
    """Return by what a file is told from what others write in its place, "" if there is none."""
    return f"{found.st_ino:x}-{found.st_mtime_ns:x}" if found is not None else ""


def backup_name(place: Place, mark: str) -> str:
    """Return the name of what is kept for as long as a file of that mark is in its place."""
    return f"{_start(place)}{mark}"


def back_up(place: Place, name: str, earlier: str) -> None:
    """Keep what is at a place, or the earlier backup of it, under a name.

    Raises: OSError.
    """
    forget(place, name)
    os.link(earlier or place.name, name, src_dir_fd=place.folder, dst_dir_fd=place.folder, follow_symlinks=False)


def find_backup(place: Place) -> str:
    """Return what a daemon that crashed has kept from before anything of its own was there; "" if none has.

    Whatever else was kept for this place is forgotten: somebody has written another file there since.
    """
    names = _names(place)
    backup = ""
    found = found_at(place) if names else None
    while backup_name(place, mark_of(found)) in names:
        forget(place, backup)
        backup = backup_name(place, mark_of(found))
        names.remove(backup)
        found = found_at(place, backup)
    for name in names:
        forget(place, name)
    return backup


def forget(place: Place, name: str) -> None:
    """Remove what is kept under a name, if there is such a name."""
    if name:
        with suppress(OSError):
            os.unlink(name, dir_fd=place.folder)


def restore(place: Place, name: str) -> None:
    """Put what was kept in its place again; if nothing was, leave nothing there.

    Raises: OSError.
    """
    if name:
        os.rename(name, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
    else:
        os.unlink(place.name, dir_fd=place.folder)


def _start(place: Place) -> str:
    return f".{place.name}.netstrata-saved-"


def _names(place: Place) -> set[str]:
    start = _start(place)
    descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place.folder)
    try:
        return {name for name in os.listdir(descriptor) if name.startswith(start)}
    finally:
        os.close(descriptor)
