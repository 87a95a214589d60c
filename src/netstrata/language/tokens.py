"""Program text to tokens.  One scanner serves the parser, the layout and the text form of values.

The text is split once by one pattern: pieces at odd places are words (tokens, comments, and what is no token at all),
pieces between them are whitespace.  Keywords are matched as prefixes, as NCD does: `Document` is `Do` and `cument`.
"""

import re
from itertools import accumulate
from typing import Final

from netstrata.values import Source, Span

END: Final = 0
NAME: Final = 1
STRING: Final = 2
OPEN_BRACE: Final = 3
CLOSE_BRACE: Final = 4
OPEN_ROUND: Final = 5
CLOSE_ROUND: Final = 6
OPEN_SQUARE: Final = 7
CLOSE_SQUARE: Final = 8
SEMICOLON: Final = 9
COMMA: Final = 10
COLON: Final = 11
DOT: Final = 12
ARROW: Final = 13
AT: Final = 14
CARET: Final = 15
PROCESS: Final = 16
TEMPLATE: Final = 17
IF: Final = 18
ELIF: Final = 19
ELSE: Final = 20
FOREACH: Final = 21
AS: Final = 22
BLOCK: Final = 23
DO: Final = 24
INTERRUPT: Final = 25
INCLUDE: Final = 26
INCLUDE_GUARD: Final = 27
COMMENT: Final = 28
BAD_STRING: Final = 29
UNCLOSED: Final = 30
STRAY: Final = 31

PREFIXES: Final = {
    b"If": IF,
    b"Elif": ELIF,
    b"elif": ELIF,
    b"Else": ELSE,
    b"else": ELSE,
    b"Foreach": FOREACH,
    b"As": AS,
    b"Block": BLOCK,
    b"Do": DO,
    b"Interrupt": INTERRUPT,
    b"include_guard": INCLUDE_GUARD,
    b"include": INCLUDE,
}

_WORDS: Final[dict[bytes, int]] = {
    b"{": OPEN_BRACE,
    b"}": CLOSE_BRACE,
    b"(": OPEN_ROUND,
    b")": CLOSE_ROUND,
    b"[": OPEN_SQUARE,
    b"]": CLOSE_SQUARE,
    b";": SEMICOLON,
    b",": COMMA,
    b":": COLON,
    b".": DOT,
    b"->": ARROW,
    b"@": AT,
    b"^": CARET,
    b"process": PROCESS,
    b"template": TEMPLATE,
    **PREFIXES,
}

WORD: Final = re.compile(
    rb"""(
      [(){}.;,:\[\]@^]
    | (?:If|Elif|elif|Else|else|Foreach|As|Block|Do|Interrupt|include_guard|include)
    | [A-Za-z_][A-Za-z0-9_]*+
    | "[^"\\]*+(?:\\(?:['"\\?abfnrtv0]|x[0-9a-fA-F]{2})[^"\\]*+)*+"
    | ->
    | \#[^\n]*+
    | "[^"\\]*+(?:\\[\s\S][^"\\]*+)*+"
    | "[\s\S]*+
    | [0-9][A-Za-z0-9_]*+
    | [^\s0-9A-Za-z_"\#(){}.;,:\[\]@^-]++
    | [^ \t\n\r]
    )""",
    re.VERBOSE,
)
_NAME: Final = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*+")
_GOOD_STRING: Final = re.compile(rb""""[^"\\]*+(?:\\(?:['"\\?abfnrtv0]|x[0-9a-fA-F]{2})[^"\\]*+)*+"\Z""")
_HEX: Final = re.compile(rb"\\x(..)", re.DOTALL)
_BAD_ESCAPE: Final = re.compile(rb"""\\(?:['"\\?abfnrtv0]|x[0-9a-fA-F]{2}|(?P<bad>x[^"\\]{0,2}|[\s\S]))""")
_ESCAPES: Final = (
    (b'\\"', b'"'),
    (b"\\n", b"\n"),
    (b"\\t", b"\t"),
    (b"\\0", b"\0"),
    (b"\\r", b"\r"),
    (b"\\'", b"'"),
    (b"\\?", b"?"),
    (b"\\a", b"\a"),
    (b"\\b", b"\b"),
    (b"\\f", b"\f"),
    (b"\\v", b"\v"),
)


class Tokens:
    """The words of a source, in parallel lists; three `END` words follow the last one."""

    __slots__ = ("ends", "kinds", "source", "starts", "words")

    def __init__(self, source: Source, words: list[bytes], starts: list[int], ends: list[int]) -> None:
        self.source = source
        self.words = words
        self.starts = starts
        self.ends = ends
        known = _WORDS.get
        self.kinds: list[int] = [known(word) or kind_of(word) for word in words]

    def span(self, index: int) -> Span:
        """Return where a token stands; the place behind the last byte for `END`."""
        return Span(self.source, self.starts[index], self.ends[index])

    def whole_name(self, index: int) -> bytes:
        """Return the longest name that starts where a token starts, whatever the token ends at."""
        match = _NAME.match(self.source.text, self.starts[index])
        return match[0] if match is not None else b""

    def close(self, size: int) -> None:
        """Append the `END` words, at the end of the text."""
        for _ in range(3):
            self.words.append(b"")
            self.kinds.append(END)
            self.starts.append(size)
            self.ends.append(size)


def kind_of(word: bytes) -> int:
    """Say what a word is that is no keyword and no punctuation."""
    first = word[0]
    if 97 <= first <= 122 or 65 <= first <= 90 or first == 95:
        return NAME
    if first == 34:
        if _GOOD_STRING.match(word) is not None:
            return STRING
        return BAD_STRING if len(word) > 1 and word[-1] == 34 and _closed(word) else UNCLOSED
    return COMMENT if first == 35 else STRAY


def _closed(word: bytes) -> bool:
    """Say whether the quote at the end of a bad string ends it, and is not escaped itself."""
    body = word[1:-1]
    return (len(body) - len(body.rstrip(b"\\"))) % 2 == 0


def scan(source: Source, comments: bool = False, start: int = 0, end: int = -1) -> Tokens:
    """Split a source, or a stretch of it, into its words, with or without the comments."""
    text = source.text if end < 0 else source.text[start:end]
    pieces = WORD.split(text)
    offsets = list(accumulate(map(len, pieces)))
    if start:
        offsets = [start + offset for offset in offsets]
    words, starts, ends = pieces[1::2], offsets[0:-1:2], offsets[1::2]
    if not comments and b"#" in text:
        kept = [index for index, word in enumerate(words) if word[0] != 35]
        words = [words[index] for index in kept]
        starts = [starts[index] for index in kept]
        ends = [ends[index] for index in kept]
    tokens = Tokens(source, words, starts, ends)
    tokens.close(start + len(text))
    return tokens


def unescape(literal: bytes) -> bytes:
    """Return what a string literal stands for, given with its quotes."""
    if b"\\" not in literal:
        return literal[1:-1]
    # Between escaped backslashes, every backslash that is left begins an escape, whatever the order they are read in;
    # hexadecimal ones come last because they may stand for a backslash.
    parts = literal[1:-1].split(b"\\\\")
    for index, part in enumerate(parts):
        if b"\\" in part:
            parts[index] = _unescaped(part)
    return b"\\".join(parts)


def _unescaped(part: bytes) -> bytes:
    for escape, byte in _ESCAPES:
        part = part.replace(escape, byte)
    return _HEX.sub(_from_hex, part) if b"\\" in part else part


def _from_hex(match: re.Match[bytes]) -> bytes:
    return bytes((int(match[1], 16),))


def bad_escape(literal: bytes) -> tuple[int, int]:
    """Return where the first bad escape of a string literal stands in it; (0, 0) if there is none."""
    for match in _BAD_ESCAPE.finditer(literal):
        if match["bad"] is not None:
            return match.span()
    return 0, 0
