"""What can be evaluated, and where: all that arguments, functions and slots know of a process."""

from netstrata.engine.referent import Referent
from netstrata.values import List, Span, Value, parse_number
from netstrata.values.compiler_hints import mypyc_attr


@mypyc_attr(acyclic=True)
class Frame:
    """Where names are looked up while arguments are evaluated: a process."""

    __slots__ = ("arguments",)
    arguments: List | None

    def own(self, index: int) -> Referent | None:
        """Return its statement of that index, None if it does not exist now."""
        raise NotImplementedError

    def find_outside(self, name: str) -> Referent | None:
        """Return what a name means if no statement of its own has it."""
        raise NotImplementedError


@mypyc_attr(acyclic=True)
class Expression:
    """Something that has a value when its statement begins."""

    __slots__ = ("span",)

    def __init__(self, span: Span) -> None:
        self.span = span

    def evaluate(self, process: Frame) -> Value:
        """Return the value now.

        Raises: Refused if there is none.
        """
        raise NotImplementedError

    def number(self, process: Frame) -> int | None:
        """Return the value now as a number, None if it is none.

        Raises: Refused if there is no value.
        """
        value = self.evaluate(process)
        return parse_number(value) if isinstance(value, bytes) else None

    def constant(self) -> Value | None:
        """Return the value if it needs no running process."""
        return None
