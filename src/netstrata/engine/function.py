"""What a program calls as `@name(...)`: one class for each way of taking arguments.

Native classes with a virtual method, because compiled code calls that several times faster than a Python function.
"""

from collections.abc import Callable

from netstrata.contract import Declaration
from netstrata.engine.evaluation import Expression, Frame
from netstrata.values import DEPTH_LIMIT, MOST_WEIGHT, Refused, Span, Value, excess


class Function:
    """A function that evaluates its arguments itself, or not."""

    __slots__ = ("declaration",)

    def declare(self, declaration: Declaration) -> None:
        """Take the declaration."""
        self.declaration = declaration

    def call(self, process: Frame, nodes: list[Expression], span: Span) -> Value:
        """Return the result, for arguments right in number.

        Raises: Refused if there is none.
        """
        raise NotImplementedError


class Strict(Function):
    """A function of values."""

    __slots__ = ()

    def call(self, process: Frame, nodes: list[Expression], span: Span) -> Value:
        """Evaluate the arguments from left to right, then apply."""
        values = [node.evaluate(process) for node in nodes]
        for index, value in enumerate(values):
            if (len(value) > MOST_WEIGHT) if isinstance(value, bytes) else (value.depth > DEPTH_LIMIT):
                raise Refused(excess(value), nodes[index].span)
        try:
            return self.apply(values)
        except Refused as error:
            if error.span is None:
                error.span = nodes[error.argument].span if error.argument >= 0 else span
            raise

    def apply(self, values: list[Value]) -> Value:
        """Return the result.

        Raises: Refused if there is none.
        """
        raise NotImplementedError


class Applied(Strict):
    """A function of values that is a Python function."""

    __slots__ = ("_apply",)

    def __init__(self, apply: Callable[[list[Value]], Value]) -> None:
        self._apply = apply

    def apply(self, values: list[Value]) -> Value:
        """Return what the Python function returns."""
        return self._apply(values)
