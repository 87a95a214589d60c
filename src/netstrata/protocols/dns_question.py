"""A DNS question, and whether it was answered.

Source: RFC 1035, section 4; RFC 6895, section 2.3.
"""

from struct import Struct
from typing import Final

SOA: Final = 6
NS: Final = 2
REFUSED: Final = 5
NO_SUCH_NAME: Final = 3
PORT: Final = 53
LONGEST: Final = 512  # bytes of an answer over UDP without EDNS
RCODES: Final = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED", 9: "NOTAUTH"}
_HEAD = Struct("!HHHHHH")
_TAIL = Struct("!HH")
_RECURSE = 0x0100
_ANSWER = 0x8000
_INTERNET = 1


def question(number: int, name: bytes, kind: int) -> bytes:
    """Return a question for a name, b"" for the root."""
    labels = b"".join(bytes([len(label)]) + label for label in name.split(b".") if label)
    return _HEAD.pack(number, _RECURSE, 1, 0, 0, 0) + labels + b"\0" + _TAIL.pack(kind, _INTERNET)


def answer_code(packet: bytes, asked: bytes) -> int | None:
    """Return the response code of an answer to a question; None if it is none."""
    if len(packet) < _HEAD.size:
        return None
    number, flags, questions, *_ = _HEAD.unpack_from(packet)
    if number != _HEAD.unpack_from(asked)[0] or not flags & _ANSWER:
        return None
    repeated = packet[_HEAD.size : len(asked)]
    if questions and repeated.lower() != asked[_HEAD.size :].lower():
        return None
    return int(flags) & 0xF
