"""Domain names and URIs as options of neighbour discovery have them; what a stranger says is read with care.

Source: RFC 8106 section 5.2 (names as in RFC 1035 section 3.1, without compression), RFC 8910 section 2.3.
"""

from typing import Final

_LABEL_MOST: Final = 63
_NAME_MOST: Final = 253
_NAME_BYTES: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def read_names(value: bytes) -> tuple[bytes, ...]:
    """Return the names up to the padding; up to the first that is none."""
    names: list[bytes] = []
    at = 0
    while at < len(value) and value[at]:
        labels: list[bytes] = []
        while at < len(value) and value[at]:
            length = value[at]
            labels.append(value[at + 1 : at + 1 + length])
            if length > _LABEL_MOST or len(labels[-1]) < length:
                return tuple(names)
            at += 1 + length
        name = b".".join(labels)
        if at >= len(value) or len(name) > _NAME_MOST or not _NAME_BYTES.issuperset(name) or b"." in labels:
            return tuple(names)
        names.append(name)
        at += 1
    return tuple(names)


def write_names(names: tuple[bytes, ...]) -> bytes:
    """Return names one behind the other."""
    labels = (label for name in names for label in (*name.split(b"."), b""))
    return b"".join(bytes([len(label)]) + label for label in labels)


def read_uri(value: bytes) -> bytes:
    """Return a URI without its padding, b"" if it is none."""
    text = value.rstrip(b"\0")
    return text if all(0x21 <= byte <= 0x7E for byte in text) else b""
