"""A UDP socket of a DHCPv6 client, handed over open: what a server sends gets a small share of the loop's time."""

import asyncio
from collections.abc import Callable
from errno import EAGAIN, EINTR, ENOBUFS
from socket import if_indextoname, socket
from struct import pack

from netstrata.system.dhcp.driver.packets import link_carries, unheard
from netstrata.system.socket_filter import attach_filter

_SERVERS = "ff02::1:2"  # all servers and relays of a link
_SERVER_PORT = 547
_LARGEST = 0x10000
_AT_ONCE = 16  # datagrams read in one turn of the loop
_REST_S = 0.01  # and then nothing for so long, if there are more
_LOAD_4, _AND, _EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06  # linux/filter.h
_UDP_HEADER = 8


def answers(xid: int) -> bytes:
    """Return a filter for the answers to one transaction; a socket's filter counts from the UDP header."""
    return (
        pack("=HBBI", _LOAD_4, 0, 0, _UDP_HEADER)
        + pack("=HBBI", _AND, 0, 0, 0xFFFFFF)
        + pack("=HBBI", _EQUAL, 0, 1, xid)
        + pack("=HBBI", _RETURN, 0, 0, 0x40000)
        + pack("=HBBI", _RETURN, 0, 0, 0)
    )


class DatagramSocket:
    """A UDP socket that is bound to an address of a link."""

    def __init__(
        self, handed: socket, ifindex: int, hear: Callable[[bytes, str], None], fail: Callable[[OSError], None]
    ) -> None:
        """Take a socket over.

        Shapes: hear is given what came, and who sent it.
        """
        self._socket = handed
        self._ifindex = ifindex
        self._hear = hear
        self._fail = fail
        self._loop = asyncio.get_running_loop()
        self._rest: asyncio.TimerHandle | None = None

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._socket.fileno() < 0

    def listen(self) -> None:
        """Hand over what the filter lets in."""
        self._rest = None
        self._loop.add_reader(self._socket.fileno(), self._readable)

    def filter(self, program: bytes) -> None:
        """Let in what a filter takes from now on.

        Raises: OSError.
        """
        attach_filter(self._socket, program)

    def send(self, payload: bytes) -> None:
        """Send to all servers of the link; what does not fit into a queue now is lost, as on any network.

        Raises: OSError.
        """
        try:
            self._socket.sendto(payload, (_SERVERS, _SERVER_PORT, 0, self._ifindex))
        except OSError as error:
            if error.errno not in (EAGAIN, ENOBUFS, EINTR):
                raise

    def has_carrier(self) -> bool:
        """Say whether the link, whatever its name is by now, could carry a datagram."""
        try:
            return link_carries(self._socket, if_indextoname(self._ifindex))
        except OSError:
            return False

    def close(self) -> None:
        """Hear nothing more; no circle with whoever has it is left."""
        self._hear = self._fail = unheard
        if not self.closed:
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _readable(self) -> None:
        for _ in range(_AT_ONCE):
            if self.closed:
                return
            try:
                payload, sender = self._socket.recvfrom(_LARGEST)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._fail(error)
                return
            self._hear(payload, sender[0])
        if not self.closed:
            self._loop.remove_reader(self._socket.fileno())
            self._rest = self._loop.call_later(_REST_S, self.listen)
