"""Questions that are one packet each, over a socket that stays open: echo requests, ARP, neighbour solicitations."""

import os
import socket
from contextlib import suppress
from itertools import count
from typing import Any, Final, Protocol

from netstrata.protocols.arp import read_arp, write_request
from netstrata.protocols.icmp import (
    ECHO_REPLY6,
    ICMP6_FILTER,
    ICMP_FILTER,
    ONLY_REPLIES,
    SOL_RAW,
    answered,
    echo_request,
    only_answers_to,
    only_types6,
)
from netstrata.protocols.solicitation import (
    ADVERTISEMENT,
    HOP_LIMIT,
    advertises,
    encode_solicitation,
    solicited_group,
)
from netstrata.system.bound_socket import bound_socket, reason_of
from netstrata.system.dhcp.driver.socket_filters import arp_replies
from netstrata.system.packet_reader import PacketReader
from netstrata.system.probes.asker import Heard
from netstrata.system.socket_filter import attach_filter
from netstrata.values import format_address, parse_address

_LARGEST: Final = 1500
_ETH_P_ARP: Final = 0x0806
_ETHERNET: Final = 1  # ARPHRD_ETHER
_EVERYBODY: Final = b"\xff" * 6
_NOBODY: Final = bytes(4)
_IDENTIFIERS: Final = count(int.from_bytes(os.urandom(2), "big"))  # another one for each who is asked
_LATEST: Final = -1  # the answer does not say to which question


class Packets(Protocol):
    """What is said to one host, and what it says."""

    silence: str

    def open(self) -> socket.socket:
        """Open the socket for it.

        Raises: OSError.
        """

    def question(self, number: int) -> tuple[bytes, Any]:
        """Return a question, and whom it goes to.

        Raises: OSError.
        """

    def answers(self, packet: bytes) -> int | None:
        """Return the last 16 bits of the number of the question that a packet answers, -1 for any, None for none."""


class PacketAsker:
    """Asks one host by packets."""

    def __init__(self, packets: Packets) -> None:
        """Take what is said."""
        self.silence = packets.silence
        self._packets = packets
        self._asked: dict[int, int] = {}  # the numbers of questions by what of them comes back
        self._heard: Heard = _nobody
        self._socket: socket.socket | None = None
        self._reader: PacketReader | None = None

    def begin(self, heard: Heard) -> None:
        """Open the socket.

        Raises: OSError.
        """
        self._heard = heard
        self._socket = self._packets.open()
        self._reader = PacketReader(self._socket.fileno(), self._read)

    def end(self) -> None:
        """Close it."""
        self._heard = _nobody
        if self._reader is not None:
            self._reader.end()
            self._reader = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, number: int) -> None:
        """Send one question; what cannot be sent is not answered."""
        if self._socket is None:
            return
        self._asked = {key: asked for key, asked in self._asked.items() if asked > number - 1000}
        self._asked[number & 0xFFFF] = number
        try:
            self._socket.sendto(*self._packets.question(number))
        except OSError as error:
            self._heard(number, f"{self.silence}: {reason_of(error)}")

    def _read(self) -> bool:
        """Read one packet; say whether there was one."""
        try:
            packet = self._socket.recv(_LARGEST) if self._socket is not None else b""
        except OSError:
            return False
        answer = self._packets.answers(packet)
        if answer == _LATEST and self._asked:
            answer = next(reversed(self._asked))
        number = self._asked.pop(answer, None) if answer is not None else None
        if number is not None:
            self._heard(number, "")
        return True


def _nobody(number: int, why: str) -> None:
    """Hear nothing."""


class Echo:
    """Echo requests."""

    def __init__(self, link: str, address: str) -> None:
        self.silence = f"no echo reply from {address}"
        self.identifier = next(_IDENTIFIERS) & 0xFFFF
        self._link = link
        self._address = address
        self._family = 6 if ":" in address else 4

    def open(self) -> socket.socket:
        """Open a raw socket that is given answers to our own questions alone."""
        protocol = socket.IPPROTO_ICMPV6 if self._family == 6 else socket.IPPROTO_ICMP
        opened = bound_socket(self._link, self._family, socket.SOCK_RAW, protocol)
        try:
            if self._family == 4:
                opened.setsockopt(SOL_RAW, ICMP_FILTER, ONLY_REPLIES)
            else:
                opened.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, only_types6(ECHO_REPLY6))
            attach_filter(opened, only_answers_to(self._family, self.identifier))
        except BaseException:
            opened.close()
            raise
        return opened

    def question(self, number: int) -> tuple[bytes, Any]:
        """Return an echo request."""
        return echo_request(self._family, self.identifier, number), (self._address, 0)

    def answers(self, packet: bytes) -> int | None:
        """Read an echo reply."""
        return answered(self._family, packet, self.identifier)


class ArpRequest:
    """Who has an IPv4 address on the link."""

    def __init__(self, link: str, address: str) -> None:
        self.silence = f"no ARP reply from {address}"
        self._link = link
        self._address = address
        self._packed = parse_address(address.encode()) or _NOBODY
        self._mac = b""

    def open(self) -> socket.socket:
        """Open a packet socket on the link, which hears ARP replies from the address alone.

        Raises: OSError.
        """
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        opened = socket.socket(socket.AF_PACKET, kind, 0)
        try:
            attach_filter(opened, arp_replies(self._packed))
            opened.bind((self._link, _ETH_P_ARP))
            _, _, _, hardware, self._mac = opened.getsockname()
            if hardware != _ETHERNET:
                raise OSError(0, f"{self._link} has no Ethernet addresses, so nobody can be asked for one")
        except BaseException:
            opened.close()
            raise
        return opened

    def question(self, number: int) -> tuple[bytes, Any]:
        """Return an ARP request from the address that the kernel would use."""
        whole = write_request(self._mac, self._source(), self._packed)
        return whole, (self._link, _ETH_P_ARP, 0, 0, _EVERYBODY)

    def answers(self, packet: bytes) -> int | None:
        """Read an ARP reply."""
        found = read_arp(packet)
        return _LATEST if found is not None and found.sender == self._packed else None

    def _source(self) -> bytes:
        with suppress(OSError), bound_socket(self._link, 4, socket.SOCK_DGRAM) as asked:
            asked.connect((self._address, 9))
            return socket.inet_aton(asked.getsockname()[0])
        return _NOBODY


class Solicitation:
    """Who has an IPv6 address on the link."""

    def __init__(self, link: str, address: str) -> None:
        self.silence = f"no neighbour advertisement from {address}"
        self._link = link
        self._packed = parse_address(address.encode()) or bytes(16)
        self._mac = b""
        self._to: Any = None

    def open(self) -> socket.socket:
        """Open a raw socket that hears neighbour advertisements alone.

        Raises: OSError.
        """
        self._mac = _mac_of(self._link)
        group = format_address(solicited_group(self._packed)).decode()
        opened = bound_socket(self._link, 6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        try:
            opened.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, only_types6(ADVERTISEMENT))
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, HOP_LIMIT)
            self._to = (group, 0, 0, socket.if_nametoindex(self._link))
        except BaseException:
            opened.close()
            raise
        return opened

    def question(self, number: int) -> tuple[bytes, Any]:
        """Return a neighbour solicitation."""
        return encode_solicitation(self._packed, self._mac), self._to

    def answers(self, packet: bytes) -> int | None:
        """Read a neighbour advertisement."""
        return _LATEST if advertises(packet, self._packed) else None


def _mac_of(link: str) -> bytes:
    """Return the hardware address of a link.

    Raises: OSError.
    """
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0) as asked:
        asked.bind((link, 0))
        mac: bytes = asked.getsockname()[4]
        return mac
