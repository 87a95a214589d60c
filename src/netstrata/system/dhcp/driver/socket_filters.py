"""What a socket lets in: programs of classic BPF, which the kernel runs before anything costs us time.

They keep a flood out, not a mistake: what gets through is checked again by who reads it.  Those of packet sockets take
only what came for this link's MAC or for everybody, without a VLAN's tag: other destinations are seen by a promiscuous
link, and a tag means another link.  (A tag of VLAN 0 is only a priority; the kernel has removed it by then.)

Source: linux/filter.h; Documentation/networking/filter.rst, whose ancillary loads stand at negative offsets; they and
all others count from the IP or ARP header, because the sockets are SOCK_DGRAM; those of a UDP socket from its header.
"""

from struct import pack
from typing import NamedTuple

_LOAD_4, _LOAD_2, _LOAD_1 = 0x20, 0x28, 0x30  # A = packet[k]
_LOAD_4_AT_X, _LOAD_2_AT_X, _LOAD_1_AT_X = 0x40, 0x48, 0x50  # A = packet[X + k]
_IP_HEADER = 0xB1  # X = length of the IP header at k
_AND, _EQUAL, _GREATER, _ANY_BIT = 0x54, 0x15, 0x25, 0x45
_RETURN = 0x06
_PACKET_TYPE = 0xFFFFF004  # SKF_AD_PKTTYPE
_TAG_PRESENT = 0xFFFFF030  # SKF_AD_VLAN_TAG_PRESENT
_PACKET_BROADCAST = 1  # linux/if_packet.h; 0 is to us, greater ones are for others, to a group or our own
_ALL_OF_IT = 0x40000

_NEXT, _TAKE, _DROP = range(3)

_UDP = 17
_LATER_FRAGMENT = 0x1FFF
_CLIENT_PORT = 68
_BOOTREPLY = 2
_ARP_REQUEST, _ARP_REPLY = 1, 2


class _Instruction(NamedTuple):
    code: int
    value: int
    true: int = _NEXT
    false: int = _NEXT


def _assemble(*instructions: _Instruction) -> bytes:
    """Return a program that takes a packet which runs through to the end."""
    program = b""
    for at, (code, value, true, false) in enumerate(instructions):
        take = len(instructions) - at - 1
        jumps = {_NEXT: 0, _TAKE: take, _DROP: take + 1}
        program += pack("=HBBI", code, jumps[true], jumps[false], value)
    return program + pack("=HBBI", _RETURN, 0, 0, _ALL_OF_IT) + pack("=HBBI", _RETURN, 0, 0, 0)


def _load(code: int, at: int) -> _Instruction:
    return _Instruction(code, at)


def _is(value: int) -> _Instruction:
    return _Instruction(_EQUAL, value, false=_DROP)


_FOR_US = (
    _load(_LOAD_4, _PACKET_TYPE),
    _Instruction(_GREATER, _PACKET_BROADCAST, true=_DROP),
    _load(_LOAD_4, _TAG_PRESENT),
    _is(0),
)

NOTHING = pack("=HBBI", _RETURN, 0, 0, 0)


def dhcp_answers(mac: bytes, xid: int) -> bytes:
    """Return a filter for the answers to one transaction of a client, with IP options of any length.

    The first fragment of one is let in, too, so that it can be named.
    """
    return _assemble(
        *_FOR_US,
        _load(_LOAD_1, 9), _is(_UDP),
        _load(_LOAD_2, 6), _Instruction(_ANY_BIT, _LATER_FRAGMENT, true=_DROP),
        _load(_IP_HEADER, 0),
        _load(_LOAD_2_AT_X, 2), _is(_CLIENT_PORT),
        _load(_LOAD_1_AT_X, 8), _is(_BOOTREPLY),
        _load(_LOAD_4_AT_X, 12), _is(xid),
        _load(_LOAD_4_AT_X, 36), _is(int.from_bytes(mac[:4], "big")),
        _load(_LOAD_2_AT_X, 40), _is(int.from_bytes(mac[4:], "big")),
    )  # fmt: skip


def dhcpv6_answers(xid: int) -> bytes:
    """Return a filter of a UDP socket for the answers to one transaction of a client."""
    return _assemble(_load(_LOAD_4, 8), _Instruction(_AND, 0xFFFFFF), _is(xid))


def arp_claims(address: bytes, *more: bytes) -> bytes:
    """Return a filter for who says that an address is theirs, or is about to take it (RFC 5227 section 2.1.1).

    Of more addresses, only those are let in who say that they are theirs.
    """
    number = int.from_bytes(address, "big")
    senders = [_Instruction(_EQUAL, int.from_bytes(each, "big"), true=_TAKE) for each in (address, *more)]
    return _assemble(
        *_FOR_US,
        _load(_LOAD_4, 14), *senders, _is(0),  # the sender's address
        _load(_LOAD_2, 6), _is(_ARP_REQUEST),
        _load(_LOAD_4, 24), _is(number),  # the address asked for
    )  # fmt: skip


def arp_replies(address: bytes) -> bytes:
    """Return a filter for replies from an address."""
    return _assemble(
        *_FOR_US,
        _load(_LOAD_2, 6), _is(_ARP_REPLY),
        _load(_LOAD_4, 14), _is(int.from_bytes(address, "big")),
    )  # fmt: skip
