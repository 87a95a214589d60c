"""Leases on disk, so that a client that starts again asks for the address it had.  A hint, never a truth."""

import os
from math import inf
from typing import NamedTuple

from netstrata.system.filesystem import atomic_file
from netstrata.system.filesystem.atomic_file import PUBLIC
from netstrata.system.filesystem.places import read_file
from netstrata.values import format_ipv4, parse_ipv4

_LARGEST = 4096


class Kept(NamedTuple):
    """An address of before, packed, and when its time is over: seconds since 1970, inf for never."""

    address: bytes
    expires: float


class LeaseFile:
    """The file of one link with one MAC."""

    def __init__(self, directory: str, link: str, mac: bytes) -> None:
        self._directory = directory
        self._path = os.path.join(directory, f"{link}-{mac.hex()}.lease")

    def read(self) -> Kept | None:
        """Return what was kept; None if there is nothing, or nothing that makes sense."""
        try:
            text = read_file(self._path, _LARGEST)
        except OSError:
            return None
        words = dict(line.split(maxsplit=1) for line in text.split(b"\n") if len(line.split(maxsplit=1)) == 2)
        address = parse_ipv4(words.get(b"address", b"").strip())
        if address is None:
            return None
        try:
            expires = float(words.get(b"expires", b""))
        except ValueError:
            return None
        return Kept(address, expires) if expires == expires else None  # not a NaN

    def write(self, kept: Kept) -> None:
        """Keep a lease, in one stroke.

        Raises: OSError.
        """
        os.makedirs(self._directory, exist_ok=True)
        expires = "inf" if kept.expires == inf else f"{kept.expires:.0f}"
        text = f"address {format_ipv4(kept.address).decode()}\nexpires {expires}\n"
        atomic_file.replace(self._path, text.encode("ascii"), PUBLIC)

    def remove(self) -> None:
        """Keep nothing.

        Raises: OSError.
        """
        try:
            os.unlink(self._path)
        except FileNotFoundError:
            return
