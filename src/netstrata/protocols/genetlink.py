"""Generic netlink as bytes: how a family is found, and the header of its messages.  Source: linux/genetlink.h."""

from struct import Struct
from sys import byteorder

from netstrata.protocols.rtnetlink.wire import Octets, attribute, attributes

NETLINK_GENERIC = 16
GENL_ID_CTRL = 16
_HEADER = Struct("=BBxx")  # command, version
_GETFAMILY = 3
_FAMILY_ID = 1
_FAMILY_NAME = 2


def request(command: int, version: int = 1, *given: bytes) -> bytes:
    """Return the body of a message: a command, and its attributes."""
    return _HEADER.pack(command, version) + b"".join(given)


def ask_family(name: str) -> bytes:
    """Return the body of the question to GENL_ID_CTRL which number a family has."""
    return request(_GETFAMILY, 1, attribute(_FAMILY_NAME, name.encode() + b"\0"))


def decode_family(data: Octets, start: int, end: int) -> int:
    """Read the number from the answer, 0 if it has none.

    Raises: Malformed.
    """
    found = values(data, start, end).get(_FAMILY_ID, b"")
    return int.from_bytes(found, byteorder)


def values(data: Octets, start: int, end: int) -> dict[int, bytes]:
    """Return the attributes of a message by type.

    Raises: Malformed.
    """
    return {kind: bytes(data[first:last]) for kind, first, last in attributes(data, start + _HEADER.size, end)}


def nested(data: bytes) -> dict[int, bytes]:
    """Return the attributes inside of one by type.

    Raises: Malformed.
    """
    return {kind: data[first:last] for kind, first, last in attributes(data, 0, len(data))}
