"""The channels of a MACsec link, and the associations with their keys, as bytes.

The family `macsec` of generic netlink.  Source: linux/if_macsec.h; Linux, drivers/net/macsec.c.
"""

from collections.abc import Iterator, Mapping
from struct import Struct
from typing import Any, Final, NamedTuple

from netstrata.protocols import genetlink
from netstrata.protocols.rtnetlink.wire import U32, Octets, attribute, attributes, nest, u32_of

FAMILY: Final = "macsec"
GET: Final = 0
ID_SIZE: Final = 16
_ADD_CHANNEL, _DELETE_CHANNEL = 1, 2
_ADD_SENT, _DELETE_SENT, _CHANGE_SENT, _ADD_HEARD, _DELETE_HEARD, _CHANGE_HEARD = 4, 5, 6, 7, 8, 9
_IFINDEX, _CHANNEL, _ASSOCIATION, _LINK, _SENT_LIST, _CHANNEL_LIST = 1, 2, 3, 4, 5, 6
_SCI, _SCI_ACTIVE, _HEARD_LIST = 1, 2, 3
_NUMBER, _ACTIVE, _PACKET, _KEY, _ID, _SSCI, _SALT = 1, 2, 3, 4, 5, 8, 9
_CIPHER = 4
_U64 = Struct("=Q")


class Association(NamedTuple):
    """What the kernel shows of an association."""

    active: bool
    identifier: bytes


class MacsecLink(NamedTuple):
    """What the kernel shows of a link; what it sends is of no channel, which is b"" here."""

    ifindex: int
    cipher: int
    associations: dict[tuple[bytes, int], Association]
    channels: dict[bytes, bool]  # by SCI, whether it is active

    @property
    def key_size(self) -> int:
        """How long its keys are, in bytes."""
        return 32 if self.cipher & 0xFF in (2, 4) else 16

    @property
    def counts_long(self) -> bool:
        """Whether its packets have numbers of eight bytes (XPN)."""
        return self.cipher & 0xFF in (3, 4)


def ask() -> bytes:
    """Return the body of a dump of all MACsec links."""
    return genetlink.request(GET)


def add_channel(ifindex: int, sci: bytes) -> bytes:
    """Return the body of a message that makes a channel."""
    return genetlink.request(_ADD_CHANNEL, 1, _link(ifindex), nest(_CHANNEL, (_SCI, sci), (_SCI_ACTIVE, b"\1")))


def delete_channel(ifindex: int, sci: bytes) -> bytes:
    """Return the body of a message that deletes a channel, and all of its associations."""
    return genetlink.request(_DELETE_CHANNEL, 1, _link(ifindex), nest(_CHANNEL, (_SCI, sci)))


def add_association(
    ifindex: int, sci: bytes, number: int, identifier: bytes, key: bytes, more: Mapping[str, Any]
) -> bytes:
    """Return the body of a message that makes an association.

    Shapes: more has `pn`, `ssci` and `salt`, of which the last two are of links that count long.
    """
    packet = more.get("pn", 1)
    inner = [
        (_NUMBER, bytes((number,))),
        (_PACKET, _U64.pack(packet) if "salt" in more else U32.pack(packet)),
        (_ID, identifier),
        (_KEY, key),
        (_ACTIVE, b"\1"),
    ]
    if "salt" in more:
        inner += [(_SSCI, U32.pack(more["ssci"])), (_SALT, more["salt"])]
    command = _ADD_HEARD if sci else _ADD_SENT
    return genetlink.request(command, 1, _link(ifindex), _of(sci), nest(_ASSOCIATION, *inner))


def disable_association(ifindex: int, sci: bytes, number: int) -> bytes:
    """Return the body of a message that puts an association out of use; one that is in use cannot be deleted."""
    command = _CHANGE_HEARD if sci else _CHANGE_SENT
    inner = (_NUMBER, bytes((number,))), (_ACTIVE, b"\0")
    return genetlink.request(command, 1, _link(ifindex), _of(sci), nest(_ASSOCIATION, *inner))


def delete_association(ifindex: int, sci: bytes, number: int) -> bytes:
    """Return the body of a message that deletes an association."""
    command = _DELETE_HEARD if sci else _DELETE_SENT
    return genetlink.request(command, 1, _link(ifindex), _of(sci), nest(_ASSOCIATION, (_NUMBER, bytes((number,)))))


def decode(data: Octets, start: int, end: int) -> MacsecLink:
    """Read what the kernel tells of one link.

    Raises: Malformed.
    """
    shown = genetlink.values(data, start, end)
    ifindex = shown.get(_IFINDEX, b"")
    cipher = genetlink.nested(shown.get(_LINK, b"")).get(_CIPHER, b"")
    associations = {(b"", number): one for number, one in _associations(shown.get(_SENT_LIST, b""))}
    channels: dict[bytes, bool] = {}
    for packed in _each(shown.get(_CHANNEL_LIST, b"")):
        parts = genetlink.nested(packed)
        sci = parts.get(_SCI, b"")
        channels[sci] = any(parts.get(_SCI_ACTIVE, b""))
        associations |= {(sci, number): one for number, one in _associations(parts.get(_HEARD_LIST, b""))}
    number = _U64.unpack(cipher)[0] if len(cipher) == _U64.size else 0
    return MacsecLink(u32_of(ifindex, 0, len(ifindex)), number, associations, channels)


def _associations(data: bytes) -> Iterator[tuple[int, Association]]:
    for packed in _each(data):
        parts = genetlink.nested(packed)
        number = int.from_bytes(parts.get(_NUMBER, b""), "little")
        yield number, Association(any(parts.get(_ACTIVE, b"")), parts.get(_ID, b""))


def _each(data: bytes) -> Iterator[bytes]:
    """Yield what a list has, which is numbered."""
    for _, first, last in attributes(data, 0, len(data)):
        yield data[first:last]


def _link(ifindex: int) -> bytes:
    return attribute(_IFINDEX, U32.pack(ifindex))


def _of(sci: bytes) -> bytes:
    return nest(_CHANNEL, (_SCI, sci)) if sci else b""
