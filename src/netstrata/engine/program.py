"""A program made ready to run: each argument is an expression to evaluate, each name that can be resolved early is."""

from bisect import bisect_left
from typing import TYPE_CHECKING

from netstrata.contract import Declaration
from netstrata.engine.thing import Thing, follow_thing
from netstrata.values import DEPTH_LIMIT, Refused, Span, Value

if TYPE_CHECKING:
    from netstrata.engine.expressions import Expression
    from netstrata.engine.machine import Process
    from netstrata.engine.registry import Entry, Registry


def constant_values(arguments: "list[Expression]") -> list[Value] | None:
    """Return the arguments' values if none of them needs a running process."""
    values: list[Value] = []
    for argument in arguments:
        value = argument.constant()
        if value is None:
            return None
        values.append(value)
    return values


class Slot:
    """A statement of a program: what it is, and how to evaluate its arguments."""

    __slots__ = (
        "_entry",
        "_entry_type",
        "arguments",
        "constants",
        "hushed",
        "index",
        "name",
        "registry",
        "span",
        "target",
        "type",
    )

    def __init__(
        self,
        index: int,
        type_: str,
        name: str,
        target: tuple[str, ...],
        arguments: "list[Expression]",
        span: Span,
        registry: "Registry",
    ) -> None:
        self.index = index
        self.type = type_
        self.name = name
        self.target = target
        self.arguments = arguments
        self.span = span
        self.registry = registry
        self.constants = constant_values(arguments)
        self.hushed = False  # a secret is made from what it holds
        self._entry: Entry | None = None
        self._entry_type = ""

    def resolve_target(self, process: "Process") -> Thing:
        """Return the thing that a method is called on.

        Raises: Refused if the name leads nowhere.
        """
        first = process.find(self.target[0], self.index)
        thing = follow_thing(first, self.target) if first is not None else None
        if thing is None:
            raise Refused(f"failed to resolve object ({'.'.join(self.target)}) from position {self.index}", self.span)
        return thing

    def entry_for(self, target: Thing | None) -> "Entry":
        """Return what implements this statement, or this method on a thing.

        Raises: Refused if there is no such statement or method.
        """
        type_ = ""
        if target is not None:
            type_ = target.type()
            if not type_:
                raise Refused("cannot call method on object with no type", self.span)
        entry = self._entry
        if entry is None or self._entry_type != type_:
            if type_:
                entry = self.registry.method(type_, self.type)
                if entry is None:
                    raise Refused(f"unknown method statement: {type_}::{self.type}", self.span)
            else:
                entry = self.registry.statement(self.type)
                if entry is None:
                    raise Refused(f"unknown simple statement: {self.type}", self.span)
            self._entry = entry
            self._entry_type = type_
        return entry

    def evaluate(self, process: "Process", declaration: Declaration) -> list[Value]:
        """Return the values of the arguments, right in number; not to be changed by who takes them.

        Raises: Refused if one cannot be evaluated, or their number is wrong.
        """
        values = self.constants
        if values is None:
            values = []
            for argument in self.arguments:
                value = argument.evaluate(process)
                if not isinstance(value, bytes) and value.depth >= DEPTH_LIMIT:
                    raise Refused("depth limit exceeded", argument.span)
                values.append(value)
        given = len(values)
        if given < declaration.least or (given > declaration.most >= 0):
            raise declaration.arity_refusal(given)
        return values


class Code:
    """A process or template of a program."""

    __slots__ = ("name", "names", "slots", "span", "template")

    def __init__(self, name: str, template: bool, slots: list[Slot], span: Span) -> None:
        self.name = name
        self.template = template
        self.slots = slots
        self.span = span
        self.names: dict[str, list[int]] = {}
        for slot in slots:
            if slot.name:
                self.names.setdefault(slot.name, []).append(slot.index)

    def find(self, name: str, position: int) -> int:
        """Return the index of the nearest statement of that name before a position, -1 if there is none."""
        indices = self.names.get(name)
        if indices is None or indices[0] >= position:
            return -1
        if len(indices) == 1:
            return indices[0]
        return indices[bisect_left(indices, position) - 1]
