"""Packet sockets on one link, held by its index: IPv4 to the DHCP client's port, and ARP.

They see what no UDP socket would: answers to an address that is not on the link yet.  Whatever a network sends gets a
small share of the loop's time: the kernel filters it, and of what passes only so much is read at a time.
"""

import asyncio
import os
from _thread import start_new_thread
from array import array
from collections.abc import Callable
from errno import EAGAIN, EINTR, EINVAL, ENOBUFS
from socket import (
    AF_INET,
    AF_PACKET,
    SO_BINDTODEVICE,
    SO_RCVBUF,
    SO_REUSEADDR,
    SOCK_CLOEXEC,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    SOL_SOCKET,
    if_indextoname,
    socket,
)
from struct import pack, unpack_from

EVERYBODY = b"\xff\xff\xff\xff\xff\xff"
ETH_P_IP = 0x0800
ETH_P_ARP = 0x0806

_SO_ATTACH_FILTER = 26
_INSTRUCTION_SIZE = 8  # linux/filter.h, struct sock_filter
_SOL_PACKET = 263
_PACKET_AUXDATA = 8  # linux/if_packet.h
_TP_STATUS_CSUMNOTREADY = 1 << 3
_LARGEST = 16384  # packet sockets see fragments, not what they make up
_ANCILLARY = 64
_AT_ONCE = 16  # packets read in one turn of the loop, about half a millisecond
_REST_S = 0.01  # and then nothing for so long if there are more: 1600 a second; the kernel drops what does not fit

_CLIENT_PORT = 68


def _name_of(ifindex: int) -> str:
    """Return a link's name as packet sockets of Python need it.

    Raises: OSError.
    """
    name = if_indextoname(ifindex)
    if any("\ud800" <= character <= "\udfff" for character in name):  # bytes that are no UTF-8
        raise _strange_name()
    return name


def _strange_name() -> OSError:
    return OSError(EINVAL, "its name is no UTF-8: net.rename can give it another one")


class PacketSocket:
    """One open packet socket that hands what it hears to a function."""

    def __init__(
        self,
        ifindex: int,
        protocol: int,
        packet_filter: bytes,
        hear: Callable[[bytes, bytes, bool], None],
        fail: Callable[[OSError], None],
    ) -> None:
        """Listen on a link.

        Shapes: hear is given a packet without Ethernet header, the sender's MAC, and whether the UDP checksum is
        still to be computed.  fail is given what the socket died of, such as ENETDOWN.
        Raises: OSError.
        """
        self._ifindex = ifindex
        self._protocol = protocol
        self._hear = hear
        self._fail = fail
        # Protocol 0 hears nothing: no packet gets in before the filter stands.
        self._socket = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
        try:
            self._socket.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
            self.filter(packet_filter)
            self._socket.bind((_name_of(ifindex), protocol))
            self._loop = asyncio.get_running_loop()
            self._rest: asyncio.TimerHandle | None = None
            self._listen()
        except BaseException:
            self._socket.close()
            raise

    def filter(self, program: bytes) -> None:
        """Let in what a filter takes from now on; what an earlier one took may still come.

        Shapes: program is one of `socket_filters`.  The kernel changes it in one step (socket(7), SO_ATTACH_FILTER).
        Raises: OSError.
        """
        code = array("B", program)
        described = pack("@HP", len(program) // _INSTRUCTION_SIZE, code.buffer_info()[0])
        self._socket.setsockopt(SOL_SOCKET, _SO_ATTACH_FILTER, described)

    def send(self, packet: bytes, mac: bytes) -> None:
        """Send a packet to a MAC; one that does not fit into a queue now is lost, as on any network.

        Raises: OSError.
        """
        try:
            self._socket.sendto(packet, (_name_of(self._ifindex), self._protocol, 0, 0, mac))
        except OSError as error:
            if error.errno not in (EAGAIN, ENOBUFS, EINTR):
                raise

    def close(self) -> None:
        """Stop listening.

        The kernel closes a packet socket only after every core has seen it go (6 to 10 ms on two cores), for which
        the loop has no time.
        """
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            if self._rest is not None:
                self._rest.cancel()
            descriptor = self._socket.detach()
            try:
                start_new_thread(os.close, (descriptor,))
            except RuntimeError:  # no thread is to be had: slow is better than never
                os.close(descriptor)

    def _listen(self) -> None:
        self._rest = None
        self._loop.add_reader(self._socket.fileno(), self._readable)

    def _readable(self) -> None:
        if not self._read_some() and self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._rest = self._loop.call_later(_REST_S, self._listen)

    def _read_some(self) -> bool:
        """Hand over what is there; say whether that was all, or the end."""
        for _ in range(_AT_ONCE):
            if self._socket.fileno() < 0:
                return True  # what was heard made us close
            try:
                packet, ancillary, _, sender = self._socket.recvmsg(_LARGEST, _ANCILLARY)
            except (BlockingIOError, InterruptedError):
                return True
            except OSError as error:
                self._fail(error)
                return True
            except UnicodeDecodeError:
                self._fail(_strange_name())
                return True
            pending = any(
                level == _SOL_PACKET
                and kind == _PACKET_AUXDATA
                and unpack_from("=I", data)[0] & _TP_STATUS_CSUMNOTREADY
                for level, kind, data in ancillary
            )
            self._hear(packet, sender[4], pending)
        return False


def quiet_port(name: str) -> socket | None:
    """Take the client's UDP port on a link without ever reading it; None if somebody else has it.

    Without a taker the kernel would answer each renewal that a server sends to our address with ICMP "port
    unreachable".
    """
    taker = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
    try:
        taker.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
        taker.setsockopt(SOL_SOCKET, SO_BINDTODEVICE, name.encode("utf-8", "surrogateescape") + b"\0")
        taker.setsockopt(SOL_SOCKET, SO_RCVBUF, 0)
        taker.bind(("0.0.0.0", _CLIENT_PORT))
    except OSError:
        taker.close()
        return None
    return taker
