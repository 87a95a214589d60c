"""What can be evaluated, and where: all that arguments, functions and slots know of a process."""

from netstrata.engine.referent import NAMED_ARGUMENTS, Plain, Referent
from netstrata.values import List, Span, Value, parse_number
from netstrata.values.compiler_hints import mypyc_attr


@mypyc_attr(acyclic=True)
class Frame:
    """Where names are looked up while arguments are evaluated: a process."""

    __slots__ = ("arguments",)
    arguments: List | None

    def argument(self, name: str) -> Referent | None:
        """Return `_args`, or `_arg0` and so on as far as there are so many, for a name that begins so."""
        arguments = self.arguments
        if arguments is None:
            return None
        if name == "_args":
            return Plain(arguments)
        digits = name[4:]
        if digits.isdecimal() and (digits == "0" or digits[0] != "0"):
            number = int(digits) if len(digits) < 3 else NAMED_ARGUMENTS
            if number < NAMED_ARGUMENTS and number < arguments.size:
                return Plain(arguments.items[number])
        return None

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
