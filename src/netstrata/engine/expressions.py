"""Arguments made ready to evaluate: one node class for each form of expression."""

from typing import TYPE_CHECKING

from netstrata.engine.thing import Thing, follow_variable
from netstrata.values import DEPTH_LIMIT, List, Map, Refused, Span, Value

if TYPE_CHECKING:
    from netstrata.engine.machine import Process
    from netstrata.engine.registry import Function, Registry


class Expression:
    """Something that has a value when its statement begins."""

    __slots__ = ("span",)

    def __init__(self, span: Span) -> None:
        self.span = span

    def evaluate(self, process: "Process") -> Value:
        """Return the value now.

        Raises: Refused if there is none.
        """
        raise NotImplementedError

    def constant(self) -> Value | None:
        """Return the value if it needs no running process."""
        return None


class Constant(Expression):
    """A value known from the text."""

    __slots__ = ("value",)

    def __init__(self, value: Value, span: Span) -> None:
        super().__init__(span)
        self.value = value

    def evaluate(self, process: "Process") -> Value:
        """Return the value."""
        return self.value

    def constant(self) -> Value | None:
        """Return the value."""
        return self.value


class Reference(Expression):
    """A name that must be looked up outside of the process: an argument, or something of a creator's."""

    __slots__ = ("names", "position")

    def __init__(self, names: tuple[str, ...], position: int, span: Span) -> None:
        super().__init__(span)
        self.names = names
        self.position = position

    def evaluate(self, process: "Process") -> Value:
        """Look the first name up, and follow the others."""
        thing = process.find(self.names[0], self.position)
        value = follow_variable(thing, self.names) if thing is not None else None
        if value is None:
            raise self.unresolved()
        return value

    def unresolved(self) -> Refused:
        """Return the error for a name that leads nowhere."""
        return Refused(f"failed to resolve variable ({'.'.join(self.names)}) from position {self.position}", self.span)


class OwnReference(Reference):
    """A name whose first part is a statement of the same process."""

    __slots__ = ("index",)

    def __init__(self, index: int, names: tuple[str, ...], position: int, span: Span) -> None:
        super().__init__(names, position, span)
        self.index = index

    def evaluate(self, process: "Process") -> Value:
        """Follow the names from the statement, which must exist."""
        thing: Thing | None = process.statements[self.index]
        if thing is None:
            raise Refused(f"statement ({self.names[0]}) is uninitialized", self.span)
        value = follow_variable(thing, self.names)
        if value is None:
            raise self.unresolved()
        return value


class ListOf(Expression):
    """A list with at least one element that is not constant."""

    __slots__ = ("items",)

    def __init__(self, items: list[Expression], span: Span) -> None:
        super().__init__(span)
        self.items = items

    def evaluate(self, process: "Process") -> Value:
        """Evaluate the elements from left to right."""
        value = List([item.evaluate(process) for item in self.items])
        if value.depth > DEPTH_LIMIT:
            raise Refused("depth limit exceeded", self.span)
        return value


class MapOf(Expression):
    """A map with at least one key or value that is not constant."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[Expression, Expression]], span: Span) -> None:
        super().__init__(span)
        self.pairs = pairs

    def evaluate(self, process: "Process") -> Value:
        """Evaluate pair by pair, the key before the value; equal keys are refused."""
        entries: dict[Value, Value] = {}
        for key_node, value_node in self.pairs:
            key = key_node.evaluate(process)
            value = value_node.evaluate(process)
            if key in entries:
                raise Refused("duplicate key in map", key_node.span)
            entries[key] = value
        result = Map(entries)
        if result.depth > DEPTH_LIMIT:
            raise Refused("depth limit exceeded", self.span)
        return result


class Call(Expression):
    """A function call; the function is looked up when first evaluated."""

    __slots__ = ("arguments", "function", "name", "registry")

    def __init__(self, name: str, arguments: list[Expression], registry: "Registry", span: Span) -> None:
        super().__init__(span)
        self.name = name
        self.arguments = arguments
        self.registry = registry
        self.function: Function | None = None

    def evaluate(self, process: "Process") -> Value:
        """Call the function; lazy ones evaluate their arguments themselves."""
        function = self.function
        if function is None:
            function = self.registry.function(self.name)
            if function is None:
                raise Refused(f"unknown function: {self.name}", self.span)
            self.function = function
        given = len(self.arguments)
        declaration = function.declaration
        if given < declaration.least or (given > declaration.most >= 0):
            raise declaration.arity_refusal(given)
        if function.lazy is not None:
            return function.lazy(process, self.arguments)
        values: list[Value] = []
        for argument in self.arguments:
            value = argument.evaluate(process)
            if not isinstance(value, bytes) and value.depth > DEPTH_LIMIT:
                raise Refused("depth limit exceeded", argument.span)
            values.append(value)
        try:
            return function.strict(values)
        except Refused as error:
            if error.span is None:
                error.span = self.arguments[error.argument].span if error.argument >= 0 else self.span
            raise
