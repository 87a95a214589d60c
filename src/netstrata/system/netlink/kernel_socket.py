"""What a netlink socket is asked for, and the kernel's own; another kernel's has to do the same."""

import socket
from collections.abc import Callable
from fcntl import ioctl
from typing import Any, Protocol


class NetlinkSocket(Protocol):
    """What is asked of a netlink socket: as `socket.socket`, and ioctl(2)."""

    def setsockopt(self, level: int, option: int, value: int | bytes, /) -> None:
        """Set an option; also joins and leaves groups, and attaches a filter."""

    def bind(self, address: Any, /) -> None:
        """Take a port; (0, 0) leaves it to the kernel."""

    def getsockname(self) -> Any:
        """Return the port and the groups."""

    def fileno(self) -> int:
        """Return what a loop can wait for."""

    def send(self, data: bytes, flags: int = 0, /) -> int:
        """Send requests."""

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive a datagram."""

    def recv_into(self, buffer: bytearray, size: int = 0, flags: int = 0, /) -> int:
        """Receive a datagram into a buffer."""

    def ioctl(self, request: int, argument: bytes) -> bytes:
        """Ask what is no netlink message."""

    def close(self) -> None:
        """Close it."""


OpenSocket = Callable[[int, int], NetlinkSocket]  # type with its flags, protocol


class _KernelSocket(socket.socket):
    def ioctl(self, request: int, argument: bytes) -> bytes:
        return ioctl(self, request, argument)


def open_socket(kind: int, protocol: int) -> NetlinkSocket:
    """Open a netlink socket of the kernel, in the network namespace of this thread."""
    return _KernelSocket(socket.AF_NETLINK, kind, protocol)
