"""Questions to name servers, and what they answer.

Source: RFC 1035 section 4; RFC 5452 section 3 (what belongs to a question); RFC 2308 (NXDOMAIN).
"""

from struct import Struct
from struct import error as StructError
from typing import Final, NamedTuple

A: Final = 1
NS: Final = 2
SOA: Final = 6
AAAA: Final = 28
NOERROR: Final = 0
NXDOMAIN: Final = 3
REFUSED: Final = 5
LARGEST: Final = 4096

_HEADER: Final = Struct("!HHHHHH")  # number, flags, how many questions, answers, authorities, others
_RECORD: Final = Struct("!HHIH")  # type, class, time to live, length
_KIND: Final = Struct("!HH")
_IN: Final = 1
_IS_ANSWER: Final = 0x8000
_OPERATION: Final = 0x7800
_RECURSION_DESIRED: Final = 0x0100
_CODES: Final = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 9: "NOTAUTH"}
_ADDRESS_BYTES: Final = {A: 4, AAAA: 16}


class DnsAnswer(NamedTuple):
    """What a server answers: its code, and the addresses among what it names, in their order."""

    code: int
    addresses: tuple[bytes, ...]

    @property
    def word(self) -> str:
        """The code, as everybody writes it."""
        return _CODES.get(self.code, f"code {self.code}")


def encode_question(number: int, name: str, kind: int) -> bytes:
    """Return the question for the records of one kind of a name; "" is the root.

    Shapes: name has labels of 63 characters of ASCII at most, as a host's name has.
    """
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".") if label]
    written = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0) + written + _KIND.pack(kind, _IN)


def read_answer(octets: bytes, question: bytes) -> DnsAnswer | None:
    """Read the answer to a question; None for what is none, or is to another one.

    A server that refuses need not repeat the question.
    """
    try:
        _, flags, questions, answers, _, _ = _HEADER.unpack_from(octets)
        code = flags & 0xF
        if not flags & _IS_ANSWER or flags & _OPERATION or octets[:2] != question[:2]:
            return None
        end = len(question) if questions else _HEADER.size
        repeated = octets[_HEADER.size : end].lower() == question[_HEADER.size : end].lower()
        if questions > 1 or not repeated or (not questions and not code):
            return None
        return DnsAnswer(code, tuple(_addresses(octets, end, answers, question[-4:])))
    except (IndexError, StructError):
        return None


def _addresses(octets: bytes, at: int, count: int, kind: bytes) -> list[bytes]:
    found = []
    for _ in range(count):
        at = _after_name(octets, at)
        record, of, _, length = _RECORD.unpack_from(octets, at)
        at += _RECORD.size
        data = octets[at : at + length]
        at += length
        if len(data) < length:
            break  # cut off: what does not fit into one packet
        if _KIND.pack(record, of) == kind and len(data) == _ADDRESS_BYTES.get(record):
            found.append(data)
    return found


def _after_name(octets: bytes, at: int) -> int:
    """Return where a name ends, which may be by saying where it goes on."""
    while octets[at]:
        if octets[at] & 0xC0:
            return at + 2
        at += 1 + octets[at]
    return at + 1
