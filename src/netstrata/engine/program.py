"""A program made ready to run: each argument is an expression to evaluate, each name that can be resolved early is."""

from bisect import bisect_left
from typing import Final

from netstrata.contract.roles import Roles
from netstrata.engine.evaluation import Expression, Frame
from netstrata.engine.referent import Referent, follow_thing, unwrapped
from netstrata.engine.registry import Entry, Registry
from netstrata.values import DEPTH_LIMIT, MOST_WEIGHT, Refused, Span, Value, excess
from netstrata.values.compiler_hints import mypyc_attr

NOT_SEEN: Final = "nothing of that name can be seen from here now."
ALL_NAMES: Final = "`netstrata doc` lists all names."
# Of all processes that name nothing, or have nothing hidden: programs may have very many of those.
NO_NAMES: Final[dict[str, list[int]]] = {}
NO_INNER: Final[dict[int, list[str]]] = {}


@mypyc_attr(acyclic=True)
class Slot:
    """A statement of a program: what it is, and how to evaluate its arguments."""

    __slots__ = (
        "_entry", "_entry_type", "arguments", "constants", "index", "name", "registry", "span", "tainted",
        "target", "target_index", "type",
    )  # fmt: skip

    def __init__(
        self,
        index: int,
        type_: str,
        name: str,
        target: tuple[str, ...],
        target_index: int,
        arguments: list[Expression],
        constants: list[Value] | None,
        span: Span,
        registry: Registry,
    ) -> None:
        self.target = target  # of a method: the dotted name of the thing it is called on
        self._entry: Entry | None = None  # what implements it, once it was found and takes so many arguments
        self._entry_type = ""  # of a method: the type that its entry was found for
        self.constants = constants  # the arguments' values, if none of them needs a running process
        self.arguments = arguments
        self.target_index = target_index  # of the statement that the name begins with, -1 if it is of another process
        self.index = index
        self.type = type_
        self.name = name
        self.span = span
        self.registry = registry
        self.tainted = False  # a secret is made from what it holds
        if not target:
            entry = registry.statement(type_)
            if entry is not None and entry.declaration.fits(len(arguments)):
                self._entry = entry

    def resolve_target(self, process: Frame) -> Referent:
        """Return the thing that a method is called on.

        Raises: Refused if the name leads nowhere.
        """
        at = self.target_index
        first = process.own(at) if at >= 0 else process.find_outside(self.target[0])
        thing = unwrapped(first) if first is not None else None
        if thing is not None and len(self.target) > 1:
            thing = follow_thing(thing, self.target)
        if thing is None:
            message = f"failed to resolve object ({'.'.join(self.target)}) from position {self.index}"
            raise Refused(message, self.span, NOT_SEEN)
        return thing

    def documented(self) -> str:
        """Return the name that its documentation is found by; a method's is known once its object is."""
        return self._entry.declaration.name if self._entry is not None else self.type

    def roles(self) -> Roles:
        """Return its roles; which method one is shows only when it begins: until then, what any of its name has."""
        entry = self._entry
        return entry.declaration.roles if entry is not None else self.registry.roles(self.type, bool(self.target))

    def entry_for(self, target: Referent | None) -> Entry:
        """Return what implements this statement, or this method on a thing.

        Raises: Refused if there is no such statement or method.
        """
        type_ = target.type() if target is not None else ""
        entry = self._entry
        if entry is None or self._entry_type != type_:
            entry = self._find_entry(target, type_)
        return entry

    def _find_entry(self, target: Referent | None, type_: str) -> Entry:
        if target is None:
            entry = self.registry.statement(self.type)
            if entry is None:
                raise Refused(f"unknown simple statement: {self.type}", self.span, ALL_NAMES)
        else:
            if not type_:
                hint = "arguments, loop names and `_caller` are no statements; name what stands behind them."
                raise Refused("cannot call method on object with no type", self.span, hint)
            entry = self.registry.method(type_, self.type)
            if entry is None:
                raise Refused(f"unknown method statement: {type_}::{self.type}", self.span, ALL_NAMES)
        if not entry.declaration.fits(len(self.arguments)):
            raise entry.declaration.arity_refusal(len(self.arguments))
        self._entry = entry
        self._entry_type = type_
        return entry

    def evaluate(self, process: Frame) -> list[Value]:
        """Return the values of the arguments; not to be changed by who takes them.

        Raises: Refused if one cannot be evaluated.
        """
        values = self.constants
        if values is not None:
            return values
        arguments = self.arguments
        if len(arguments) == 1:  # that of most statements
            value = arguments[0].evaluate(process)
            if (len(value) > MOST_WEIGHT) if isinstance(value, bytes) else (value.depth >= DEPTH_LIMIT):
                raise Refused(excess(value), arguments[0].span)
            return [value]
        values = [argument.evaluate(process) for argument in arguments]
        for index, value in enumerate(values):
            if (len(value) > MOST_WEIGHT) if isinstance(value, bytes) else (value.depth >= DEPTH_LIMIT):
                raise Refused(excess(value), arguments[index].span)
        return values


@mypyc_attr(acyclic=True)
class Code:
    """A process or template of a program.

    A hidden template is one that sugar made; `inner` has the names of those that each statement here runs, by its
    index, in the order of its text.
    """

    __slots__ = ("hidden", "inner", "name", "names", "slots", "span", "template")

    def __init__(self, name: str, template: bool, hidden: bool, slots: list[Slot], span: Span) -> None:
        self.name = name
        self.template = template
        self.hidden = hidden
        self.inner = NO_INNER
        self.slots = tuple(slots)
        self.span = span
        names: dict[str, list[int]] = {}
        for slot in slots:
            if slot.name:
                names.setdefault(slot.name, []).append(slot.index)
        self.names = names or NO_NAMES

    def run_inner(self, index: int, name: str) -> None:
        """Know a hidden template that a statement here runs, the next one in its text."""
        if not self.inner:
            self.inner = {}
        self.inner.setdefault(index, []).append(name)

    def find(self, name: str, position: int) -> int:
        """Return the index of the nearest statement of that name before a position, -1 if there is none."""
        indices = self.names.get(name)
        if indices is None or indices[0] >= position:
            return -1
        if len(indices) == 1:
            return indices[0]
        return indices[bisect_left(indices, position) - 1]
