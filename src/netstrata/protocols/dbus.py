"""D-Bus: a method is called with values, and answers with values; signals tell what has changed.

Source: the D-Bus specification, version 0.41, "Message Protocol" and "Authentication Protocol".
"""

from struct import calcsize, pack, unpack_from
from struct import error as StructError
from typing import Any, Final, NamedTuple

# As whoever the kernel says that we are; what follows need not wait for the answer.
GREETING: Final = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"
GREETED: Final = b"\r\nOK "  # in what comes before the first message, a line that ends with a line feed
RETURN: Final = 2
ERROR: Final = 3
SIGNAL: Final = 4
LARGEST: Final = 1 << 20
_CALL = 1
_NO_AUTO_START = 2  # a flag: who does not run stays away
_HEAD = 16  # bytes, with the length of the fields behind them
_PATH, _INTERFACE, _MEMBER, _ERROR_NAME, _REPLY_TO, _DESTINATION, _SIGNATURE = 1, 2, 3, 4, 5, 6, 8
_NUMBERS = {"y": "B", "b": "I", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d", "h": "I"}
_ALIGNED = {"s": 4, "o": 4, "g": 1, "a": 4, "v": 1, "(": 8, "{": 8}
_DEEPEST = 64


class Message(NamedTuple):
    """What came: of which kind, in reply to which call, with which values.

    Shapes: name is that of an error, or of what a signal tells: its interface and member, with a dot in between.
    """

    kind: int
    reply_to: int
    values: list[Any]
    path: str = ""
    name: str = ""


def method_call(
    serial: int, destination: str, path: str, interface: str, member: str, signature: str = "", *values: Any
) -> bytes:
    """Return a call of a method with values of the types that a signature says."""
    body = bytearray()
    rest = signature
    for value in values:
        end = _end(rest)
        _write(body, rest[:end], value)
        rest = rest[end:]
    fields = [(_PATH, ("o", path)), (_INTERFACE, ("s", interface)), (_MEMBER, ("s", member))]
    fields += [(_DESTINATION, ("s", destination))] + ([(_SIGNATURE, ("g", signature))] if signature else [])
    head = bytearray(pack("<cBBBII", b"l", _CALL, _NO_AUTO_START, 1, len(body), serial))
    _write(head, "a(yv)", fields)
    return bytes(head) + bytes(-len(head) % 8) + bytes(body)


def size_of(head: bytes) -> int:
    """Return how long the message is whose first 16 bytes these are.

    Raises: ValueError.
    """
    order = _order(head)
    (body,), (fields,) = unpack_from(order + "I", head, 4), unpack_from(order + "I", head, 12)
    size: int = _HEAD + (fields + 7 & ~7) + body
    if size > LARGEST:
        raise ValueError("too long")
    return size


def read_message(octets: bytes) -> Message:
    """Read a whole message.

    Raises: ValueError.
    """
    order = _order(octets)
    reader = _Reader(octets, order, 12)
    try:
        fields = dict(reader.value("a(yv)"))
        reader.align(8)
        values = reader.values(fields.get(_SIGNATURE, ""))
        member = f"{fields.get(_INTERFACE, '')}.{fields.get(_MEMBER, '')}"
        name = fields.get(_ERROR_NAME, "") if octets[1] == ERROR else member if octets[1] == SIGNAL else ""
        return Message(octets[1], fields.get(_REPLY_TO, 0), values, fields.get(_PATH, ""), name)
    except (LookupError, TypeError, StructError) as error:
        raise ValueError(str(error)) from None


def _write(octets: bytearray, kind: str, value: Any) -> None:
    """Write a value of one complete type: of a variant, a pair of its type and value; bytes are an array of bytes."""
    number = _NUMBERS.get(kind)
    octets += bytes(-len(octets) % (calcsize("=" + number) if number is not None else _ALIGNED[kind[0]]))
    if number is not None:
        octets += pack("<" + number, value)
    elif kind in ("s", "o", "g"):
        text = value.encode()
        octets += pack("<B" if kind == "g" else "<I", len(text)) + text + b"\0"
    elif kind == "v":
        _write(octets, "g", value[0])
        _write(octets, *value)
    elif kind[0] == "a":
        _write_array(octets, kind[1:], value)
    else:
        rest = kind[1:-1]
        for part in value:
            end = _end(rest)
            _write(octets, rest[:end], part)
            rest = rest[end:]


def _write_array(octets: bytearray, of: str, values: Any) -> None:
    at = len(octets)
    octets += bytes(4)
    octets += bytes(-len(octets) % (calcsize("=" + _NUMBERS[of]) if of in _NUMBERS else _ALIGNED[of[0]]))
    begin = len(octets)
    for value in values:
        _write(octets, of, value)
    octets[at : at + 4] = pack("<I", len(octets) - begin)


def _order(head: bytes) -> str:
    try:
        return {b"l": "<", b"B": ">"}[head[:1]]
    except KeyError:
        raise ValueError("no D-Bus message") from None


class _Reader:
    """Reads values, one behind the other."""

    __slots__ = ("_at", "_depth", "_octets", "_order")

    def __init__(self, octets: bytes, order: str, at: int) -> None:
        self._octets = octets
        self._order = order
        self._at = at
        self._depth = 0

    def values(self, signature: str) -> list[Any]:
        """Read a value for each complete type."""
        found: list[Any] = []
        while signature:
            end = _end(signature)
            found.append(self.value(signature[:end]))
            signature = signature[end:]
        return found

    def value(self, kind: str) -> Any:
        """Read a value of one complete type; a dictionary is a `dict`, a variant what is in it."""
        number = _NUMBERS.get(kind)
        if number is not None:
            self.align(calcsize("=" + number))
            return self._number(number)
        self.align(_ALIGNED[kind[0]])
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("too deep")
        try:
            return self._container(kind)
        finally:
            self._depth -= 1

    def align(self, to: int) -> None:
        """Go on where a value can begin that is aligned like that."""
        self._at += -self._at % to

    def _container(self, kind: str) -> Any:
        if kind in ("s", "o"):
            return self._text(self._number("I"))
        if kind == "g":
            return self._text(self._number("B"))
        if kind == "v":
            return self.values(self._text(self._number("B")))[0]
        if kind[0] == "a":
            found = self._array(kind[1:])
            return dict(found) if kind[1] == "{" else found
        if len(kind) < 3:  # an array of nothings has no end
            raise ValueError("a structure of nothing")
        return tuple(self.values(kind[1:-1]))

    def _array(self, of: str) -> list[Any]:
        size = self._number("I")
        self.align(calcsize("=" + _NUMBERS[of]) if of in _NUMBERS else _ALIGNED[of[0]])
        end = self._at + size
        if end > len(self._octets):
            raise ValueError("cut off")
        found: list[Any] = []
        while self._at < end:
            found.append(self.value(of))
        return found

    def _number(self, code: str) -> Any:
        (number,) = unpack_from(self._order + code, self._octets, self._at)
        self._at += calcsize("=" + code)
        return number

    def _text(self, size: int) -> str:
        end = self._at + size
        if end >= len(self._octets):
            raise ValueError("cut off")
        text = self._octets[self._at : end].decode()
        self._at = end + 1
        return text


def _end(signature: str) -> int:
    """Return where the first complete type of a signature ends."""
    at = 0
    while signature[at] == "a":
        at += 1
    depth = 0
    while True:
        depth += (signature[at] in "({") - (signature[at] in ")}")
        at += 1
        if not depth:
            return at
