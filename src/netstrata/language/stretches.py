"""Stretches of a text, told from one another without reading what is in them."""

import re
from collections.abc import Iterator
from typing import Final

_BLANK: Final = re.compile(rb"(?:[ \t\r\n]++|\#[^\n]*+)*+")
_MARK: Final = re.compile(rb"""[{}]|\#[^\n]*+|"[^"\\]*+(?:\\[\s\S][^"\\]*+)*+(?:"|\Z)""")
_HEAD: Final = re.compile(rb"(?:process|template)[ \t\r\n]+([A-Za-z_][A-Za-z0-9_]*+)")
_AT_ONCE: Final = 64  # bytes that are compared first


def boundaries(text: bytes) -> list[int]:
    """Return the offsets behind each process and template, and that of the end of the text.

    Only that of the end, if braces do not match.
    """
    found: list[int] = []
    size = len(text)
    depth = 0
    for end, depth in _braces(text, 0):
        if depth < 0:
            break
        if depth == 0:
            found.append(end)
    if depth:
        return [size]
    if not found or found[-1] != size:
        found.append(size)
    return found


def end_of_element(text: bytes, start: int) -> int:
    """Return the offset behind the process or template that begins at one; that of the end, if it has none."""
    for end, depth in _braces(text, start):
        if depth <= 0:
            return end
    return len(text)


def _braces(text: bytes, start: int) -> Iterator[tuple[int, int]]:
    """Yield the offset behind each brace that is in no string and no comment, and how many are open there."""
    depth = 0
    for match in _MARK.finditer(text, start):
        first = text[match.start()]
        if first == 123:  # {
            depth += 1
        elif first == 125:  # }
            depth -= 1
        else:
            continue
        yield match.end(), depth


def name_at(text: bytes, start: int) -> str:
    """Return the name of the process or template that begins at an offset, "" if none does."""
    match = _HEAD.match(text, start)
    return match[1].decode("ascii") if match is not None else ""


def after_blank(text: bytes, start: int) -> int:
    """Return where a text goes on behind space and comments."""
    match = _BLANK.match(text, start)
    return match.end() if match is not None else start


def is_blank(text: bytes, start: int, end: int) -> bool:
    """Say whether there is nothing but space and comments in a stretch."""
    match = _BLANK.match(text, start, end)
    return match is not None and match.end() == end


def indent(text: bytes, start: int, at: int) -> bytes | None:
    """Return what stands before a place in its line; None if that is no space, or begins before a start."""
    begin = text.rfind(b"\n", start, at) + 1
    if not begin and start:
        return None
    found = text[begin:at]
    return None if found.strip(b" \t\r") else found


def same(one: bytes, at: int, other: bytes, there: int) -> int:
    """Return how many bytes two texts have in common from an offset of each on.

    Ever longer stretches are compared, then halves of the first that differs: about as many bytes as there are.
    """
    most = min(len(one) - at, len(other) - there)
    count = 0
    step = _AT_ONCE
    while count < most:
        size = min(step, most - count)
        if one[at + count : at + count + size] == other[there + count : there + count + size]:
            count += size
            step *= 2
        elif size == 1:
            break
        else:
            most = count + size - 1
            step = size // 2
    return count
