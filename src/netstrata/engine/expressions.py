"""Arguments made ready to evaluate: one node class for each form of expression."""

from netstrata.engine.evaluation import Expression, Frame
from netstrata.engine.function import Function
from netstrata.engine.program import ALL_NAMES, NOT_SEEN
from netstrata.engine.referent import NAMED_ARGUMENTS, Referent, follow_variable, unwrapped
from netstrata.engine.registry import Registry
from netstrata.values import DEPTH_LIMIT, List, Map, Refused, Span, Value, excess, parse_number
from netstrata.values.compiler_hints import mypyc_attr


@mypyc_attr(acyclic=True)
class Constant(Expression):
    """A value known from the text."""

    __slots__ = ("_number", "value")

    def __init__(self, value: Value, span: Span) -> None:
        super().__init__(span)
        self.value = value
        self._number: int | None = None  # once it was asked for

    def evaluate(self, process: Frame) -> Value:
        """Return the value."""
        return self.value

    def number(self, process: Frame) -> int | None:
        """Return the value as a number, read once."""
        if self._number is None and isinstance(self.value, bytes):
            self._number = parse_number(self.value)
        return self._number

    def constant(self) -> Value | None:
        """Return the value."""
        return self.value


def _argument_number(names: tuple[str, ...]) -> int:
    """Return the number of the argument that `_arg0` to `_arg19` stands for, -1 for any other name."""
    digits = names[0].removeprefix("_arg")
    if len(names) > 1 or digits == names[0] or digits != str(int(digits) if digits.isdecimal() else -1):
        return -1
    return int(digits) if int(digits) < NAMED_ARGUMENTS else -1


@mypyc_attr(acyclic=True)
class Reference(Expression):
    """A name that must be looked up outside of the process: an argument, or something of a creator's."""

    __slots__ = ("argument", "dotted", "names", "position")

    def __init__(self, names: tuple[str, ...], position: int, span: Span) -> None:
        super().__init__(span)
        self.names = names
        self.position = position
        self.argument = _argument_number(names)
        self.dotted = len(names) > 1

    def evaluate(self, process: Frame) -> Value:
        """Look the first name up, and follow the others."""
        arguments = process.arguments
        if arguments is not None and 0 <= self.argument < arguments.size:
            return arguments.items[self.argument]
        return self.read(process.find_outside(self.names[0]))

    def read(self, thing: Referent | None) -> Value:
        """Return the value that the names lead to, from what the first of them means."""
        value: Value | None = None
        if thing is not None:
            value = follow_variable(thing, self.names) if self.dotted else thing.own_value()
        if value is None:
            raise self.unresolved(thing)
        return value

    def unresolved(self, thing: Referent | None) -> Refused:
        """Return the error for a name that leads nowhere from what its first part means."""
        message = f"failed to resolve variable ({'.'.join(self.names)}) from position {self.position}"
        name = unwrapped(thing).documented() if thing is not None else ""
        return Refused(message, self.span, f"`netstrata doc {name}` says what can be read of it." if name else NOT_SEEN)


@mypyc_attr(acyclic=True)
class OwnReference(Reference):
    """A name whose first part is a statement of the same process."""

    __slots__ = ("index",)

    def __init__(self, index: int, names: tuple[str, ...], position: int, span: Span) -> None:
        super().__init__(names, position, span)
        self.index = index

    def evaluate(self, process: Frame) -> Value:
        """Follow the names from the statement, which must exist."""
        thing = process.own(self.index)
        if thing is None:
            raise Refused(f"statement ({self.names[0]}) is uninitialized", self.span)
        return self.read(thing)


@mypyc_attr(acyclic=True)
class ListOf(Expression):
    """A list with at least one element that is not constant."""

    __slots__ = ("items",)

    def __init__(self, items: list[Expression], span: Span) -> None:
        super().__init__(span)
        self.items = items

    def evaluate(self, process: Frame) -> Value:
        """Evaluate the elements from left to right."""
        value = List([item.evaluate(process) for item in self.items])
        if value.depth > DEPTH_LIMIT:
            raise Refused(excess(value), self.span)
        return value


@mypyc_attr(acyclic=True)
class MapOf(Expression):
    """A map with at least one key or value that is not constant."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[Expression, Expression]], span: Span) -> None:
        super().__init__(span)
        self.pairs = pairs

    def evaluate(self, process: Frame) -> Value:
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
            raise Refused(excess(result), self.span)
        return result


@mypyc_attr(acyclic=True)
class Call(Expression):
    """A function call; the function is looked up when first evaluated."""

    __slots__ = ("arguments", "function", "name", "registry")

    def __init__(self, name: str, arguments: list[Expression], registry: Registry, span: Span) -> None:
        super().__init__(span)
        self.name = name
        self.arguments = arguments
        self.registry = registry
        self.function: Function | None = None  # once it was found, and takes so many arguments

    def evaluate(self, process: Frame) -> Value:
        """Call the function, which evaluates its arguments."""
        function = self.function
        if function is None:
            function = self._found()
        return function.call(process, self.arguments, self.span)

    def _found(self) -> Function:
        function = self.registry.function(self.name)
        if function is None:
            raise Refused(f"unknown function: {self.name}", self.span, ALL_NAMES)
        if not function.declaration.fits(len(self.arguments)):
            raise function.declaration.arity_refusal(len(self.arguments))
        self.function = function
        return function
