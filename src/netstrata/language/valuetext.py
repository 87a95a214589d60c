"""Values as text and back: `{"a", ["k":"v"]}`.  Linear in the size of the text; no recursion when reading."""

from typing import Final

from netstrata.language.tokens import STRING as STRING_TOKEN
from netstrata.language.tokens import WORD, kind_of, unescape
from netstrata.values import DEPTH_LIMIT, List, Map, Value

_VALUE: Final = 0  # a value must come
_FIRST: Final = 1  # a value or the closing bracket must come
_AFTER: Final = 2  # a comma, colon or closing bracket must come

_QUOTE: Final = 34
_COMMENT: Final = 35


class _Bracket:
    """A list or map that is still open; a map's items are keys and values in turn."""

    __slots__ = ("close", "items")

    def __init__(self, close: bytes) -> None:
        self.close = close
        self.items: list[Value] = []

    def closed(self) -> Value | None:
        """Return the value, None for a map with a key without value, or with equal keys."""
        if self.close == b"}":
            return List(self.items)
        keys = self.items[0::2]
        entries = dict(zip(keys, self.items[1::2], strict=False))
        return Map(entries) if len(entries) * 2 == len(self.items) else None


def parse_value(text: bytes) -> Value | None:
    """Read exactly one value; None if the text is anything else, or nests too deep."""
    return _Reading().read(text)


class _Reading:
    """One text being read."""

    __slots__ = ("brackets", "result", "wanted")

    def __init__(self) -> None:
        self.brackets: list[_Bracket] = []
        self.wanted = _VALUE
        self.result: Value | None = None

    def read(self, text: bytes) -> Value | None:
        for match in WORD.finditer(text):
            word = match[0]
            first = word[0]
            if first == _COMMENT:
                continue
            if first == _QUOTE:
                fits = kind_of(word) == STRING_TOKEN and self._put(unescape(word))
            elif first == 123 or first == 91:
                fits = self._open(b"}" if first == 123 else b"]")
            else:
                fits = self._mark(word)
            if not fits:
                return None
        return self.result if not self.brackets else None

    def _put(self, value: Value) -> bool:
        if self.wanted == _AFTER:
            return False
        self.wanted = _AFTER
        if not self.brackets:
            self.result = value
            return True
        self.brackets[-1].items.append(value)
        return len(self.brackets) <= DEPTH_LIMIT

    def _open(self, close: bytes) -> bool:
        if self.wanted == _AFTER or len(self.brackets) > DEPTH_LIMIT:
            return False
        self.brackets.append(_Bracket(close))
        self.wanted = _FIRST
        return True

    def _mark(self, word: bytes) -> bool:
        """Read a closing bracket, a comma or a colon; nothing else has a place here."""
        if not self.brackets or self.wanted == _VALUE:
            return False
        top = self.brackets[-1]
        if word == top.close:
            self.brackets.pop()
            value = top.closed()
            self.wanted = _VALUE
            return value is not None and self._put(value)
        if self.wanted == _FIRST:
            return False
        key = top.close == b"]" and len(top.items) % 2 == 1
        self.wanted = _VALUE
        return word == (b":" if key else b",")


def format_value(value: Value) -> bytes:
    """Return the text that `parse_value` reads back: one line unless a string holds line feeds, maps in key order."""
    if isinstance(value, bytes):
        return _quoted(value)
    parts: list[bytes] = []
    _format(value, parts)
    return b"".join(parts)


def beginning_of(value: Value, longest: int) -> bytes:
    """Return the beginning of a string, or of a value's text; what is not returned costs nothing."""
    if isinstance(value, bytes):
        return value[:longest]
    parts: list[bytes] = []
    _begin(value, parts, longest)
    return b"".join(parts)[:longest]


def _begin(value: Value, parts: list[bytes], left: int) -> int:
    """Append the text of a value as `_format` does, until there is enough; return how much is left to append."""
    if isinstance(value, bytes):
        parts.append(_quoted(value[:left]))
        return left - len(parts[-1])
    separator = b"{" if isinstance(value, List) else b"["
    closing = b"}" if isinstance(value, List) else b"]"
    for element in value.elements() if isinstance(value, List) else value.keys():
        if left <= 0:
            return left
        parts.append(separator)
        left = _begin(element, parts, left - len(separator))
        if isinstance(value, Map):
            parts.append(b":")
            left = _begin(value.entries[element], parts, left - 1)
        separator = b", "
    parts.append(closing if value.size else separator + closing)
    return left - 1


def _quoted(text: bytes) -> bytes:
    if b"\\" in text or b'"' in text or b"\0" in text:
        text = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\0", b"\\x00")
    return b'"%b"' % text


def _format(value: Value, parts: list[bytes]) -> None:
    """Append the text of a value; as deep as values may nest, no deeper."""
    if isinstance(value, bytes):
        parts.append(_quoted(value))
    elif isinstance(value, List):
        separator = b"{"
        for element in value.elements():
            parts.append(separator)
            _format(element, parts)
            separator = b", "
        parts.append(b"}" if value.size else b"{}")
    else:
        separator = b"["
        for key in value.keys():  # noqa: SIM118 - a Map's keys are ordered, and not a dict's
            parts.append(separator)
            _format(key, parts)
            parts.append(b":")
            _format(value.entries[key], parts)
            separator = b", "
        parts.append(b"]" if value.entries else b"[]")
