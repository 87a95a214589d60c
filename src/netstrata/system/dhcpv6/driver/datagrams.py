"""A UDP socket of a DHCPv6 client, handed over open: what a server sends gets a small share of the loop's time."""

from collections.abc import Callable
from errno import EAGAIN, EINTR, ENOBUFS
from socket import if_indextoname, socket

from netstrata.system.dhcp.driver.packets import link_carries, unheard
from netstrata.system.packet_reader import PacketReader
from netstrata.system.socket_filter import attach_filter

_SERVERS = "ff02::1:2"  # all servers and relays of a link
_SERVER_PORT = 547
_LARGEST = 0x10000


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
        self._reader: PacketReader | None = None

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._socket.fileno() < 0

    def listen(self) -> None:
        """Hand over what the filter lets in."""
        self._reader = PacketReader(self._socket.fileno(), self._take)

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
        if self._reader is not None:
            self._reader.end()
            self._reader = None
        self._socket.close()

    def _take(self) -> bool:
        """Hand over one datagram; say whether there was one."""
        try:
            payload, sender = self._socket.recvfrom(_LARGEST)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self._fail(error)
            return False
        self._hear(payload, sender[0])
        return True
