"""Where and when a journal is true: in one network namespace, until the machine boots again.

A namespace is known by its cookie, which no other one of the same boot ever has.  Kernels before 5.14 have none; there
it is the inode of the namespace, which a later one can have again.

Source: include/uapi/asm-generic/socket.h, SO_NETNS_COOKIE; namespaces(7); random(4), boot_id.
"""

import os
import socket
import sys
from typing import Final, NamedTuple

_SO_NETNS_COOKIE: Final = 71


class Identity(NamedTuple):
    """A boot of a machine, and a network namespace of it; "" for what cannot be told, which is never the same."""

    boot: str
    namespace: str

    @classmethod
    def here(cls) -> "Identity":
        """Return that of whoever asks: of the thread, whose namespace need not be that of the others."""
        return cls(_boot(), _cookie() or _inode())

    @property
    def is_known(self) -> bool:
        """Whether another one can be told from it."""
        return bool(self.boot and self.namespace)


def _boot() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _cookie() -> str:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asked:
            return f"{int.from_bytes(asked.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8), sys.byteorder)}"
    except OSError:
        return ""


def _inode() -> str:
    try:
        found = os.stat("/proc/thread-self/ns/net")
    except OSError:
        return ""
    return f"{found.st_dev}-{found.st_ino}"
