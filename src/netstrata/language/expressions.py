"""Tokens to values: the part of the parser below a statement's parentheses.  Explicit stack, no recursion."""

from typing import Final

from netstrata.language.expected import VALUE, Unexpected, token_mistake
from netstrata.language.refusals import Mistake
from netstrata.language.tokens import (
    AT,
    BAD_STRING,
    CARET,
    CLOSE_BRACE,
    CLOSE_ROUND,
    CLOSE_SQUARE,
    COLON,
    COMMA,
    DOT,
    NAME,
    OPEN_BRACE,
    OPEN_ROUND,
    OPEN_SQUARE,
    STRING,
    Tokens,
    unescape,
)
from netstrata.language.tree import Call, Expression, ListOf, MapOf, Reference, String
from netstrata.values import Span

# How deep values may nest, calls and parentheses included: what walks the tree may recurse.
VALUE_LIMIT: Final = 256

_ARGUMENTS: Final = 0
_SINGLE: Final = 1
_LIST: Final = 2
_KEY: Final = 3
_PAIR: Final = 4
_ROUND: Final = 5
_CALL: Final = 6

_WANTED: Final = {
    _ARGUMENTS: "`,` or `)`",
    _LIST: "`,` or `}`",
    _KEY: "`:` between a key and its value",
    _PAIR: "`,` or `]`",
    _ROUND: "`)`",
    _CALL: "`,` or `)`",
}


class _Frame:
    """A bracket that is open."""

    __slots__ = ("function", "items", "key", "mode", "pairs", "start")

    def __init__(self, mode: int, start: int, items: list[Expression]) -> None:
        self.mode = mode
        self.start = start
        self.items = items
        self.pairs: list[tuple[Expression, Expression]] = []
        self.key: Expression | None = None
        self.function: Expression | None = None


class ValueParser:
    """A place in the tokens of a file, and what reads values from there on."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.source = tokens.source
        self.words = tokens.words
        self.kinds = tokens.kinds
        self.starts = tokens.starts
        self.ends = tokens.ends
        self.at = 0
        self.mistakes: list[Mistake] = []
        self._frames: list[_Frame] = []
        self._names: dict[bytes, str] = {}

    def arguments(self) -> list[Expression]:
        """Read values up to the closing parenthesis, from behind the opening one."""
        kinds, at = self.kinds, self.at
        items: list[Expression] = []
        if kinds[at] == CLOSE_ROUND:
            self.at = at + 1
            return items
        while True:  # the common case: strings and plain names, without a frame
            kind, after = kinds[at], kinds[at + 1]
            if after != COMMA and after != CLOSE_ROUND:
                break
            if kind == STRING:
                items.append(String(unescape(self.words[at]), Span(self.source, self.starts[at], self.ends[at])))
            elif kind == NAME:
                items.append(Reference((self.name(at),), Span(self.source, self.starts[at], self.ends[at])))
            else:
                break
            at += 2
            if after == CLOSE_ROUND:
                self.at = at
                return items
        self.at = at
        self._fill(_Frame(_ARGUMENTS, at, items))
        return items

    def single(self) -> Expression:
        """Read one value."""
        items: list[Expression] = []
        self._fill(_Frame(_SINGLE, self.at, items))
        return items[0]

    def name(self, at: int) -> str:
        """Return a name token as text, one object for equal ones."""
        word = self.words[at]
        known = self._names.get(word)
        if known is None:
            known = self._names[word] = word.decode("ascii")
        return known

    def dotted(self) -> tuple[str, ...]:
        """Read `a.b.c`."""
        kinds, at = self.kinds, self.at
        if kinds[at] != NAME:
            raise self.unexpected("a name")
        first = self.name(at)
        at += 1
        if kinds[at] != DOT:
            self.at = at
            return (first,)
        names = [first]
        while kinds[at] == DOT:
            self.at = at + 1
            if kinds[at + 1] != NAME:
                raise self.unexpected("a name after `.`")
            names.append(self.name(at + 1))
            at += 2
        self.at = at
        return tuple(names)

    def unexpected(self, wanted: str) -> Unexpected:
        """Return the error for the token here; one that says how many lists are open."""
        braces = 0
        for frame in self._frames:
            if frame.mode == _LIST:
                braces += 1
        self._frames = []
        return Unexpected(self.at, wanted, braces)

    def span_from(self, start: int) -> Span:
        """Return the stretch from a token up to the last one read."""
        return Span(self.source, self.starts[start], self.ends[self.at - 1])

    def _fill(self, bottom: _Frame) -> None:
        self._frames = frames = [bottom]
        while frames:
            node = self._primary()
            while node is not None:
                node = self._after(node)

    def _primary(self) -> Expression | None:
        """Read a value up to what may follow it; None if it opened a bracket."""
        at = self.at
        kind = self.kinds[at]
        if kind == NAME:
            names = self.dotted()
            return Reference(names, self.span_from(at))
        if kind == STRING:
            self.at = at + 1
            return String(unescape(self.words[at]), Span(self.source, self.starts[at], self.ends[at]))
        if kind == AT:
            self.at = at + 1
            names = self.dotted()
            return String(".".join(names).encode("ascii"), self.span_from(at))
        if kind == CARET:
            return self._name_list(at)
        if kind == BAD_STRING:
            self.mistakes.append(token_mistake(self.tokens, at))
            self.at = at + 1
            return String(b"", self.span_from(at))
        return self._open(at, kind)

    def _open(self, at: int, kind: int) -> Expression | None:
        if kind == OPEN_BRACE:
            if self.kinds[at + 1] == CLOSE_BRACE:
                self.at = at + 2
                return ListOf([], self.span_from(at))
            self._push(_Frame(_LIST, at, []))
        elif kind == OPEN_SQUARE:
            if self.kinds[at + 1] == CLOSE_SQUARE:
                self.at = at + 2
                return MapOf([], self.span_from(at))
            self._push(_Frame(_KEY, at, []))
        elif kind == OPEN_ROUND:
            self._push(_Frame(_ROUND, at, []))
        else:
            raise self.unexpected(VALUE)
        return None

    def _push(self, frame: _Frame) -> None:
        if len(self._frames) > VALUE_LIMIT:
            raise self.unexpected(f"values may nest at most {VALUE_LIMIT} deep")
        self._frames.append(frame)
        self.at += 1

    def _name_list(self, at: int) -> Expression:
        self.at = at + 1
        items: list[Expression] = []
        names = self.dotted()
        for index, name in enumerate(names):
            items.append(String(name.encode("ascii"), self.tokens.span(at + 1 + 2 * index)))
        return ListOf(items, self.span_from(at))

    def _after(self, node: Expression) -> Expression | None:
        """Put a value into its bracket; return the next value if that closes it, None if more is to be read."""
        kind = self.kinds[self.at]
        frame = self._frames[-1]
        mode = frame.mode
        if kind == OPEN_ROUND:
            return self._call(node)
        if mode == _SINGLE:
            frame.items.append(node)
            self._frames.pop()
            return None
        if mode == _KEY:
            if kind != COLON:
                raise self.unexpected(_WANTED[mode])
            frame.key, frame.mode = node, _PAIR
            self.at += 1
            return None
        if mode == _PAIR:
            if frame.key is not None:
                frame.pairs.append((frame.key, node))
            if kind == COMMA:
                frame.mode = _KEY
        else:
            frame.items.append(node)
        if kind == COMMA and mode != _ROUND:
            self.at += 1
            return None
        if kind != (CLOSE_BRACE if mode == _LIST else CLOSE_SQUARE if mode == _PAIR else CLOSE_ROUND):
            raise self.unexpected(_WANTED[mode])
        return self._closed(frame, mode)

    def _closed(self, frame: _Frame, mode: int) -> Expression | None:
        self.at += 1
        self._frames.pop()
        if mode == _LIST:
            return ListOf(frame.items, self.span_from(frame.start))
        if mode == _PAIR:
            return MapOf(frame.pairs, self.span_from(frame.start))
        if mode == _ROUND:
            return frame.items[0]
        function = frame.function
        if function is None:
            return None  # the arguments of a statement
        return Call(function, frame.items, Span(self.source, function.span.start, self.ends[self.at - 1]))

    def _call(self, function: Expression) -> Expression | None:
        at = self.at
        if isinstance(function, Call) and isinstance(function.function, Call):
            # Calling a call is refused later, once is enough: a chain of them would nest without brackets.
            function = function.function
        if self.kinds[at + 1] == CLOSE_ROUND:
            self.at = at + 2
            return Call(function, [], Span(self.source, function.span.start, self.ends[at + 1]))
        frame = _Frame(_CALL, at, [])
        frame.function = function
        self._push(frame)
        return None
