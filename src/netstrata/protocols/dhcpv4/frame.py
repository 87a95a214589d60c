"""IPv4 and UDP around a DHCP message, for a client that has no address yet and so no help from the kernel."""

from struct import Struct
from typing import NamedTuple

from netstrata.protocols.dhcpv4.message import Malformed

SERVER_PORT = 67
CLIENT_PORT = 68

_IP = Struct("!BBHHHBBH4s4s")
_UDP = Struct("!HHHH")
_PSEUDO = Struct("!4s4sBBH")
_UDP_PROTOCOL = 17
_TTL = 64


class Datagram(NamedTuple):
    """One UDP datagram and where it came from.  Addresses are packed, 4 bytes."""

    source: bytes
    destination: bytes
    payload: bytes


def checksum(octets: bytes) -> int:
    """Return the Internet checksum; over octets that hold a right one it is 0xffff (RFC 1071).

    A one's complement sum is a remainder by 65535, and zero has two forms: 0xffff stands for both here, so that a
    checksum that came out as 0xffff is as good as any.
    """
    padded = octets if len(octets) % 2 == 0 else octets + b"\0"
    return 0xFFFF - int.from_bytes(padded, "big") % 0xFFFF


def write_datagram(source: bytes, destination: bytes, payload: bytes) -> bytes:
    """Return an IPv4 packet from the client's port to the server's."""
    length = _UDP.size + len(payload)
    udp = _UDP.pack(CLIENT_PORT, SERVER_PORT, length, 0)
    covered = _PSEUDO.pack(source, destination, 0, _UDP_PROTOCOL, length) + udp + payload
    udp = _UDP.pack(CLIENT_PORT, SERVER_PORT, length, checksum(covered))
    head = _IP.pack(0x45, 0, _IP.size + length, 0, 0, _TTL, _UDP_PROTOCOL, 0, source, destination)
    head = _IP.pack(0x45, 0, _IP.size + length, 0, 0, _TTL, _UDP_PROTOCOL, checksum(head), source, destination)
    return head + udp + payload


def read_datagram(packet: bytes, checksum_pending: bool) -> Datagram:
    """Read an IPv4 packet to the client's port; what stands behind its end is Ethernet padding.

    Shapes: checksum_pending when the kernel says that nobody has computed the UDP checksum yet (veth, virtio).
    Raises: Malformed.
    """
    if len(packet) < _IP.size:
        raise Malformed("an IP header cut short")
    version, _, total, _, fragment, _, protocol, _, source, destination = _IP.unpack_from(packet)
    head = (version & 15) * 4
    if version >> 4 != 4 or head < _IP.size or total > len(packet) or total < head + _UDP.size:
        raise Malformed("no IPv4 packet, or one cut short")
    if protocol != _UDP_PROTOCOL:
        raise Malformed("not UDP")
    if fragment & 0x3FFF:
        raise Malformed("a fragment of a DHCP answer, and nobody here puts them together: let it have fewer options")
    if checksum(packet[:head]) != 0xFFFF:
        raise Malformed("a wrong IP header checksum")
    _, port, length, found = _UDP.unpack_from(packet, head)
    if port != CLIENT_PORT or length < _UDP.size or head + length > total:
        raise Malformed("not to a DHCP client, or cut short")
    udp = packet[head : head + length]
    if found and not checksum_pending:
        pseudo = _PSEUDO.pack(source, destination, 0, _UDP_PROTOCOL, length)
        if checksum(pseudo + udp) != 0xFFFF:
            raise Malformed("a wrong UDP checksum")
    return Datagram(source, destination, udp[_UDP.size :])
