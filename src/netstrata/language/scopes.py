"""What a name means at a place of a program, as far as the text alone tells."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final

from netstrata.contract import Declaration
from netstrata.contract.shapes.templates import TemplateShape
from netstrata.language.tree import Call, Expression, ListOf, MapOf, PlainProcess, PlainProgram, Reference, String

ARGUMENT_NAMES: Final = frozenset(["_args", *(f"_arg{index}" for index in range(20))])
# What the one who runs a template may give it; which of them it gets depends on who that is.
TEMPLATE_NAMES: Final = ARGUMENT_NAMES | {
    "_caller", "_elem", "_index", "_key", "_reply", "_request", "_socket", "_try", "_val"
}  # fmt: skip
CONSTRUCT_NAMES: Final = {
    "Do": frozenset(["_do"]),
    "Interrupt": frozenset(["_do"]),
    "Block": ARGUMENT_NAMES | {"_caller", "_scope"},
}
Find = Callable[[str], Declaration | None]  # the declaration of a statement by its name


class Definition:
    """What defines a name: a statement, or, with index -1, whoever runs the template."""

    __slots__ = ("index", "process")

    def __init__(self, process: PlainProcess, index: int) -> None:
        self.process = process
        self.index = index


def nodes(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and all in it, in no particular order."""
    stack = [expression]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, ListOf):
            stack.extend(node.items)
        elif isinstance(node, MapOf):
            for key, value in node.pairs:
                stack.append(key)
                stack.append(value)
        elif isinstance(node, Call):
            stack.append(node.function)
            stack.extend(node.arguments)


class Scopes:
    """All names of a program by place."""

    def __init__(self, program: PlainProgram, find: Find) -> None:
        self._named: dict[str, dict[str, list[int]]] = {}
        self._open: set[str] = set()
        self._all_open = False
        sugar: set[tuple[str, int]] = set()
        for process in program.processes:
            if process.parent is not None:
                sugar.add((process.parent.name, process.position))
        for process in program.processes:
            named: dict[str, list[int]] = {}
            for index, statement in enumerate(process.statements):
                if statement.name:
                    named.setdefault(statement.name, []).append(index)
                if not statement.target and (process.name, index) not in sugar:
                    self._look_out(statement.arguments, find(statement.type))
            self._named[process.name] = named

    def _look_out(self, arguments: list[Expression], declaration: Declaration | None) -> None:
        """Know which templates see the names around the statement that runs them; sugar is known by its parents."""
        if declaration is None or not declaration.fits(len(arguments)):
            return
        for argument, at, words in declaration.places(len(arguments)):
            shape = argument.shape
            if not words or not isinstance(shape, TemplateShape) or not shape.looks_out:
                continue
            for node in nodes(arguments[at]):
                if isinstance(node, String):
                    self._open.add(node.value.decode("latin-1"))
                elif isinstance(node, Reference):
                    self._all_open = True

    def find(self, process: PlainProcess, position: int, name: str) -> Definition | None:
        """Return what a name means to the statement at a position, None if nothing can define it."""
        while True:
            indexes = self._named[process.name].get(name, [])
            before = bisect_left(indexes, position)
            if before:
                return Definition(process, indexes[before - 1])
            if name in process.loop_names or name in CONSTRUCT_NAMES.get(process.construct, ()):
                return Definition(process, -1)
            if process.parent is None:
                break
            process, position = process.parent, process.position
        if process.template and (name in TEMPLATE_NAMES or self._all_open or process.name in self._open):
            return Definition(process, -1)
        return None

    def visible(self, process: PlainProcess, position: int) -> set[str]:
        """Return all names that mean something to the statement at a position."""
        found: set[str] = set()
        while True:
            for name, indexes in self._named[process.name].items():
                if indexes[0] < position:
                    found.add(name)
            found.update(process.loop_names)
            found.update(CONSTRUCT_NAMES.get(process.construct, ()))
            if process.parent is None:
                break
            process, position = process.parent, process.position
        if process.template:
            found.update(TEMPLATE_NAMES)
        return found

    def defined_later(self, process: PlainProcess, position: int, name: str) -> Definition | None:
        """Return the first statement of that name at a position or below it, here or around here."""
        while True:
            for index in self._named[process.name].get(name, []):
                if index >= position:
                    return Definition(process, index)
            if process.parent is None:
                return None
            process, position = process.parent, process.position
