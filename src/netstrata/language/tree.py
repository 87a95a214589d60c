"""A program as a tree: first as written (with its sugar), then plain.

Names are str (they are ASCII); string literals are bytes.  Every node has the span it was read from.
`Plain…` is what is left after includes are expanded and sugar is gone (`netstrata.language.sugar`): only processes,
templates and statements.
"""

from typing import Union

from netstrata.values import Source, Span
from netstrata.values.compiler_hints import mypyc_attr


@mypyc_attr(acyclic=True)
class String:
    """A string literal, or `@a.b`, which is one too."""

    __slots__ = ("span", "value")

    def __init__(self, value: bytes, span: Span) -> None:
        self.value = value
        self.span = span


@mypyc_attr(acyclic=True)
class Reference:
    """A variable reference `a.b.c`."""

    __slots__ = ("names", "span")

    def __init__(self, names: tuple[str, ...], span: Span) -> None:
        self.names = names
        self.span = span


@mypyc_attr(acyclic=True)
class ListOf:
    """A list `{a, b}`, or `^a.b`, which is one too."""

    __slots__ = ("items", "span")

    def __init__(self, items: list["Expression"], span: Span) -> None:
        self.items = items
        self.span = span


@mypyc_attr(acyclic=True)
class MapOf:
    """A map `[k: v]`."""

    __slots__ = ("pairs", "span")

    def __init__(self, pairs: list[tuple["Expression", "Expression"]], span: Span) -> None:
        self.pairs = pairs
        self.span = span


@mypyc_attr(acyclic=True)
class Call:
    """A function call `f(a, b)`; `function` is any expression, the checks refuse all but strings."""

    __slots__ = ("arguments", "function", "span")

    def __init__(self, function: "Expression", arguments: list["Expression"], span: Span) -> None:
        self.function = function
        self.arguments = arguments
        self.span = span


Expression = Union[String, Reference, ListOf, MapOf, Call]


@mypyc_attr(acyclic=True)
class Plain:
    """A statement `type(arguments) name;` or, with a target, `a.b->type(arguments) name;`."""

    __slots__ = ("arguments", "name", "name_span", "span", "target", "target_span", "type", "type_span")

    def __init__(
        self,
        type_: str,
        type_span: Span,
        arguments: list[Expression],
        span: Span,
        target: tuple[str, ...] = (),
        target_span: Span | None = None,
        name: str = "",
        name_span: Span | None = None,
    ) -> None:
        self.type = type_
        self.type_span = type_span
        self.arguments = arguments
        self.span = span
        self.target = target
        self.target_span = target_span
        self.name = name
        self.name_span = name_span


@mypyc_attr(acyclic=True)
class If:
    """`If (c) {…} elif (c) {…} else {…} name;`."""

    __slots__ = ("branches", "name", "name_span", "otherwise", "span")

    def __init__(
        self,
        branches: list[tuple[Expression, "Block"]],
        otherwise: "Block | None",
        span: Span,
        name: str = "",
        name_span: Span | None = None,
    ) -> None:
        self.branches = branches
        self.otherwise = otherwise
        self.span = span
        self.name = name
        self.name_span = name_span


@mypyc_attr(acyclic=True)
class Foreach:
    """`Foreach (c As a) {…} name;` or `Foreach (c As a: b) {…} name;`."""

    __slots__ = ("body", "collection", "name", "name_span", "names", "span")

    def __init__(
        self,
        collection: Expression,
        names: tuple[str, ...],
        body: "Block",
        span: Span,
        name: str = "",
        name_span: Span | None = None,
    ) -> None:
        self.collection = collection
        self.names = names
        self.body = body
        self.span = span
        self.name = name
        self.name_span = name_span


@mypyc_attr(acyclic=True)
class Do:
    """`Do {…} Interrupt {…} name;`."""

    __slots__ = ("body", "interrupt", "name", "name_span", "span")

    def __init__(
        self,
        body: "Block",
        interrupt: "Block | None",
        span: Span,
        name: str = "",
        name_span: Span | None = None,
    ) -> None:
        self.body = body
        self.interrupt = interrupt
        self.span = span
        self.name = name
        self.name_span = name_span


@mypyc_attr(acyclic=True)
class BlockDefinition:
    """`Block {…} name;`."""

    __slots__ = ("body", "name", "name_span", "span")

    def __init__(self, body: "Block", span: Span, name: str = "", name_span: Span | None = None) -> None:
        self.body = body
        self.span = span
        self.name = name
        self.name_span = name_span


Statement = Union[Plain, If, Foreach, Do, BlockDefinition]


@mypyc_attr(acyclic=True)
class Block:
    """The statements between braces."""

    __slots__ = ("span", "statements")

    def __init__(self, statements: list[Statement], span: Span) -> None:
        self.statements = statements
        self.span = span


@mypyc_attr(acyclic=True)
class Process:
    """A process or a template as written."""

    __slots__ = ("body", "name", "name_span", "span", "template")

    def __init__(self, name: str, name_span: Span, template: bool, body: Block, span: Span) -> None:
        self.name = name
        self.name_span = name_span
        self.template = template
        self.body = body
        self.span = span


@mypyc_attr(acyclic=True)
class Include:
    """`include "path"`."""

    __slots__ = ("path", "path_span", "span")

    def __init__(self, path: bytes, path_span: Span, span: Span) -> None:
        self.path = path
        self.path_span = path_span
        self.span = span


@mypyc_attr(acyclic=True)
class IncludeGuard:
    """`include_guard "id"`."""

    __slots__ = ("id", "span")

    def __init__(self, id_: bytes, span: Span) -> None:
        self.id = id_
        self.span = span


Element = Union[Process, Include, IncludeGuard]


@mypyc_attr(acyclic=True)
class File:
    """One file as written."""

    __slots__ = ("elements", "span")

    def __init__(self, elements: list[Element], span: Span) -> None:
        self.elements = elements
        self.span = span


@mypyc_attr(acyclic=True)
class PlainProcess:
    """A process or template whose statements are all plain; hidden templates come from sugar.

    A hidden template knows where it was written: `construct` is If, Foreach, Do, Interrupt or Block, `parent` the
    process or template around it, `position` the index there of the statement that runs it, `loop_names` what
    Foreach declares.
    """

    __slots__ = (
        "construct", "hidden", "loop_names", "name", "name_span", "parent", "position", "span", "statements",
        "template",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        template: bool,
        hidden: bool,
        statements: list[Plain],
        span: Span,
        name_span: Span | None = None,
        construct: str = "",
        parent: "PlainProcess | None" = None,
        position: int = -1,
        loop_names: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.template = template
        self.hidden = hidden
        self.statements = statements
        self.span = span
        self.name_span = name_span
        self.construct = construct
        self.parent = parent
        self.position = position
        self.loop_names = loop_names


@mypyc_attr(acyclic=True)
class PlainProgram:
    """A whole program: includes expanded, sugar gone, checked for what must hold before anything runs.

    Processes and templates stand in program order; hidden templates come after the element they were written in.
    `sources` are the files it was read from, the main one first.  `followed` are the names of templates and statements
    that secrets have led to, once they were looked for; None if no secret is wanted.
    """

    __slots__ = ("followed", "processes", "sources")

    def __init__(self, processes: list[PlainProcess], sources: list[Source] | None = None) -> None:
        self.processes = processes
        self.sources = sources if sources is not None else []
        self.followed: set[str] | None = None
