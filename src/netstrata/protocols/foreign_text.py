"""Names, URIs and messages that strangers say: left out, or mended, where they could disturb who reads them.

Source: RFC 1035 section 4.1.4; RFC 8106 section 5.2 (a search list of router advertisements is filled up with zeros).
"""

_NAMES_MOST = 32
_NAME_BYTES_MOST = 253
_POINTER = 0xC0
_DOMAIN_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def as_domain(value: bytes) -> bytes:
    """Return a name; nothing if it holds bytes that a resolver configuration must not get from a stranger."""
    domain = value.rstrip(b"\0").rstrip(b".")
    return domain if domain and _DOMAIN_BYTES.issuperset(domain) else b""


def as_uri(value: bytes) -> bytes:
    """Return a URI; nothing if it holds bytes that no URI has."""
    text = value.rstrip(b"\0")
    return text if all(0x21 <= byte <= 0x7E for byte in text) else b""


def as_message(value: bytes) -> str:
    """Return what is said to a human, without anything that could disturb a terminal."""
    text = value[:200].decode("ascii", "replace")
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def read_names(value: bytes) -> tuple[bytes, ...]:
    """Return the names of a list, each once, without zeros behind them; none if it makes no sense."""
    names: list[bytes] = []
    at = 0
    while at < len(value) and len(names) < _NAMES_MOST:
        found = _read_name(value, at)
        if found is None:
            return ()
        name, at = found
        if as_domain(name):
            names.append(name)
    return tuple(dict.fromkeys(names))


def write_name(name: bytes) -> bytes:
    """Return a name as labels; a part that is no label is cut."""
    labels = [label[:63] for label in name.split(b".") if label]
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def _read_name(value: bytes, at: int) -> tuple[bytes, int] | None:
    """Read a name; return where the next one begins, too.  A pointer leads back only, so that none goes in circles."""
    labels: list[bytes] = []
    after = 0
    start = at
    while at < len(value):
        length = value[at]
        if length >= _POINTER:
            if at + 1 >= len(value):
                return None
            after = after or at + 2
            at = (length - _POINTER) << 8 | value[at + 1]
            if at >= start:
                return None
            start = at
        elif length == 0:
            name = b".".join(labels)
            return (name, after or at + 1) if len(name) <= _NAME_BYTES_MOST else None
        elif length >= 64 or at + 1 + length > len(value):
            return None
        else:
            labels.append(value[at + 1 : at + 1 + length])
            at += 1 + length
    return None
