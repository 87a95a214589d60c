"""What every part of the model does with messages: read a request, refuse it, say that it is not modelled."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol

from netstrata.protocols.rtnetlink.constants import (
    NLM_F_ACK_TLVS,
    NLM_F_CAPPED,
    NLMSG_ERROR,
    NLMSGERR_ATTR_MSG,
    NLMSGERR_ATTR_OFFS,
)
from netstrata.protocols.rtnetlink.wire import HEADER, HEADER_SIZE, S32, U32, attribute, attributes

Attributes = dict[int, bytes]


class Notify(Protocol):
    """Tells all who are in a group of netlink's."""

    def __call__(
        self, group: int, kind: int, body: bytes, flags: int = 0, sequence: int = 0, port: int = 0
    ) -> None: ...


class NotModelled(Exception):
    """The model kernel does not know what the real one would do; no test may go on from here."""


class Refusal(Exception):
    """The kernel's no: an errno, and the text of the extended answer if the real one gives any."""

    def __init__(self, errno: int, text: str = "", attribute: int = 0) -> None:
        super().__init__(errno, text)
        self.attribute = attribute  # the guilty one of the request, behind a header of 16 bytes
        self.errno = errno
        self.text = text


class Request(NamedTuple):
    """One request, with its header's fields; the port is whose socket it came through."""

    type: int
    flags: int
    sequence: int
    port: int
    body: bytes

    def attributes(self, header: int, known: Iterable[int]) -> Attributes:
        """Return the attributes behind a family's header.

        Raises: NotModelled if there is another one than the model knows.
        """
        return known_attributes(f"message {self.type}", self.body, header, known)


def requests(data: bytes, port: int) -> Iterator[Request]:
    """Yield the requests in a datagram; what is no message ends it, as ip sends more bytes than it means."""
    at = 0
    while len(data) - at >= HEADER_SIZE:
        length, kind, flags, sequence, _ = HEADER.unpack_from(data, at)
        if not HEADER_SIZE <= length <= len(data) - at:
            return
        yield Request(kind, flags, sequence, port, data[at + HEADER_SIZE : at + length])
        at += (length + 3) & ~3


def known_attributes(what: str, data: bytes, start: int, known: Iterable[int]) -> Attributes:
    """Return attributes by type.

    Raises: NotModelled if there is another one than the model knows.
    """
    found = {kind: data[first:last] for kind, first, last in attributes(data, start, len(data))}
    unknown = sorted(found.keys() - set(known))
    if unknown:
        raise NotModelled(f"{what} with the attributes {unknown}")
    return found


def number(value: bytes) -> int:
    """Read a number of one, two or four bytes."""
    return int.from_bytes(value, "little" if U32.pack(1)[0] else "big")


def text(value: bytes) -> str:
    """Read a name."""
    return value.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def named(kind: int, name: str) -> bytes:
    """Return an attribute that is a name."""
    return attribute(kind, name.encode("utf-8", "surrogateescape") + b"\0")


def packed(found: Mapping[int, bytes]) -> bytes:
    """Return attributes as bytes."""
    return _packed(tuple(found.items()))


@lru_cache(1024)
def _packed(found: tuple[tuple[int, bytes], ...]) -> bytes:
    return b"".join([attribute(kind, value) for kind, value in found])


def datagram(kind: int, flags: int, sequence: int, port: int, body: bytes) -> bytes:
    """Return a message with the kernel's header, padded so that another may follow."""
    return HEADER.pack(HEADER_SIZE + len(body), kind, flags, sequence, port) + body + b"\0" * (-len(body) & 3)


def answer(request: Request, refusal: Refusal | None) -> bytes:
    """Return the answer to a request, without the request in it."""
    errno, said = (refusal.errno, refusal.text) if refusal else (0, "")
    flags = NLM_F_CAPPED | (NLM_F_ACK_TLVS if said else 0)
    size = HEADER_SIZE + len(request.body)
    body = S32.pack(-errno) + HEADER.pack(size, request.type, request.flags, request.sequence, request.port)
    body += named(NLMSGERR_ATTR_MSG, said) if said else b""
    if refusal is not None and refusal.attribute:
        for kind, start, _ in attributes(request.body, 16, len(request.body)):
            if kind == refusal.attribute:
                body += attribute(NLMSGERR_ATTR_OFFS, U32.pack(HEADER_SIZE + start - 4))
    return datagram(NLMSG_ERROR, flags, request.sequence, request.port, body)
