"""Echo requests and replies of ICMP and ICMPv6.

Source: RFC 792, RFC 4443 section 4; raw(7), icmp(7); linux/icmp.h, linux/icmpv6.h, linux/filter.h.
"""

from struct import Struct
from typing import Final

SOL_RAW: Final = 255
ICMP_FILTER: Final = 1  # of SOL_RAW: which types are left out, a bit for each
ICMP6_FILTER: Final = 1  # of IPPROTO_ICMPV6: the same, for 256 types
ONLY_REPLIES: Final = Struct("=I").pack(0xFFFFFFFF & ~(1 << 0))

_REQUEST: Final = {4: 8, 6: 128}
ECHO_REPLY6: Final = 129
_REPLY: Final = {4: 0, 6: ECHO_REPLY6}
_ECHO: Final = Struct("!BBHHH")
_INSTRUCTION: Final = Struct("=HBBI")  # of classic BPF: operation, jumps, value
_IP_HEADER: Final = _INSTRUCTION.pack(0xB1, 0, 0, 0)  # X = length of the IP header
_LOAD_2: Final = 0x28  # A = packet[k]
_LOAD_2_AT_X: Final = 0x48  # A = packet[X + k]
_SKIP_IF_OTHER: Final = 0x15
_RETURN: Final = 0x06


def only_types6(*types: int) -> bytes:
    """Return what ICMP6_FILTER takes to let some types through, and nothing else."""
    let = [sum(1 << kind % 32 for kind in types if kind // 32 == word) for word in range(8)]
    return Struct("=8I").pack(*(0xFFFFFFFF & ~bits for bits in let))


def echo_request(family: int, identifier: int, number: int) -> bytes:
    """Return the question of a number; of an ICMPv6 one the kernel makes the checksum."""
    plain = _ECHO.pack(_REQUEST[family], 0, 0, identifier, number & 0xFFFF)
    return plain if family == 6 else _ECHO.pack(_REQUEST[family], 0, _checksum(plain), identifier, number & 0xFFFF)


def answered(family: int, packet: bytes, identifier: int) -> int | None:
    """Return the last 16 bits of the number of the question that a packet answers, None if it answers none of ours.

    Shapes: packet is what a raw socket reads, for IPv4 with its header.
    """
    start = 4 * (packet[0] & 0xF) if family == 4 and packet else 0
    if len(packet) < start + _ECHO.size:
        return None
    kind, _, _, whose, number = _ECHO.unpack_from(packet, start)
    return number if kind == _REPLY[family] and whose == identifier else None


def only_answers_to(family: int, identifier: int) -> bytes:
    """Return a socket's filter that lets in what bears an identifier, as program of classic BPF.

    A raw socket is given the replies to everybody on this host: without it, probes would wake each other.
    """
    load = _IP_HEADER + _INSTRUCTION.pack(_LOAD_2_AT_X, 0, 0, 4) if family == 4 else _INSTRUCTION.pack(_LOAD_2, 0, 0, 4)
    take, leave = _INSTRUCTION.pack(_RETURN, 0, 0, 0xFFFF), _INSTRUCTION.pack(_RETURN, 0, 0, 0)
    return load + _INSTRUCTION.pack(_SKIP_IF_OTHER, 0, 1, identifier) + take + leave


def _checksum(octets: bytes) -> int:
    total = sum(octets[0::2]) * 256 + sum(octets[1::2])
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
