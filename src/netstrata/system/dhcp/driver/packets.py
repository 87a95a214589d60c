"""Packet sockets on one link, handed over open: IPv4 to the DHCP client's port, and ARP.

They see what no UDP socket would: answers to an address that is not on the link yet.  Whatever a network sends gets a
small share of the loop's time: the kernel filters it, and of what passes only so much is read at a time.
"""

import os
from _thread import start_new_thread
from collections.abc import Callable
from errno import EAGAIN, EINTR, EINVAL, ENOBUFS
from fcntl import ioctl
from socket import socket
from struct import unpack_from

from netstrata.system.dhcp.driver.socket_filters import NOTHING
from netstrata.system.packet_reader import PacketReader
from netstrata.system.socket_filter import attach_filter

EVERYBODY = b"\xff\xff\xff\xff\xff\xff"
SOL_PACKET = 263
PACKET_AUXDATA = 8  # linux/if_packet.h
STRANGE_NAME = "its name is no UTF-8: net.rename can give it another one"

_TP_STATUS_CSUMNOTREADY = 1 << 3
_SIOCGIFFLAGS = 0x8913  # linux/sockios.h
_SIOCGIFHWADDR = 0x8927
_IFREQ, _IFNAMSIZ = 40, 16
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_LARGEST = 16384  # packet sockets see fragments, not what they make up
_ANCILLARY = 64

Hear = Callable[[bytes, bytes, bool], None]


def unheard(*news: object) -> None:
    """Tell nobody."""


def link_carries(asked: socket, link: str) -> bool:
    """Say whether a link could carry a packet.

    Raises: OSError if there is none of that name.
    """
    (flags,) = unpack_from("=H", _asked(asked, link, _SIOCGIFFLAGS), _IFNAMSIZ)
    return bool(flags & _IFF_UP) and bool(flags & _IFF_RUNNING)


def _asked(asked: socket, link: str, what: int) -> bytes:
    """Ask the kernel for one thing about a link.

    Raises: OSError if there is none of that name.
    Source: netdevice(7); any socket may ask.
    """
    return ioctl(asked, what, link.encode("utf-8", "surrogateescape").ljust(_IFREQ, b"\0"))


class PacketSocket:
    """A packet socket, bound to a link and letting nothing in, that hands what it hears to a function."""

    def __init__(self, handed: socket, fail: Callable[[OSError], None]) -> None:
        """Take a socket over.

        Shapes: fail is given what the socket died of, such as ENETDOWN, while somebody listens.
        """
        self._socket = handed
        self._fail = fail
        self._hear: Hear | None = None
        self._reader: PacketReader | None = None

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._socket.fileno() < 0

    def listen(self, program: bytes, hear: Hear) -> None:
        """Hand over what a filter lets in from now on, and nothing that came before.

        Shapes: hear is given a packet without Ethernet header, the sender's MAC, and whether the UDP checksum is
        still to be computed.
        Raises: OSError.
        """
        self.ignore()
        while self._receive() is not None:
            pass
        self.filter(program)
        self._hear = hear
        self._reader = PacketReader(self._socket.fileno(), self._take)

    def ignore(self) -> None:
        """Let nothing in, and hear nothing more.

        Raises: OSError.
        """
        self._stop()
        self.filter(NOTHING)

    def filter(self, program: bytes) -> None:
        """Let in what a filter takes from now on; what an earlier one took may still come.

        Shapes: program is one of `socket_filters`.
        Raises: OSError.
        """
        attach_filter(self._socket, program)

    def send(self, packet: bytes, mac: bytes) -> None:
        """Send a packet to a MAC; one that does not fit into a queue now is lost, as on any network.

        Raises: OSError.
        """
        name, protocol = self._bound()
        try:
            self._socket.sendto(packet, (name, protocol, 0, 0, mac))
        except OSError as error:
            if error.errno not in (EAGAIN, ENOBUFS, EINTR):
                raise

    def has_carrier(self) -> bool:
        """Say whether the link, whatever its name is by now, could carry a packet."""
        try:
            return link_carries(self._socket, self._bound()[0])
        except OSError:
            return False

    def mac(self) -> bytes:
        """Return the MAC that the link has now.

        Raises: OSError.
        """
        return _asked(self._socket, self._bound()[0], _SIOCGIFHWADDR)[_IFNAMSIZ + 2 : _IFNAMSIZ + 8]

    def close(self) -> None:
        """Stop listening, and tell nobody of anything any more.

        The kernel closes a packet socket only after every core has seen it go (6 to 10 ms on two cores), for which
        the loop has no time.
        """
        self._fail = unheard  # no circle with whoever has it is left
        if not self.closed:
            self._stop()
            descriptor = self._socket.detach()
            try:
                start_new_thread(os.close, (descriptor,))
            except RuntimeError:  # no thread is to be had: slow is better than never
                os.close(descriptor)

    def _bound(self) -> tuple[str, int]:
        """Return the name that the link has now, empty if it is gone, and the protocol.

        Raises: OSError.
        """
        try:
            name, protocol, *_ = self._socket.getsockname()
        except UnicodeDecodeError:
            raise OSError(EINVAL, STRANGE_NAME) from None
        return name, protocol

    def _stop(self) -> None:
        self._hear = None
        if self._reader is not None:
            self._reader.end()
            self._reader = None

    def _take(self) -> bool:
        """Hand over one packet; say whether there was one."""
        try:
            found = self._receive()
        except OSError as error:
            self._fail(error)
            return False
        if found is not None and self._hear is not None:
            self._hear(*found)
        return found is not None

    def _receive(self) -> tuple[bytes, bytes, bool] | None:
        """Return a packet, its sender and whether its checksum is pending; None if none is there.

        Raises: OSError.
        """
        try:
            packet, ancillary, _, sender = self._socket.recvmsg(_LARGEST, _ANCILLARY)
        except (BlockingIOError, InterruptedError):
            return None
        except UnicodeDecodeError:
            raise OSError(EINVAL, STRANGE_NAME) from None
        pending = any(
            level == SOL_PACKET and kind == PACKET_AUXDATA and unpack_from("=I", data)[0] & _TP_STATUS_CSUMNOTREADY
            for level, kind, data in ancillary
        )
        return packet, sender[4], pending
