"""Which statements of a program hold what a secret is made from, as far as its text tells.

A secret is known once the statement that wants it begins; its parts were up long before that.  So what leads to an
argument of a secret shape is followed back here, before anything runs.  What is followed too far is only shown less.
"""

from typing import Final

from netstrata.contract import Argument, Declaration
from netstrata.contract.options import OptionsShape
from netstrata.contract.roles import NO_ROLES
from netstrata.contract.secrets import SECRETS, SHORTEST
from netstrata.language.scopes import Find, Scopes
from netstrata.language.tree import (
    Expression,
    ListOf,
    MapOf,
    Plain,
    PlainProcess,
    PlainProgram,
    Reference,
    String,
)
from netstrata.values import Refused

ANY: Final = ""  # stands for every name


def secret_places(program: PlainProgram, find: Find) -> set[tuple[str, int]]:
    """Return the process and index of all statements that a secret is made from, and keep what literals it is made of.

    The program knows then what names secrets have led to.
    Shapes: find returns the declaration of a statement by its name.
    """
    names = {
        statement.type for process in program.processes for statement in process.statements if not statement.target
    }
    wanting: dict[str, Declaration] = {}
    for name in names:
        declaration = find(name)
        if declaration is not None and wants_secret(declaration):
            wanting[name] = declaration
    if not wanting:
        return set()
    following = _Following(program, find)
    for process in program.processes:
        for index, statement in enumerate(process.statements):
            if not statement.target and statement.type in wanting:
                following.begin_at(process, index, statement, wanting[statement.type])
    following.follow()
    program.followed = following.names
    return following.places


def wants_secret(declaration: Declaration) -> bool:
    """Say whether an argument of a statement is a secret."""
    return any(argument.shape.secret for argument in declaration.arguments)


class _Following:
    """One program, followed back from its secrets."""

    def __init__(self, program: PlainProgram, find: Find) -> None:
        self.places: set[tuple[str, int]] = set()
        self._words: set[str] = set()  # names of statements, all of which were followed wherever they are
        self._given: set[str] = set()  # templates, of which it was followed what they are given
        self._find = find
        self._scopes = Scopes(program, find)
        self._names = {process.name for process in program.processes}
        self._due: list[tuple[PlainProcess, int, Expression, bool]] = []
        self._labelled: dict[str, list[tuple[PlainProcess, int]]] = {}
        self._running: dict[str, list[tuple[PlainProcess, int]]] = {}  # statements that name a template
        self._changing: dict[tuple[str, int], list[tuple[PlainProcess, int]]] = {}  # methods by what they are called on
        for process in program.processes:
            for index, statement in enumerate(process.statements):
                self._know(process, index, statement)

    @property
    def names(self) -> set[str]:
        """The names that secrets have led to, outside of the process at hand."""
        return self._words | self._given

    def _know(self, process: PlainProcess, index: int, statement: Plain) -> None:
        if statement.name:
            self._labelled.setdefault(statement.name, []).append((process, index))
        if statement.target:
            found = self._scopes.find(process, index, statement.target[0])
            if found is not None and found.index >= 0:
                self._changing.setdefault((found.process.name, found.index), []).append((process, index))
        for argument in statement.arguments:
            name = argument.value.decode("latin-1") if isinstance(argument, String) else ""
            if name in self._names:
                self._running.setdefault(name, []).append((process, index))

    def begin_at(self, process: PlainProcess, index: int, statement: Plain, declaration: Declaration) -> None:
        """Follow the secret arguments of a statement."""
        try:
            places = declaration.places(len(statement.arguments))
        except Refused:
            return
        for argument, at, words in places:
            if argument.shape.secret:
                for expression in statement.arguments[at : at + words]:
                    self._due.extend((process, index, part, True) for part in _secret_parts(argument, expression))

    def follow(self) -> None:
        """Follow what is due until nothing is."""
        while self._due:
            process, index, expression, keep = self._due.pop()
            if isinstance(expression, String):
                if keep:
                    SECRETS.keep(expression.value)
            elif isinstance(expression, Reference):
                self._name(process, index, expression.names)
            elif isinstance(expression, ListOf):
                self._later(process, index, expression.items, keep)
            elif isinstance(expression, MapOf):
                self._later(process, index, [value for _, value in expression.pairs], keep)
            else:
                self._later(process, index, expression.arguments, keep)

    def _later(self, process: PlainProcess, index: int, parts: list[Expression], keep: bool) -> None:
        """Follow parts of a value; a literal that is too short, or a template's name, is no secret by itself."""
        for part in parts:
            literal = part.value if isinstance(part, String) else b""
            is_secret = keep and len(literal) >= SHORTEST and literal.decode("latin-1") not in self._names
            self._due.append((process, index, part, is_secret if literal else keep))

    def _name(self, process: PlainProcess, index: int, names: tuple[str, ...]) -> None:
        """Follow a name to what it stands for."""
        found = self._scopes.find(process, index, names[0])
        if found is None:
            self._words.add(ANY)  # it may be something as soon as somebody else runs the template
            return
        member = names[1] if len(names) > 1 else ""
        if found.index < 0:  # whoever runs the template gives it
            runs = [] if found.process.name in self._given else self._running.get(found.process.name, [])
            self._given.add(found.process.name)
            for other, at in runs:
                self._later(other, at, other.statements[at].arguments, True)
        else:
            self._statement(found.process, found.index)
            declaration = self._find(found.process.statements[found.index].type)
            if declaration is None or any(variable.name == member for variable in declaration.variables):
                return
        self._words.update(names[1:])
        for word in names[1:]:  # through depend, call, _caller and the like: whatever has that name
            for other, at in self._labelled.get(word, []):
                self._statement(other, at)

    def _statement(self, process: PlainProcess, index: int) -> None:
        """Follow all that a statement is given, what it is a method of, and what its methods are."""
        if (process.name, index) in self.places:
            return
        self.places.add((process.name, index))
        statement = process.statements[index]
        if statement.target:  # what a method finds is of its object
            self._name(process, index, statement.target)
        declaration = self._find(statement.type) if not statement.target else None
        roles = declaration.roles if declaration is not None else NO_ROLES
        first = statement.arguments[0] if statement.arguments else None
        path = _path(first) if roles.forwards is not None else None
        if path is not None:
            self._name(process, index, (*(roles.forwards or ()), *path))
        elif roles.holds is not None and isinstance(first, String) and len(statement.arguments) == 1:
            self._due.append((process, index, first, True))
        else:
            keep = roles.holds is not None or (declaration is not None and declaration.kind == "computes")
            self._later(process, index, statement.arguments, keep)
        for other, at in self._changing.get((process.name, index), []):
            arguments = other.statements[at].arguments
            self._later(other, at, arguments[:-1], False)
            self._later(other, at, arguments[-1:], True)


def _path(expression: Expression | None) -> tuple[str, ...] | None:
    """Return the names of a path that stands in the text, dotted or as a list; None if it does not."""
    if isinstance(expression, String):
        return tuple(expression.value.decode("latin-1").split("."))
    if not isinstance(expression, ListOf) or not expression.items:
        return None
    names = [item.value.decode("latin-1") for item in expression.items if isinstance(item, String)]
    return tuple(names) if len(names) == len(expression.items) else None


def _secret_parts(argument: Argument, expression: Expression) -> list[Expression]:
    """Return what of an argument is secret: of a map of options, those that are."""
    shape = argument.shape
    if not isinstance(shape, OptionsShape) or not isinstance(expression, MapOf):
        return [expression]
    parts: list[Expression] = []
    for key, value in expression.pairs:
        known = shape.known.get(key.value.decode("latin-1")) if isinstance(key, String) else None
        if known is None or known.secret:
            parts.append(value)
    return parts
