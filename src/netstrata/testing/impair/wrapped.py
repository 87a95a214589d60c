"""A netlink socket around another one, and the messages that go through it."""

import errno
from collections import deque
from collections.abc import Iterator
from typing import Any, Final, Literal

from netstrata.protocols.rtnetlink.constants import NLMSG_ERROR
from netstrata.protocols.rtnetlink.wire import HEADER, HEADER_SIZE, S32
from netstrata.system.netlink.kernel_socket import NetlinkSocket

Of = Literal["any", "link", "address", "route", "neighbour", "rule"]
Does = Literal["any", "new", "del"]
_FIRST: Final = 16  # RTM_NEWLINK; each sort has four types from there on: new, del, get, set
_SORTS: Final = ("link", "address", "route", "neighbour", "rule")
_ACTS: Final = ("new", "del", "get", "set")


class Wrapped:
    """Does what the real one does, but first gives what waits: datagrams, and errors."""

    def __init__(self, real: NetlinkSocket) -> None:
        self.real = real
        self.waiting: deque[bytes | OSError] = deque()
        self.ioctl, self.fileno, self.close = real.ioctl, real.fileno, real.close
        self.setsockopt, self.getsockname, self.bind = real.setsockopt, real.getsockname, real.bind

    def send(self, data: bytes, flags: int = 0, /) -> int:
        """Send requests."""
        return self.real.send(data, flags)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive a datagram."""
        if not self.waiting:
            return self.real.recv(size, flags)
        found = self.waiting.popleft()
        if isinstance(found, OSError):
            raise found
        return found

    def recv_into(self, buffer: bytearray, size: int = 0, flags: int = 0, /) -> int:
        """Receive a datagram into a buffer."""
        found = self.recv(size or len(buffer), flags)
        buffer[: len(found)] = found
        return len(found)


def split(data: bytes) -> Iterator[bytes]:
    """Yield each message of a datagram, with the bytes that pad it."""
    at = 0
    while len(data) - at >= HEADER_SIZE:
        length = (HEADER.unpack_from(data, at)[0] + 3) & ~3
        yield data[at : at + length]
        at += length


def is_write(message: bytes, of: Of = "any", does: Does = "any") -> bool:
    """Say whether a request asks for a change, and for such a one."""
    sort, act = divmod(HEADER.unpack_from(message)[1] - _FIRST, 4)
    return act != 2 and of in ("any", _SORTS[sort]) and does in ("any", _ACTS[act])


def sequence_of(message: bytes) -> int:
    """Return the number by which an answer is known."""
    sequence: int = HEADER.unpack_from(message)[3]
    return sequence


def refusal(request: bytes, number: int) -> bytes:
    """Return the kernel's no to a request."""
    head: tuple[Any, ...] = HEADER.unpack_from(request)
    body = S32.pack(-number) + request[:HEADER_SIZE]
    return HEADER.pack(HEADER_SIZE + len(body), NLMSG_ERROR, 0, head[3], head[4]) + body


def answers_to(real: NetlinkSocket, size: int = 1 << 16) -> list[bytes]:
    """Return all answers that are there."""
    found = []
    while True:
        try:
            found.append(real.recv(size, _DONTWAIT))
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ENOBUFS):
                return found
            raise


_DONTWAIT: Final = 0x40  # MSG_DONTWAIT
