"""Raw ICMPv6 sockets of one link."""

import socket
import sys
import time
from asyncio import get_running_loop
from collections.abc import Callable
from contextlib import suppress
from errno import EPERM
from typing import TYPE_CHECKING, Final, NamedTuple

from netstrata.protocols.icmp import ICMP6_FILTER, only_types6
from netstrata.system.permission import takes
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from asyncio import TimerHandle

_ALL_HOPS: Final = 255
_LARGEST: Final = 65535
_ANCILLARY: Final = 64
_AT_ONCE: Final = 16  # packets read in one turn of the loop
_REST_S: Final = 0.01  # and then nothing for so long if there are more; the kernel drops what does not fit


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
            name = link.encode("utf-8", "surrogateescape")
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name + b"\0")
        except BaseException:
            opened.close()
            raise
    except OSError as error:
        reason = takes("CAP_NET_RAW") if error.errno == EPERM else error.strerror or str(error)
        raise Unavailable(operation, reason, error.errno or 0) from error
    return opened


class PacketReader:
    """Reads a socket, as much at a time as the loop can spare for whatever a network sends."""

    def __init__(self, opened: socket.socket, hear: Callable[[Packet], None], turn: Callable[[], None]) -> None:
        """Have each packet heard, and a turn taken after some; what is wrong with the link is known by others."""
        self._socket = opened
        self._hear = hear
        self._take_turn = turn
        self._rest: TimerHandle | None = None
        self._loop = get_running_loop()
        self._read_on()

    def close(self) -> None:
        """Read no more, and close the socket."""
        if self._rest is not None:
            self._rest.cancel()
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _read_on(self) -> None:
        self._loop.add_reader(self._socket.fileno(), self._read)

    def _read(self) -> None:
        with suppress(OSError):
            for _ in range(_AT_ONCE):
                packet = _receive(self._socket)
                if packet is None:
                    break
                self._hear(packet)
            else:
                self._loop.remove_reader(self._socket.fileno())
                self._rest = self._loop.call_later(_REST_S, self._read_on)
        self._take_turn()


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
