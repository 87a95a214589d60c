"""IPv4 and IPv6 addresses as text and as packed bytes (4 or 16, network order)."""

import re

from netstrata.values.arithmetic import LIMIT, WORD


def parse_number(text: bytes, limit: int | None = None) -> int | None:
    """Read one or more ASCII digits, leading zeros allowed; None if it is anything else or over the limit, 2^64 - 1."""
    if not text.isdigit():
        return None
    if len(text) > 20:
        text = text.lstrip(b"0") or b"0"
        if len(text) > 20:
            return None
    number = int(text)
    if limit is None:
        return number if number < WORD or number <= LIMIT else None
    return number if number <= limit else None


_HEX_DIGITS = re.compile(rb"[0-9a-fA-F]+")


def parse_hex_number(text: bytes) -> int | None:
    """Read one or more hexadecimal digits, leading zeros allowed; None if it is anything else or over 2^64 - 1."""
    if _HEX_DIGITS.fullmatch(text) is None:
        return None
    digits = text.lstrip(b"0")
    return int(digits or b"0", 16) if len(digits) <= 16 else None


def parse_ipv4(text: bytes) -> bytes | None:
    """Read four decimal numbers of one to three digits each, 0 to 255, leading zeros allowed."""
    parts = text.split(b".")
    if len(parts) != 4:
        return None
    packed = bytearray()
    for part in parts:
        if not part.isdigit() or len(part) > 3:
            return None
        number = int(part)
        if number > 255:
            return None
        packed.append(number)
    return bytes(packed)


def format_ipv4(packed: bytes) -> bytes:
    """Return dotted decimal, without leading zeros."""
    return b"%d.%d.%d.%d" % tuple(packed)


_GROUP = re.compile(rb"0*([0-9a-fA-F]{1,4})")
_TAIL_PART = re.compile(rb"0|[1-9][0-9]{0,2}")


def _parse_tail(text: bytes) -> list[int] | None:
    """Read the dotted IPv4 end of an IPv6 address: two groups, no leading zeros."""
    parts = text.split(b".")
    if len(parts) != 4 or not all(_TAIL_PART.fullmatch(part) for part in parts):
        return None
    a, b, c, d = (int(part) for part in parts)
    if max(a, b, c, d) > 255:
        return None
    return [a << 8 | b, c << 8 | d]


def _parse_groups(text: bytes, tail_allowed: bool) -> list[int] | None:
    """Read groups separated by single colons; the last may be a dotted IPv4 address."""
    if not text:
        return []
    groups: list[int] = []
    words = text.split(b":")
    for index, word in enumerate(words):
        match = _GROUP.fullmatch(word)
        if match is not None:
            groups.append(int(match[1], 16))
        elif tail_allowed and index == len(words) - 1 and (tail := _parse_tail(word)) is not None:
            groups.extend(tail)
        else:
            return None
    return groups


def parse_ipv6(text: bytes) -> bytes | None:
    """Read an IPv6 address (RFC 4291 section 2.2); `::` may stand for no group at all, zone ids are refused."""
    head, gap, rest = text.partition(b"::")
    if not gap:
        if b":" not in text:
            return None
        groups = _parse_groups(text, tail_allowed=True)
        if groups is None or len(groups) != 8:
            return None
    else:
        left = _parse_groups(head, tail_allowed=False)
        right = _parse_groups(rest, tail_allowed=True)
        if left is None or right is None:
            return None
        missing = 8 - len(left) - len(right)
        if missing < 0 or (missing == 0 and not right):
            return None
        groups = [*left, *([0] * missing), *right]
    return b"".join(group.to_bytes(2, "big") for group in groups)


def format_ipv6(packed: bytes) -> bytes:
    """Return lower-case hex; the first longest run of two or more zero groups becomes `::`; never dotted."""
    groups = [int.from_bytes(packed[at : at + 2], "big") for at in range(0, 16, 2)]
    best_start, best_length = 0, 1
    at = 0
    while at < 8:
        length = 0
        while at + length < 8 and groups[at + length] == 0:
            length += 1
        if length > best_length:
            best_start, best_length = at, length
        at += length or 1
    words = [b"%x" % group for group in groups]
    if best_length < 2:
        return b":".join(words)
    return b":".join(words[:best_start]) + b"::" + b":".join(words[best_start + best_length :])


def parse_address(text: bytes) -> bytes | None:
    """Read an address of either family."""
    return parse_ipv6(text) if b":" in text else parse_ipv4(text)


def format_address(packed: bytes) -> bytes:
    """Return the text of an address of either family."""
    return format_ipv4(packed) if len(packed) == 4 else format_ipv6(packed)


def mask_bits(packed: bytes, prefix: int) -> bytes:
    """Return an address with all bits after the prefix cleared."""
    bits = len(packed) * 8
    number = int.from_bytes(packed, "big") >> (bits - prefix) << (bits - prefix)
    return number.to_bytes(len(packed), "big")
