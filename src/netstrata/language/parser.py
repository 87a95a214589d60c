"""Tokens to a file as written: elements, blocks, statements.  Explicit stack, no recursion.

After a syntax error it goes on behind the next `;` or at the next `}`, so that one reading finds several mistakes;
the first one is always the one NCD would report.
"""

from collections.abc import Generator
from typing import Final

from netstrata.language.expected import Unexpected, syntax_mistake, token_mistake
from netstrata.language.expressions import ValueParser
from netstrata.language.refusals import MOST_MISTAKES, Mistake
from netstrata.language.stretches import boundaries
from netstrata.language.tokens import (
    ARROW,
    AS,
    BAD_STRING,
    BLOCK,
    CLOSE_BRACE,
    CLOSE_ROUND,
    COLON,
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
    PROCESS,
    SEMICOLON,
    STRING,
    TEMPLATE,
    Tokens,
    scan,
    unescape,
)
from netstrata.language.tree import (
    Block,
    BlockDefinition,
    Do,
    Element,
    Expression,
    File,
    Foreach,
    If,
    Include,
    IncludeGuard,
    Plain,
    Process,
    Statement,
)
from netstrata.values import Source, Span

BLOCK_LIMIT: Final = 1000
STEP: Final = 1 << 12  # bytes that are read in a step, but for a process that has more

_WANTED: Final = {
    CLOSE_ROUND: "`)`",
    OPEN_BRACE: "`{`",
    OPEN_ROUND: "`(`",
    AS: "`As`",
    NAME: "a name",
}


def parse(source: Source) -> tuple[File, list[Mistake]]:
    """Read a file; the tree is whole only if there are no mistakes."""
    parser = Parser(scan(source))
    parser.run()
    return File(parser.elements, Span(source, 0, len(source.text))), parser.mistakes


def parse_in_steps(source: Source) -> Generator[None, None, tuple[File, list[Mistake]]]:
    """Read a file, some of its processes at a time; what it comes to is what `parse` returns."""
    elements: list[Element] = []
    start = 0
    for end in boundaries(source.text):
        if end - start >= STEP or end == len(source.text):
            parser = Parser(scan(source, start=start, end=end))
            parser.run()
            if parser.mistakes:
                return parse(source)  # who looks for mistakes sees more of them in the whole
            elements += parser.elements
            start = end
            yield
    return File(elements, Span(source, 0, len(source.text))), []


class _Construct:
    """A process, template, If, Foreach, Do or Block whose blocks are being read."""

    __slots__ = ("bodies", "condition", "conditions", "kind", "name", "names", "start")

    def __init__(self, kind: int, start: int) -> None:
        self.kind = kind
        self.start = start
        self.conditions: list[Expression] = []
        self.bodies: list[Block] = []
        self.names: tuple[str, ...] = ()
        self.name = 0


class _Open:
    """A block whose closing brace has not come yet."""

    __slots__ = ("brace", "construct", "damaged", "kind", "statements")

    def __init__(self, kind: int, construct: _Construct, brace: int) -> None:
        self.kind = kind
        self.construct = construct
        self.brace = brace
        self.statements: list[Statement] = []
        self.damaged = False


class Parser(ValueParser):
    """Reads one file."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__(tokens)
        self.elements: list[Element] = []
        self._blocks: list[_Open] = []
        self._abandoned = 0  # blocks left open before an element; their closing braces may still come

    def run(self) -> None:
        """Read everything; afterwards `elements` and `mistakes` are complete."""
        while self.kinds[self.at] != END:
            try:
                if self._blocks:
                    self._statement()
                else:
                    self._element()
            except Unexpected as unexpected:
                self.mistakes.append(syntax_mistake(self.tokens, unexpected))
                self._recover(unexpected)
                if self.kinds[self.at] == END or len(self.mistakes) >= MOST_MISTAKES:
                    return
        if self._blocks:
            self._report_open()

    def _report_open(self) -> None:
        mistake = syntax_mistake(self.tokens, Unexpected(self.at, "a statement or `}`"))
        line = self.tokens.span(self._blocks[-1].brace).line
        mistake.hint = f"the `{{` in line {line} is never closed."
        self.mistakes.append(mistake)

    def _recover(self, unexpected: Unexpected) -> None:
        """Move to where reading can go on."""
        if unexpected.resume >= 0:
            self.at = unexpected.resume
        elif self._blocks:
            self._recover_in_block(unexpected.braces)
        else:
            while self.kinds[self.at] != END and not self._starts_element():
                self.at += 1

    def _recover_in_block(self, braces: int) -> None:
        self._blocks[-1].damaged = True
        opened = 0
        while True:
            kind = self.kinds[self.at]
            if kind == END:
                return
            if kind == OPEN_BRACE:
                opened += 1
            elif kind == CLOSE_BRACE:
                if not opened and not braces:
                    if len(self._blocks) == 1 and self.kinds[self.at + 1] == SEMICOLON:
                        self.at += 2  # a process does not end like this: the brace is part of the mistake
                    return
                if opened:
                    opened -= 1
                else:
                    braces -= 1
            elif kind == SEMICOLON and not opened:
                self.at += 1
                return
            elif kind in (PROCESS, TEMPLATE) and self._starts_element():
                self._abandoned += len(self._blocks)
                self._blocks.clear()
                return
            self.at += 1

    def _starts_element(self) -> bool:
        kind, after = self.kinds[self.at], self.kinds[self.at + 1]
        if kind in (PROCESS, TEMPLATE):
            return after == NAME and self.kinds[self.at + 2] == OPEN_BRACE
        return kind in (INCLUDE, INCLUDE_GUARD) and after == STRING

    def _take(self, kind: int) -> int:
        at = self.at
        if self.kinds[at] != kind:
            raise self.unexpected(_WANTED[kind])
        self.at = at + 1
        return at

    def _element(self) -> None:
        start = self.at
        kind = self.kinds[start]
        if kind in (PROCESS, TEMPLATE):
            self.at = start + 1
            construct = _Construct(kind, start)
            construct.name = self._take(NAME)
            self._begin(kind, construct)
        elif kind in (INCLUDE, INCLUDE_GUARD):
            self.at = start + 1
            self._inclusion(start, kind)
        elif kind == CLOSE_BRACE and self._abandoned:
            self._abandoned -= 1
            self.at = start + 1
        elif kind == CLOSE_BRACE:
            raise self.unexpected("`process`, `template` or `include`, as no block is open")
        else:
            raise self.unexpected("`process`, `template` or `include`")

    def _inclusion(self, start: int, kind: int) -> None:
        at = self.at
        if self.kinds[at] == BAD_STRING:
            self.mistakes.append(token_mistake(self.tokens, at))
            self.at = at + 1
            return
        if self.kinds[at] != STRING:
            raise self.unexpected('a string such as "file.ncdi"')
        self.at = at + 1
        text = unescape(self.words[at])
        if kind == INCLUDE:
            self.elements.append(Include(text, self.tokens.span(at), self.span_from(start)))
        else:
            self.elements.append(IncludeGuard(text, self.span_from(start)))

    def _begin(self, kind: int, construct: _Construct) -> None:
        brace = self._take(OPEN_BRACE)
        if len(self._blocks) >= BLOCK_LIMIT:
            self.at = brace
            raise self.unexpected(f"blocks may nest at most {BLOCK_LIMIT} deep")
        self._blocks.append(_Open(kind, construct, brace))

    def _statement(self) -> None:
        start = self.at
        kind = self.kinds[start]
        if kind == NAME:
            self._plain(start)
        elif kind == CLOSE_BRACE:
            self._close()
        elif kind == IF:
            self._condition(_Construct(IF, start))
        elif kind == FOREACH:
            self._foreach(start)
        elif kind in (DO, BLOCK):
            self.at = start + 1
            self._begin(kind, _Construct(kind, start))
        else:
            top = self._blocks[-1]
            raise self.unexpected("a statement or `}`" if top.statements or top.damaged else "a statement")

    def _plain(self, start: int) -> None:
        kinds = self.kinds
        names = self.dotted()
        type_span = self.span_from(start)
        target: tuple[str, ...] = ()
        target_span: Span | None = None
        if kinds[self.at] == ARROW:
            self.at += 1
            target, target_span = names, type_span
            first = self.at
            names = self.dotted()
            type_span = self.span_from(first)
        if kinds[self.at] != OPEN_ROUND:
            raise self.unexpected("`(`" if target else "`(`, `->` or `.`")
        self.at += 1
        arguments = self.arguments()
        name, name_span = self._end()
        type_ = names[0] if len(names) == 1 else ".".join(names)
        span = self.span_from(start)
        self._blocks[-1].statements.append(
            Plain(type_, type_span, arguments, span, target, target_span, name, name_span)
        )

    def _end(self) -> tuple[str, Span | None]:
        """Read the optional name and the `;` at the end of a statement."""
        kinds, at = self.kinds, self.at
        if kinds[at] == SEMICOLON:
            self.at = at + 1
            return "", None
        if kinds[at] == NAME:
            if kinds[at + 1] == SEMICOLON:
                self.at = at + 2
                return self.name(at), self.tokens.span(at)
            self.at = at + 1
            if self._on_new_line(at):
                raise Unexpected(at + 1, "`;`", 0, at)
            raise self.unexpected("`;`")
        if kinds[at] in (IF, FOREACH, DO, BLOCK) and self._on_new_line(at):
            raise Unexpected(at, "`;`", 0, at)
        raise self.unexpected("`;` or a name for the statement")

    def _on_new_line(self, at: int) -> bool:
        return self.source.text.find(b"\n", self.ends[at - 1], self.starts[at]) >= 0

    def _condition(self, construct: _Construct) -> None:
        """Read `If (c) {` or `elif (c) {`, from the keyword on."""
        self.at += 1
        self._take(OPEN_ROUND)
        construct.conditions.append(self.single())
        self._take(CLOSE_ROUND)
        self._begin(IF, construct)

    def _foreach(self, start: int) -> None:
        self.at = start + 1
        self._take(OPEN_ROUND)
        construct = _Construct(FOREACH, start)
        construct.conditions.append(self.single())
        self._take(AS)
        names: tuple[str, ...] = (self.name(self._take(NAME)),)
        if self.kinds[self.at] == COLON:
            self.at += 1
            names = (*names, self.name(self._take(NAME)))
        elif self.kinds[self.at] != CLOSE_ROUND:
            raise self.unexpected("`:` or `)`")
        self._take(CLOSE_ROUND)
        construct.names = names
        self._begin(FOREACH, construct)

    def _close(self) -> None:
        """Read the closing brace of a block and what follows it up to the next block or statement."""
        top = self._blocks[-1]
        if not top.statements and not top.damaged:
            raise self.unexpected("a statement")
        self.at += 1
        self._blocks.pop()
        construct = top.construct
        construct.bodies.append(Block(top.statements, self.span_from(top.brace)))
        after = self.kinds[self.at]
        if top.kind == PROCESS or top.kind == TEMPLATE:
            at = construct.name
            name_span = self.tokens.span(at)
            body, span = construct.bodies[0], self.span_from(construct.start)
            self.elements.append(Process(self.name(at), name_span, top.kind == TEMPLATE, body, span))
        elif top.kind == IF and after == ELIF:
            self._condition(construct)
        elif (top.kind == IF and after == ELSE) or (top.kind == DO and after == INTERRUPT):
            self.at += 1
            self._begin(after, construct)
        else:
            name, name_span2 = self._end()
            self._blocks[-1].statements.append(self._constructed(construct, name, name_span2))

    def _constructed(self, construct: _Construct, name: str, name_span: Span | None) -> Statement:
        span = self.span_from(construct.start)
        bodies, conditions = construct.bodies, construct.conditions
        if construct.kind == IF:
            branches = list(zip(conditions, bodies, strict=False))
            otherwise = bodies[-1] if len(bodies) > len(conditions) else None
            return If(branches, otherwise, span, name, name_span)
        if construct.kind == FOREACH:
            return Foreach(conditions[0], construct.names, bodies[0], span, name, name_span)
        if construct.kind == DO:
            return Do(bodies[0], bodies[1] if len(bodies) > 1 else None, span, name, name_span)
        return BlockDefinition(bodies[0], span, name, name_span)
