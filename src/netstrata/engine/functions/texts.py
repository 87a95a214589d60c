"""Functions of strings and lists, and between values, text and packed bytes."""

from typing import Literal

from netstrata.contract import Shape
from netstrata.contract.shapes.common import ANY, LIST, NUMBER, TEXT
from netstrata.engine.function import Strict
from netstrata.engine.structure import function, rest, takes
from netstrata.language.valuetext import format_value, parse_value
from netstrata.values import List, Refused, Value, parse_number


def _read_strings(value: Value) -> Value | None:
    return value if isinstance(value, (bytes, List)) else None


STRINGS = Shape[Value](
    "strings", "a string, or a list of strings, however nested", _read_strings, lambda v: v, ('"x"', "{}"), ("[]",)
)


def _gather(value: Value, index: int, words: list[bytes]) -> None:
    if isinstance(value, bytes):
        words.append(value)
    elif isinstance(value, List):
        for element in value.elements():
            _gather(element, index, words)
    else:
        raise STRINGS.refusal(index)


class Concat(Strict):
    """Strings put together."""

    def apply(self, values: list[Value]) -> Value:
        """Put them together."""
        words: list[bytes] = []
        for index, value in enumerate(values):
            _gather(value, index, words)
        return b"".join(words)


def _concatlist(values: list[Value]) -> Value:
    elements: list[Value] = []
    for index, value in enumerate(values):
        if not isinstance(value, List):
            raise LIST.refusal(index)
        elements.extend(value.elements())
    return List(elements)


def _text(values: list[Value], index: int) -> bytes:
    value = values[index]
    if not isinstance(value, bytes):
        raise TEXT.refusal(index)
    return value


def _lower(values: list[Value]) -> Value:
    return _text(values, 0).lower()


def _upper(values: list[Value]) -> Value:
    return _text(values, 0).upper()


def _encode(values: list[Value]) -> Value:
    return format_value(values[0])


def _decode(values: list[Value]) -> Value:
    value = parse_value(_text(values, 0))
    if value is None:
        raise Refused("this is not the text of a value", argument=0)
    return value


def _checksum(values: list[Value]) -> Value:
    algorithm = _text(values, 0)
    data = _text(values, 1)
    if algorithm != b"inverted_sum_bytes":
        raise Refused("expected an algorithm: inverted_sum_bytes", argument=0)
    return b"%d" % (255 - sum(data) % 256)


_SIZES = {b"u8": 1, b"u16b": 2, b"u16l": 2, b"u32b": 4, b"u32l": 4, b"u64b": 8, b"u64l": 8}
ENCODINGS = "u8, u16b, u16l, u32b, u32l, u64b or u64l"


def _order(encoding: bytes) -> Literal["big", "little"]:
    return "big" if encoding.endswith(b"b") else "little"


def _struct_encode(values: list[Value]) -> Value:
    if not isinstance(values[0], List):
        raise LIST.refusal(0)
    packed = bytearray()
    for pair in values[0].elements():
        fields = pair.elements() if isinstance(pair, List) else []
        encoding = fields[0] if len(fields) == 2 else None
        size = _SIZES.get(encoding) if isinstance(encoding, bytes) else None
        if size is None or not isinstance(encoding, bytes):
            raise Refused(f"expected pairs of an encoding ({ENCODINGS}) and a number", argument=0)
        number = parse_number(fields[1], (1 << 8 * size) - 1) if isinstance(fields[1], bytes) else None
        if number is None:
            raise Refused(f"expected a number that fits {size} bytes", argument=0)
        packed += number.to_bytes(size, _order(encoding))
    return bytes(packed)


def _struct_decode(values: list[Value]) -> Value:
    if not isinstance(values[0], List):
        raise LIST.refusal(0)
    data = _text(values, 1)
    numbers: list[Value] = []
    at = 0
    for encoding in values[0].elements():
        size = _SIZES.get(encoding) if isinstance(encoding, bytes) else None
        if size is None or not isinstance(encoding, bytes):
            raise Refused(f"expected encodings: {ENCODINGS}", argument=0)
        if at + size > len(data):
            raise Refused("there is less data than the encodings say", argument=1)
        numbers.append(b"%d" % int.from_bytes(data[at : at + size], _order(encoding)))
        at += size
    if at != len(data):
        raise Refused("there is more data than the encodings say", argument=1)
    return List(numbers)


function(
    "concat",
    Concat(),
    rest("parts", STRINGS),
    """Put strings together; lists of strings are walked through.

    Example:
        println(@concat("a", {"b", {"c"}}));  # abc
    """,
    TEXT,
)
function(
    "concatlist",
    _concatlist,
    rest("lists", LIST),
    """Put lists together.

    Example:
        println(@encode_value(@concatlist({"a"}, {"b"})));  # {"a", "b"}
    """,
    LIST,
)
function(
    "tolower",
    _lower,
    takes(("text", TEXT)),
    """Return a string with its ASCII letters in lower case.

    Example:
        println(@tolower("AbC"));  # abc
    """,
    TEXT,
)
function(
    "toupper",
    _upper,
    takes(("text", TEXT)),
    """Return a string with its ASCII letters in upper case.

    Example:
        println(@toupper("AbC"));  # ABC
    """,
    TEXT,
)
function(
    "encode_value",
    _encode,
    takes(("value", ANY)),
    """Return the text form of a value.

    Example:
        println(@encode_value({"a", ["k": "v"]}));  # {"a", ["k":"v"]}
    """,
    TEXT,
)
function(
    "decode_value",
    _decode,
    takes(("text", TEXT)),
    """Return the value that a text is the form of.

    Example:
        println(@encode_value(@decode_value("{ \\"a\\" }")));  # {"a"}
    """,
    ANY,
)
function(
    "checksum",
    _checksum,
    takes(("algorithm", TEXT), ("data", TEXT)),
    """Return a checksum; the only algorithm is inverted_sum_bytes, which is 255 minus the sum modulo 256.

    Example:
        println(@checksum("inverted_sum_bytes", "\\x01\\x02"));  # 252
    """,
    NUMBER,
)
function(
    "struct_encode",
    _struct_encode,
    takes(("pairs", LIST)),
    """Pack numbers into bytes; each pair is an encoding (u8, u16b, u16l, …, u64l) and a number.

    Example:
        println(@struct_encode({{"u8", "65"}, {"u16b", "16962"}}));  # ABB
    """,
    TEXT,
)
function(
    "struct_decode",
    _struct_decode,
    takes(("encodings", LIST), ("data", TEXT)),
    """Unpack bytes into numbers; all of the data must be used.

    Example:
        println(@encode_value(@struct_decode({"u8", "u16b"}, "ABB")));  # {"65", "16962"}
    """,
    LIST,
)
