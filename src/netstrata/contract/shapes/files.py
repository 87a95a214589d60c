"""The shapes of what statements say about files."""

import re
from typing import Annotated

from netstrata.contract.declaration import Shape
from netstrata.contract.shapes.common import word_shape
from netstrata.values import Map, Value, parse_number

MODES = (b"r", b"w", b"a", b"r+", b"w+", b"a+")
KINDS = (b"file", b"dir", b"chr", b"blk", b"fifo", b"link", b"socket", b"other", b"failed")
READ_SIZE = 8192  # bytes, unless the options say otherwise
LARGEST_READ = 2**64 - 1
LARGEST_OFFSET = 2**63 - 1
_OFFSET = re.compile(rb"[+-]?[0-9]+")


def read_size(value: Value) -> int | None:
    """Read an option map that may hold nothing but `read_size`."""
    if not isinstance(value, Map):
        return None
    size: int | None = READ_SIZE
    for key, word in value.entries.items():
        if key != b"read_size" or not isinstance(word, bytes):
            return None
        size = parse_number(word, LARGEST_READ)
    return size or None


def _offset(value: Value) -> int | None:
    if not isinstance(value, bytes) or not _OFFSET.fullmatch(value):
        return None
    if len(value) > 40 and value.lstrip(b"+-0") == b"":
        return 0
    digits = value.lstrip(b"+-").lstrip(b"0")
    if len(digits) > 19:
        return None
    offset = int(digits or b"0") * (-1 if value[:1] == b"-" else 1)
    return offset if -LARGEST_OFFSET - 1 <= offset <= LARGEST_OFFSET else None


def _size(value: Value) -> int | None:
    if value == b"failed":
        return -1
    return parse_number(value, LARGEST_OFFSET) if isinstance(value, bytes) else None


FILE_MODE = word_shape("a file mode", "r, w, a, r+, w+ or a+, as for C's fopen", MODES, "rb")
FILE_KIND = word_shape("a file type", "file, dir, chr, blk, fifo, link, socket, other or failed", KINDS, "door")
WHENCE = word_shape("an origin", "set, cur or end", (b"set", b"cur", b"end"), "start")
FILE_SIZE = Shape[int](
    "a size", "whole bytes, or failed", _size, lambda size: b"failed" if size < 0 else b"%d" % size,
    ('"0"', '"failed"'), ('"-1"', '""'),
)  # fmt: skip
OFFSET = Shape[int](
    "a position", "whole bytes with or without a sign, 64 bits", _offset, lambda offset: b"%d" % offset,
    ('"0"', '"-5"', '"+9223372036854775807"'), ('"9223372036854775808"', '""', '"1.5"'),
)  # fmt: skip
READ_OPTIONS = Shape[int](
    "options", "a map of read_size (whole bytes, at least 1)", read_size,
    lambda size: Map({b"read_size": b"%d" % size}), ('["read_size": "4"]', "[]"),
    ('["read_size": "0"]', '["nope": "1"]', "{}"),
)  # fmt: skip

FileKind = Annotated[bytes, FILE_KIND]
FileSize = Annotated[int, FILE_SIZE]
