"""Files of leases, as text that nobody reads here."""

import os

from netstrata.system.filesystem import atomic_file
from netstrata.system.filesystem.atomic_file import PUBLIC
from netstrata.system.filesystem.places import read_file

_LARGEST = 0x10000


class LeaseFile:
    """The file of one client on a link."""

    def __init__(self, directory: str, link: str, who: bytes, suffix: str = "lease") -> None:
        self._directory = directory
        self._path = os.path.join(directory, f"{link}-{who.hex()}.{suffix}")

    def read(self) -> bytes:
        """Return its text; nothing if it cannot be read."""
        try:
            return read_file(self._path, _LARGEST)
        except OSError:
            return b""

    def keep(self, text: bytes) -> None:
        """Write it in one stroke; remove it if there is nothing to be kept.

        Raises: OSError.
        """
        if text:
            os.makedirs(self._directory, exist_ok=True)
            atomic_file.replace(self._path, text, PUBLIC)
            return
        try:
            os.unlink(self._path)
        except FileNotFoundError:
            return
