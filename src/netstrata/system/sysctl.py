"""Settings below /proc/sys, of the network namespace of the thread that asks.

Nobody says when one of them is changed by somebody else, so that is noticed only on the way back.
Source: proc(5), sysctl(8).
"""

import os

from netstrata.contract import Running
from netstrata.system.layers import HoldingSetting, Pile, Settings, Wish
from netstrata.values import Unavailable

ROOT = "/proc/sys"
_MOST = 1 << 16  # bytes


class KernelSettings(Settings[str, bytes]):
    """The `Sysctl` port over /proc/sys; a key is a path."""

    __slots__ = ("_root",)

    def __init__(self, root: str = ROOT) -> None:
        super().__init__()
        self._root = root

    def held_value(self, path: str, value: bytes) -> HoldingSetting[str, bytes]:
        """Write a setting, and put back what it was, unless somebody else has written it since."""
        return HoldingSetting(self, path, b" ".join(value.split()))

    def hold(self, name: str, value: bytes, who: Running | None) -> tuple[str, Pile[bytes], Wish[bytes]]:
        """Write a setting."""
        pile, wish = self.put(name, value, who)
        return name, pile, wish

    def read(self, key: str, operation: str) -> bytes:
        """Return a setting, with one space between its words."""
        try:
            file = self._open(key, os.O_RDONLY)
            try:
                return b" ".join(os.read(file, _MOST).split())
            finally:
                os.close(file)
        except PermissionError as error:
            reason = "it cannot be read, so it could not be put back"
            raise Unavailable(operation, reason, error.errno or 0) from error
        except OSError as error:
            raise self._refusal(operation, key, error) from error

    def write(self, key: str, value: bytes, operation: str) -> None:
        """Change a setting."""
        try:
            file = self._open(key, os.O_WRONLY)
            try:
                os.write(file, value + b"\n")
            finally:
                os.close(file)
        except OSError as error:
            raise self._refusal(operation, key, error) from error

    def words(self, key: str, value: bytes) -> str:
        """Return a setting with its value."""
        return f"{name_of(key)} to {value.decode('utf-8', 'replace')}"

    def _open(self, key: str, mode: int) -> int:
        return os.open(f"{self._root}/{key}", mode | os.O_CLOEXEC | os.O_NOFOLLOW)

    def _refusal(self, operation: str, key: str, error: OSError) -> Unavailable:
        reason = error.strerror or str(error)
        if isinstance(error, FileNotFoundError):
            reason = f"there is no {key} in {self._root}"
        elif isinstance(error, IsADirectoryError):
            reason = "it is a folder of settings"
        return Unavailable(operation, reason, error.errno or 0)


def name_of(path: str) -> str:
    """Return a path as sysctl(8) writes it: dots between its parts, slashes for the dots in them."""
    return path.translate(_SWAP)


_SWAP = str.maketrans("./", "/.")
