"""Tokens and comments to what the layout arranges: logical lines, their words, brackets and comments.

A logical line is a plain statement, an include, or the part of a construct up to its `{`: `} elif (c) {`.
"""

from netstrata.language.tokens import (
    AS,
    BLOCK,
    CLOSE_BRACE,
    CLOSE_ROUND,
    CLOSE_SQUARE,
    COLON,
    COMMA,
    COMMENT,
    DO,
    ELIF,
    ELSE,
    END,
    FOREACH,
    IF,
    INCLUDE,
    INCLUDE_GUARD,
    INTERRUPT,
    NAME,
    OPEN_BRACE,
    OPEN_ROUND,
    OPEN_SQUARE,
    PROCESS,
    SEMICOLON,
    STRING,
    TEMPLATE,
    scan,
)
from netstrata.values import Source

_OPENERS = (OPEN_ROUND, OPEN_SQUARE, OPEN_BRACE)
_CLOSERS = (CLOSE_ROUND, CLOSE_SQUARE, CLOSE_BRACE)
_SPELLING = {ELIF: b"elif", ELSE: b"else"}
_SPELLING_IN_BRACKETS = {AS: b" As ", COLON: b": "}
_SPACE_BEHIND = (
    PROCESS, TEMPLATE, IF, ELIF, ELSE, FOREACH, DO, BLOCK, INTERRUPT, INCLUDE, INCLUDE_GUARD, CLOSE_BRACE
)  # fmt: skip


class Remark:
    """A comment; `own_line` if nothing stands before it in its line, `blank` if an empty line does above."""

    __slots__ = ("blank", "own_line", "text")

    def __init__(self, text: bytes, own_line: bool, blank: bool) -> None:
        self.text = text
        self.own_line = own_line
        self.blank = blank


class Item:
    """Words and brackets that belong together, with the comments above and behind them."""

    __slots__ = ("commented", "leading", "parts", "trailing")

    def __init__(self) -> None:
        self.leading: list[Remark] = []
        self.parts: list[bytes | Group] = []
        self.trailing: list[Remark] = []
        self.commented = False

    @property
    def flat(self) -> bytes:
        """Everything on one line."""
        return b"".join(part if isinstance(part, bytes) else part.flat for part in self.parts)


class Group:
    """A bracket with its elements; `dangling` comments stand before the closing one."""

    __slots__ = ("close", "commented", "dangling", "flat", "items", "open")

    def __init__(self, open_: bytes) -> None:
        self.open = open_
        self.close = b""
        self.items: list[Item] = []
        self.dangling: list[Remark] = []
        self.flat = b""
        self.commented = False

    def finish(self, close: bytes) -> None:
        """Take the closing bracket; nothing changes from now on."""
        self.close = close
        self.commented = bool(self.dangling) or any(
            item.commented or item.leading or item.trailing for item in self.items
        )
        self.flat = self.open + b", ".join(item.flat for item in self.items) + close


class Line(Item):
    """A logical line.

    `closes` if it begins with the `}` of a block, `opens` if it ends with the `{` of one; `between` are comments
    behind that `}`, before `else` or `;`.
    """

    __slots__ = ("between", "blank", "closes", "depth", "opens")

    def __init__(self, depth: int, closes: bool, blank: bool) -> None:
        super().__init__()
        self.depth = depth
        self.closes = closes
        self.opens = False
        self.blank = blank
        self.between: list[Remark] = []


def lines_of(source: Source) -> list[Line]:
    """Split a program that parses into its logical lines; the last one has only the comments at the end."""
    return _Splitter(source).lines()


class _Splitter:
    """One text being split."""

    def __init__(self, source: Source) -> None:
        self._tokens = scan(source, comments=True)
        self._kinds = self._tokens.kinds
        self._at = 0
        self._before = END  # the kind of the token before this one
        self._open: list[tuple[Group, Item]] = []  # brackets, each with the element or line it stands in

    def lines(self) -> list[Line]:
        """Return all logical lines."""
        lines: list[Line] = []
        depth = 0
        while True:
            remarks = self._remarks()
            if lines and remarks and not remarks[0].own_line:
                lines[-1].trailing.append(remarks.pop(0))
            kind = self._kinds[self._at]
            if kind == CLOSE_BRACE:
                depth -= 1
            line = Line(depth, kind == CLOSE_BRACE, self._feeds(self._at) > 1)
            line.leading = remarks
            lines.append(line)
            if kind == END:
                return lines
            self._fill(line, kind)
            if line.opens:
                depth += 1

    def _fill(self, line: Line, first: int) -> None:
        """Read a logical line, from its first token to behind its last one."""
        self._before = END
        remarks: list[Remark] = []
        while True:
            kind = self._kinds[self._at]
            self._token(line, kind, remarks)
            self._before = kind
            self._at += 1
            if not self._open and _ends(line, first, kind):
                line.opens = kind == OPEN_BRACE
                return
            remarks = self._remarks()

    def _remarks(self) -> list[Remark]:
        """Return the comments up to the next token, and stand on that."""
        found: list[Remark] = []
        while self._kinds[self._at] == COMMENT:
            feeds = self._feeds(self._at)
            found.append(Remark(self._tokens.words[self._at].rstrip(), feeds > 0 or self._at == 0, feeds > 1))
            self._at += 1
        return found

    def _feeds(self, at: int) -> int:
        """Count the line feeds between a word and the one before it."""
        tokens = self._tokens
        start = tokens.ends[at - 1] if at else 0
        return tokens.source.text.count(b"\n", start, tokens.starts[at])

    def _token(self, line: Line, kind: int, remarks: list[Remark]) -> None:
        """Put a token, and the comments before it, where they belong."""
        if self._open:
            group, owner = self._open[-1]
            if kind in _CLOSERS:
                self._finish(group, owner, remarks)
            elif kind == COMMA:
                group.items[-1].trailing.extend(remarks)
                group.items.append(Item())
            else:
                self._element(group, kind, remarks)
            return
        if line.closes:
            line.between.extend(remarks)
        else:
            line.leading.extend(remarks)
        space = b" " if self._wants_space(kind) else b""
        if kind in (OPEN_ROUND, OPEN_SQUARE):
            if space:
                line.parts.append(space)
            self._begin(line)
        else:
            line.parts.append(space + _SPELLING.get(kind, self._tokens.words[self._at]))

    def _wants_space(self, kind: int) -> bool:
        """Say whether a space stands before a token outside of brackets."""
        if self._before in _SPACE_BEHIND:
            return kind != SEMICOLON
        return self._before != END and (kind == OPEN_BRACE or (kind == NAME and self._before == CLOSE_ROUND))

    def _element(self, group: Group, kind: int, remarks: list[Remark]) -> None:
        """Put a token into the element it belongs to; a comment right behind a comma belongs to the one before."""
        if not group.items:
            group.items.append(Item())
        item = group.items[-1]
        if self._before == COMMA and remarks and not remarks[0].own_line:
            group.items[-2].trailing.append(remarks.pop(0))
        item.leading.extend(remarks)
        if kind in _OPENERS:
            self._begin(item)
        else:
            item.parts.append(_SPELLING_IN_BRACKETS.get(kind, self._tokens.words[self._at]))

    def _begin(self, owner: Item) -> None:
        group = Group(self._tokens.words[self._at])
        owner.parts.append(group)
        self._open.append((group, owner))

    def _finish(self, group: Group, owner: Item, remarks: list[Remark]) -> None:
        """Close a bracket: a comment in its last line belongs to the last element, others stand alone."""
        if group.items and remarks and not remarks[0].own_line:
            group.items[-1].trailing.append(remarks.pop(0))
        group.dangling = remarks
        group.finish(self._tokens.words[self._at])
        owner.commented = owner.commented or group.commented
        self._open.pop()


def _ends(line: Line, first: int, last: int) -> bool:
    """Say whether a token outside of brackets is the last one of its logical line."""
    if first in (INCLUDE, INCLUDE_GUARD):
        return last == STRING
    return last in (SEMICOLON, OPEN_BRACE) or (line.closes and line.depth == 0)
