"""Raw ICMPv6 sockets of one link."""

import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NamedTuple

from netstrata.protocols.icmp import ICMP6_FILTER, only_types6
from netstrata.system.bound_socket import bind_to_link, reason_of
from netstrata.system.packet_reader import PacketReader
from netstrata.values import Unavailable

_ALL_HOPS: Final = 255
_LARGEST: Final = 65535
_ANCILLARY: Final = 64


class Packet(NamedTuple):
    """One that came in, from its ICMPv6 header on; source is packed."""

    octets: bytes
    source: bytes
    hop_limit: int


def open_icmp6(operation: str, link: str, kind: int) -> socket.socket:
    """Open a socket that is given packets of one type from a link, and sends to it what no router forwards.

    Raises: Unavailable.
    """
    try:
        opened = socket.socket(
            socket.AF_INET6, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMPV6
        )
        try:
            opened.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, only_types6(kind))
            for option, value in (
                (socket.IPV6_RECVHOPLIMIT, 1),
                (socket.IPV6_UNICAST_HOPS, _ALL_HOPS),
                (socket.IPV6_MULTICAST_HOPS, _ALL_HOPS),
                (socket.IPV6_MULTICAST_LOOP, 0),
            ):
                opened.setsockopt(socket.IPPROTO_IPV6, option, value)
            bind_to_link(opened, link)
        except BaseException:
            opened.close()
            raise
    except OSError as error:
        raise Unavailable(operation, reason_of(error), error.errno or 0) from error
    return opened


class Icmp6Reader:
    """Reads a socket, and closes it at the end."""

    def __init__(self, opened: socket.socket, hear: Callable[[Packet], None], turn: Callable[[], None]) -> None:
        """Have each packet heard, and a turn taken after some; what is wrong with the link is known by others."""
        self._socket = opened
        self._hear = hear
        self._reader = PacketReader(opened.fileno(), self._take, turn)

    def close(self) -> None:
        """Read no more, and close the socket."""
        self._reader.end()
        self._socket.close()

    def _take(self) -> bool:
        packet = None
        with suppress(OSError):
            packet = _receive(self._socket)
        if packet is not None:
            self._hear(packet)
        return packet is not None


def _receive(opened: socket.socket) -> Packet | None:
    """Return the next packet; None if there is none.

    Raises: OSError.
    """
    try:
        octets, ancillary, _, sender = opened.recvmsg(_LARGEST, _ANCILLARY)
    except (BlockingIOError, InterruptedError):
        return None
    hops = [int.from_bytes(value, sys.byteorder) for _, kind, value in ancillary if kind == socket.IPV6_HOPLIMIT]
    source = socket.inet_pton(socket.AF_INET6, sender[0].partition("%")[0])
    return Packet(octets, source, next(iter(hops), 0))


def now_s() -> float:
    """Return the time, which goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
