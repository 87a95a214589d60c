"""Netlink messages as bytes: headers, attributes and answers.  Knows nothing of what a family's attributes mean.

Everything is in the machine's byte order and aligned to four bytes.  Bytes that make no sense raise Malformed, and
nothing else.  Source: netlink(7), linux/netlink.h, RFC 3549 section 2.
"""

from struct import Struct
from typing import NamedTuple, Union

from netstrata.protocols.rtnetlink.constants import (
    NLA_F_NESTED,
    NLA_TYPE_MASK,
    NLM_F_ACK_TLVS,
    NLM_F_CAPPED,
    NLMSGERR_ATTR_MSG,
    NLMSGERR_ATTR_OFFS,
)

Octets = Union[bytes, bytearray]

HEADER = Struct("=IHHII")  # length, type, flags, sequence number, port
ATTRIBUTE = Struct("=HH")  # length with these four bytes, type
U32 = Struct("=I")
S32 = Struct("=i")
HEADER_SIZE = 16


class Malformed(Exception):
    """These bytes are not a message."""


class Message(NamedTuple):
    """One message in a datagram; the body is data[start:end]."""

    type: int
    flags: int
    sequence: int
    port: int
    start: int
    end: int


class Answer(NamedTuple):
    """What the kernel says to a request: errno 0 is yes.

    Shapes: attribute is the type of the guilty attribute, 0 if it was not named; silent is that the kernel has said
    nothing, so that it may have been done.
    """

    errno: int
    text: str = ""
    attribute: int = 0
    silent: bool = False


def messages(data: Octets, size: int) -> list[Message]:
    """Split a datagram into its messages.

    Raises: Malformed.
    """
    found: list[Message] = []
    at = 0
    while at < size:
        if size - at < HEADER_SIZE:
            raise Malformed(f"{size - at} bytes are too few for a header")
        length, kind, flags, sequence, port = HEADER.unpack_from(data, at)
        if length < HEADER_SIZE or length > size - at:
            raise Malformed(f"a message of {length} bytes in {size - at}")
        found.append(Message(kind, flags, sequence, port, at + HEADER_SIZE, at + length))
        at += (length + 3) & ~3
    return found


def attributes(data: Octets, start: int, end: int, wanted: frozenset[int] | None = None) -> list[tuple[int, int, int]]:
    """Return the attributes between two offsets: type, start and end of the value.

    Shapes: wanted are the types to return, all if it is None; a link has some thirty.
    Raises: Malformed.
    """
    found: list[tuple[int, int, int]] = []
    unpack = ATTRIBUTE.unpack_from
    at = start
    while end - at >= 4:
        length, kind = unpack(data, at)
        if length < 4 or length > end - at:
            raise Malformed(f"an attribute of {length} bytes in {end - at}")
        kind &= NLA_TYPE_MASK
        if wanted is None or kind in wanted:
            found.append((kind, at + 4, at + length))
        at += (length + 3) & ~3
    return found


def message(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    """Return a message with its header."""
    return HEADER.pack(HEADER_SIZE + len(body), kind, flags, sequence, 0) + body


def attribute(kind: int, value: bytes) -> bytes:
    """Return an attribute, padded."""
    return ATTRIBUTE.pack(4 + len(value), kind) + value + b"\0" * (-len(value) & 3)


def nest(kind: int, *inner: tuple[int, bytes]) -> bytes:
    """Return an attribute of attributes, marked as the newer families want it."""
    return attribute(kind | NLA_F_NESTED, b"".join(attribute(one, value) for one, value in inner))


def text_of(data: Octets, start: int, end: int) -> str:
    """Read a name up to its NUL, if it has one; bytes that are no UTF-8 are kept."""
    value = bytes(data[start:end])
    stop = value.find(b"\0")
    return (value if stop < 0 else value[:stop]).decode("utf-8", "surrogateescape")


def u32_of(data: Octets, start: int, end: int) -> int:
    """Read a number of four bytes.

    Raises: Malformed.
    """
    if end - start < 4:
        raise Malformed(f"a number of {end - start} bytes")
    number: int = U32.unpack_from(data, start)[0]
    return number


def answer_of(data: Octets, flags: int, start: int, end: int, request: bytes = b"") -> Answer:
    """Read the body of an NLMSG_ERROR, with the extended text if there is one.

    Shapes: request is the whole message it answers, with its header, to name the guilty attribute by.
    Raises: Malformed.
    """
    if end - start < 4 + HEADER_SIZE:
        raise Malformed(f"an answer of {end - start} bytes")
    errno = -S32.unpack_from(data, start)[0]
    if not flags & NLM_F_ACK_TLVS:
        return Answer(errno)
    at = start + 4 + HEADER_SIZE
    if not flags & NLM_F_CAPPED:
        at = start + 4 + ((U32.unpack_from(data, start + 4)[0] + 3) & ~3)
    text = ""
    guilty = 0
    for kind, first, last in attributes(data, at, end):
        if kind == NLMSGERR_ATTR_MSG:
            text = bytes(data[first:last]).partition(b"\0")[0].decode("utf-8", "replace")
        elif kind == NLMSGERR_ATTR_OFFS:
            guilty = _type_at(request, u32_of(data, first, last))
    return Answer(errno, text, guilty)


def done_of(data: Octets, start: int, end: int) -> int:
    """Read the body of an NLMSG_DONE: the error the dump ended in, 0 if none."""
    if end - start < 4:
        return 0
    errno: int = -S32.unpack_from(data, start)[0]
    return max(errno, 0)


def _type_at(request: bytes, offset: int) -> int:
    """Return the type of the attribute that stands at an offset of a request, 0 if none does."""
    if offset < HEADER_SIZE or offset + 4 > len(request):
        return 0
    kind: int = ATTRIBUTE.unpack_from(request, offset)[1]
    return kind & NLA_TYPE_MASK
