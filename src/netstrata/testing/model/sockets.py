"""A netlink socket of the model: what `system.netlink` and ip(8) have in their hands instead of the kernel's own.

A request is answered before `send` returns, as the kernel does.  What is told to groups waits in a queue of so many
bytes; a queue that is full loses what comes until it has been read to its end, and then says ENOBUFS once.
Source: netlink(7), net/netlink/af_netlink.c.
"""

import ctypes
import errno
import os
from collections import deque
from collections.abc import Iterable
from socket import SO_RCVBUF, SOL_SOCKET
from struct import Struct
from sys import byteorder
from typing import Any, Protocol

from netstrata.protocols.rtnetlink.route_filter import INSTRUCTION
from netstrata.system.netlink.monitor import (
    NETLINK_ADD_MEMBERSHIP,
    NETLINK_DROP_MEMBERSHIP,
    SO_RCVBUFFORCE,
    SOL_NETLINK,
)
from netstrata.system.netlink.socket import (
    NETLINK_CAP_ACK,
    NETLINK_EXT_ACK,
    NETLINK_GET_STRICT_CHK,
    SIOCGIFINDEX,
    SIOCGIFNAME,
)
from netstrata.system.socket_filter import SO_ATTACH_FILTER, SOCK_FPROG
from netstrata.testing.model.links import Links
from netstrata.testing.model.messages import NotModelled
from netstrata.testing.model.socket_filter import Instruction, instructions, passes

_QUEUE_BYTES = 212992  # net.core.rmem_default
_LEAST_BYTES = 2304  # SOCK_MIN_RCVBUF
_OVERHEAD = 768  # what a short datagram takes more than its bytes
_IFREQ = Struct("=16si20x")


class SocketKernel(Protocol):
    """The kernel that a socket is opened at."""

    links: Links

    def answers(self, data: bytes, port: int) -> Iterable[bytes]: ...
    def closed(self, socket: "ModelSocket") -> None: ...


class ModelSocket:
    """One socket; see `system.netlink.kernel_socket.NetlinkSocket`."""

    __slots__ = ("_congested", "_event", "_filter", "_kernel", "_limit", "_lost", "_queue", "_size", "groups", "port")

    def __init__(self, kernel: SocketKernel, port: int) -> None:
        self._kernel = kernel
        self.port = port
        self.groups: set[int] = set()
        self._queue: deque[bytes] = deque()
        self._size = 0
        self._limit = _QUEUE_BYTES
        self._lost = False
        self._congested = False
        self._filter: list[Instruction] = []
        self._event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def setsockopt(self, level: int, option: int, value: int | bytes, /) -> None:
        """Do what the option says."""
        if level == SOL_NETLINK and option == NETLINK_ADD_MEMBERSHIP and isinstance(value, int):
            self.groups.add(value)
        elif level == SOL_NETLINK and option == NETLINK_DROP_MEMBERSHIP and isinstance(value, int):
            self.groups.discard(value)
        elif level == SOL_NETLINK and option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK):
            pass  # all answers are as with these
        elif level == SOL_SOCKET and option == SO_ATTACH_FILTER and isinstance(value, bytes):
            count, address = SOCK_FPROG.unpack(value)
            self._filter = instructions(ctypes.string_at(address, count * INSTRUCTION.size))
        elif level == SOL_SOCKET and option in (SO_RCVBUF, SO_RCVBUFFORCE) and isinstance(value, int):
            self._limit = max(2 * value, _LEAST_BYTES)
        else:
            raise NotModelled(f"socket option {option} of level {level}")

    def bind(self, address: Any, /) -> None:
        """Take the port that the socket has."""

    def getsockname(self) -> tuple[int, int]:
        """Return the port and the groups."""
        return self.port, 0

    def fileno(self) -> int:
        """Return a file that can be read while something is in the queue."""
        return self._event

    def send(self, data: bytes, flags: int = 0, /) -> int:
        """Ask the kernel, which puts its answers into the queue."""
        for answer in self._kernel.answers(bytes(data), self.port):
            self._put(answer)
        return len(data)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Take the oldest datagram."""
        if self._lost:
            self._lost = False
            if not self._queue:
                self._congested = False
                os.eventfd_read(self._event)
            raise OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
        if not self._queue:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        found = self._queue.popleft()
        self._size -= len(found) + _OVERHEAD
        if not self._queue:
            self._congested = False
            os.eventfd_read(self._event)
        return found[:size]

    def recv_into(self, buffer: bytearray, size: int = 0, flags: int = 0, /) -> int:
        """Take the oldest datagram."""
        found = self.recv(size or len(buffer))
        buffer[: len(found)] = found
        return len(found)

    def ioctl(self, request: int, argument: bytes) -> bytes:
        """Say which index a name has, or which name an index."""
        name, _ = _IFREQ.unpack(argument)
        link = None
        if request == SIOCGIFINDEX:
            link = self._kernel.links.named(name.partition(b"\0")[0].decode("utf-8", "surrogateescape"))
        elif request == SIOCGIFNAME:
            link = self._kernel.links.by_index.get(int.from_bytes(argument[16:20], byteorder))
        else:
            raise NotModelled(f"ioctl {request:#x}")
        if link is None:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        return _IFREQ.pack(link.name.encode("utf-8", "surrogateescape"), link.ifindex)

    def close(self) -> None:
        """Hear nothing any more."""
        self._kernel.closed(self)
        os.close(self._event)

    def hear(self, group: int, message: bytes) -> None:
        """Take what the kernel tells a group."""
        if group in self.groups and not (self._filter and not passes(self._filter, message)):
            self._put_news(message)

    def overflow(self) -> None:
        """Lose a message, and with it all that come until the queue has been read to its end."""
        if not self._queue and not self._lost:
            os.eventfd_write(self._event, 1)
        self._congested = self._lost = True

    def _put_news(self, message: bytes) -> None:
        if self._congested or self._size > self._limit:
            self.overflow()
        else:
            self._put(message)

    def _put(self, message: bytes) -> None:
        self._queue.append(message)
        self._size += len(message) + _OVERHEAD
        if len(self._queue) == 1:
            os.eventfd_write(self._event, 1)
