"""If, Foreach, Do and Block to plain statements: each of their blocks becomes a hidden template `__tmplN`.

A block takes its number before the blocks nested in it, and those theirs before the construct's next block.
"""

from typing import Final

from netstrata.language.tree import (
    Block,
    BlockDefinition,
    Call,
    Do,
    Expression,
    Foreach,
    If,
    Plain,
    PlainProcess,
    Process,
    Statement,
    String,
)
from netstrata.values import Span

NONE: Final = b"<none>"
HIDDEN: Final = "__tmpl"


class _Rest:
    """The statements of a block that are still to be translated."""

    __slots__ = ("at", "into", "statements")

    def __init__(self, statements: list[Statement], into: PlainProcess) -> None:
        self.statements = statements
        self.into = into
        self.at = 0


class _Piece:
    """A block that still has no number: its name goes to the end of `arguments`, behind its condition."""

    __slots__ = ("arguments", "block", "condition", "construct", "keyword", "loop_names")

    def __init__(self, construct: str, block: Block | None, arguments: list[Expression], keyword: Span) -> None:
        self.construct = construct
        self.block = block
        self.arguments = arguments
        self.keyword = keyword
        self.condition: Expression | None = None
        self.loop_names: tuple[str, ...] = ()


class Sweetener:
    """Takes the sugar out of a program's elements, one after the other; it knows the next hidden number."""

    def __init__(self, first: int = 0) -> None:
        self.plain: list[PlainProcess] = []
        self._next = first

    def add(self, process: Process) -> None:
        """Append a process, then the hidden templates its blocks become."""
        plain = PlainProcess(process.name, process.template, False, [], process.span, process.name_span)
        self.plain.append(plain)
        self._walk(process.body.statements, plain)

    def _walk(self, statements: list[Statement], plain: PlainProcess) -> None:
        """Translate depth first with a stack: what is nested first, then the construct's next block, then the rest."""
        stack: list[_Rest | tuple[_Piece, PlainProcess, int]] = [_Rest(statements, plain)]
        while stack:
            top = stack[-1]
            if isinstance(top, tuple):
                stack.pop()
                rest = self._numbered(*top)
                if rest is not None:
                    stack.append(rest)
                continue
            if top.at == len(top.statements):
                stack.pop()
                continue
            statement = top.statements[top.at]
            top.at += 1
            if isinstance(statement, Plain):
                top.into.statements.append(statement)
                continue
            pieces = self._translated(statement, top.into)
            position = len(top.into.statements) - 1
            stack.extend((piece, top.into, position) for piece in reversed(pieces))

    def _numbered(self, piece: _Piece, parent: PlainProcess, position: int) -> _Rest | None:
        """Give a block its number and its hidden template."""
        if piece.condition is not None:
            piece.arguments.append(piece.condition)
        block = piece.block
        if block is None:
            piece.arguments.append(String(NONE, piece.keyword))
            return None
        name = f"{HIDDEN}{self._next}"
        self._next += 1
        # In front of what is there already: the loop names of a Foreach.
        place = 1 if piece.construct == "Foreach" else len(piece.arguments)
        piece.arguments.insert(place, String(name.encode("ascii"), piece.keyword))
        hidden = PlainProcess(
            name, True, True, [], block.span, piece.keyword, piece.construct, parent, position, piece.loop_names
        )
        self.plain.append(hidden)
        return _Rest(block.statements, hidden)

    def _translated(self, statement: If | Foreach | Do | BlockDefinition, into: PlainProcess) -> list[_Piece]:
        """Append the plain statement of a construct; return its blocks, which will complete its arguments."""
        start = statement.span.start
        if isinstance(statement, If):
            keyword = Span(statement.span.source, start, start + 2)
            choices: list[Expression] = []
            arguments: list[Expression] = [Call(String(b"ifel", keyword), choices, keyword)]
            pieces = []
            for condition, block in statement.branches:
                piece = _Piece("If", block, choices, keyword)
                piece.condition = condition
                pieces.append(piece)
            pieces.append(_Piece("If", statement.otherwise, choices, keyword))
            self._append(into, "embcall", keyword, arguments, statement)
        elif isinstance(statement, Foreach):
            keyword = Span(statement.span.source, start, start + 7)
            arguments = [statement.collection]
            for name in statement.names:
                arguments.append(String(name.encode("ascii"), keyword))
            pieces = [_Piece("Foreach", statement.body, arguments, keyword)]
            pieces[0].loop_names = statement.names
            self._append(into, "foreach_emb", keyword, arguments, statement)
        elif isinstance(statement, Do):
            keyword = Span(statement.span.source, start, start + 2)
            arguments = []
            pieces = [_Piece("Do", statement.body, arguments, keyword)]
            if statement.interrupt is not None:
                pieces.append(_Piece("Interrupt", statement.interrupt, arguments, keyword))
            self._append(into, "do", keyword, arguments, statement)
        else:
            keyword = Span(statement.span.source, start, start + 5)
            arguments = []
            pieces = [_Piece("Block", statement.body, arguments, keyword)]
            self._append(into, "inline_code", keyword, arguments, statement)
        return pieces

    def _append(
        self,
        into: PlainProcess,
        type_: str,
        keyword: Span,
        arguments: list[Expression],
        statement: If | Foreach | Do | BlockDefinition,
    ) -> None:
        name, name_span = statement.name, statement.name_span
        into.statements.append(Plain(type_, keyword, arguments, statement.span, name=name, name_span=name_span))
