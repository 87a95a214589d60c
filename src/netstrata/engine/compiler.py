"""From a plain program to code: names resolved as early as they can be."""

from collections.abc import Generator
from typing import Final

from netstrata.contract import Declaration
from netstrata.contract.secrets import SECRETS
from netstrata.engine import expressions
from netstrata.engine.evaluation import Expression
from netstrata.engine.program import Code, Slot
from netstrata.engine.registry import Registry
from netstrata.language import tree
from netstrata.language.secrecy import secret_places
from netstrata.values import List, Map, Value

NOTHING: Final[list[Value]] = []  # the values of no arguments


def compile_program(program: tree.PlainProgram, registry: Registry) -> list[Code]:
    """Return the code of every process and template, in program order.

    The tree is taken apart: each process of it goes when its code is there, so that what runs next, which may be
    large, has the memory.
    """
    steps = compile_in_steps(program, registry)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            codes: list[Code] = end.value
            return codes


def compile_in_steps(
    program: tree.PlainProgram, registry: Registry, is_plan: bool = False
) -> Generator[None, None, list[Code]]:
    """Do the same process by process, with something else in between.

    Shapes: what is secret in a plan is not kept, as it may be half a word.
    """

    def declared(name: str) -> Declaration | None:
        entry = registry.statement(name)
        return entry.declaration if entry is not None else None

    known = SECRETS.all()
    tainted = secret_places(program, declared)
    if is_plan:
        SECRETS.know_only(known)
    constants = _Constants()
    codes: list[Code] = []
    running: dict[str, Code] = {}  # that something hidden may still be of
    left = program.processes
    left.reverse()
    while left:
        process = left.pop()
        code = _Compiler(process, registry, constants).code()
        if process.parent is None:
            running.clear()
        else:
            running[process.parent.name].run_inner(process.position, code.name)
        running[code.name] = code
        for slot in code.slots if tainted else ():
            slot.tainted = (code.name, slot.index) in tainted
        codes.append(code)
        yield
    return codes


class _Constants:
    """Texts and arguments that stand in a program more than once, each kept once.

    Who provides a name and who depends on it have the very same text then: it is hashed once, and found by identity.
    """

    def __init__(self) -> None:
        self._texts: dict[bytes, bytes] = {}
        self._alone: dict[bytes, list[Value]] = {}  # arguments that are a single text

    def text(self, text: bytes) -> bytes:
        """Return an equal text."""
        return self._texts.setdefault(text, text)

    def values(self, arguments: list[Expression]) -> list[Value] | None:
        """Return the values of arguments, not to be changed, if none of them needs a running process."""
        values: list[Value] = []
        for argument in arguments:
            value = argument.constant()
            if value is None:
                return None
            values.append(value)
        if not values:
            return NOTHING
        first = values[0]
        return self._alone.setdefault(first, values) if len(values) == 1 and isinstance(first, bytes) else values


class _Compiler:
    """Makes the code of one process."""

    def __init__(self, process: tree.PlainProcess, registry: Registry, constants: _Constants) -> None:
        self.process = process
        self.registry = registry
        self.constants = constants
        self.named: dict[str, int] = {}  # the nearest statement of each name above the one at hand
        self.position = 0

    def code(self) -> Code:
        """Return the code."""
        slots: list[Slot] = []
        for position, statement in enumerate(self.process.statements):
            self.position = position
            arguments = [self.expression(argument) for argument in statement.arguments]
            slots.append(
                Slot(
                    position,
                    statement.type,
                    statement.name,
                    statement.target,
                    self.named.get(statement.target[0], -1) if statement.target else -1,
                    arguments,
                    self.constants.values(arguments),
                    statement.span,
                    self.registry,
                )
            )
            if statement.name:
                self.named[statement.name] = position
        return Code(self.process.name, self.process.template, self.process.hidden, slots, self.process.span)

    def expression(self, node: tree.Expression) -> Expression:
        """Return a node ready to evaluate."""
        if isinstance(node, tree.String):
            return expressions.Constant(self.constants.text(node.value), node.span)
        if isinstance(node, tree.Reference):
            index = self.named.get(node.names[0], -1)
            if index >= 0:
                return expressions.OwnReference(index, node.names, self.position, node.span)
            return expressions.Reference(node.names, self.position, node.span)
        if isinstance(node, tree.ListOf):
            return self._list(node)
        if isinstance(node, tree.MapOf):
            return self._map(node)
        assert isinstance(node.function, tree.String)
        name = node.function.value.decode("latin-1")
        arguments = [self.expression(argument) for argument in node.arguments]
        return expressions.Call(name, arguments, self.registry, node.span)

    def _list(self, node: tree.ListOf) -> Expression:
        items = [self.expression(item) for item in node.items]
        values: list[Value] = []
        for item in items:
            value = item.constant()
            if value is None:
                return expressions.ListOf(items, node.span)
            values.append(value)
        return expressions.Constant(List(values), node.span)

    def _map(self, node: tree.MapOf) -> Expression:
        pairs = [(self.expression(key), self.expression(value)) for key, value in node.pairs]
        entries: dict[Value, Value] = {}
        for key_node, value_node in pairs:
            key = key_node.constant()
            value = value_node.constant()
            if key is None or value is None:
                return expressions.MapOf(pairs, node.span)
            entries[key] = value
        return expressions.Constant(Map(entries), node.span)
