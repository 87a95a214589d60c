"""Functions of whole numbers from 0 to 2^64 - 1."""

from typing import Final

from netstrata.contract.shapes.common import NUMBER, TRUTH, number_shape
from netstrata.engine.evaluation import Expression, Frame
from netstrata.engine.function import Function
from netstrata.engine.functions.logic import RELATIONS, Comparison
from netstrata.engine.structure import function, takes
from netstrata.values import Refused, Span, Value, boolean
from netstrata.values.arithmetic import LIMIT, add, divide, modulo, multiply, subtract


def _number(process: Frame, nodes: list[Expression], index: int) -> int:
    node = nodes[index]
    number = node.number(process)
    if number is None:
        refusal = NUMBER.refusal(index)
        refusal.span = node.span
        raise refusal
    return number


class NumberComparison(Comparison):
    """Whether a relation between two numbers holds."""

    __slots__ = ()

    def call(self, process: Frame, nodes: list[Expression], span: Span) -> Value:
        """Compare."""
        left = _number(process, nodes, 0)
        right = _number(process, nodes, 1)
        return self.lesser if left < right else self.equal if left == right else self.greater


class Operation(Function):
    """What is computed from two numbers."""

    def call(self, process: Frame, nodes: list[Expression], span: Span) -> Value:
        """Compute it."""
        left = _number(process, nodes, 0)
        result = self.operate(left, _number(process, nodes, 1))
        if result is None:
            raise Refused(self.failure(), nodes[1].span)
        return b"%d" % result

    def operate(self, left: int, right: int) -> int | None:
        """Return the result, None if there is none."""
        raise NotImplementedError

    def failure(self) -> str:
        """Say why there is no result."""
        return ""


class Add(Operation):
    """The sum."""

    def operate(self, left: int, right: int) -> int | None:
        """Return it."""
        return add(left, right)

    def failure(self) -> str:
        """Say that it is too large."""
        return f"the sum is over {LIMIT}"


class Subtract(Operation):
    """The difference."""

    def operate(self, left: int, right: int) -> int | None:
        """Return it."""
        return subtract(left, right)

    def failure(self) -> str:
        """Say that it is negative."""
        return "the difference is below 0"


class Multiply(Operation):
    """The product."""

    def operate(self, left: int, right: int) -> int | None:
        """Return it."""
        return multiply(left, right)

    def failure(self) -> str:
        """Say that it is too large."""
        return f"the product is over {LIMIT}"


class Divide(Operation):
    """The quotient."""

    def operate(self, left: int, right: int) -> int | None:
        """Return it, rounded down."""
        return divide(left, right)

    def failure(self) -> str:
        """Say that there is none."""
        return "this is a division by 0"


class Modulo(Divide):
    """The remainder."""

    def operate(self, left: int, right: int) -> int | None:
        """Return it."""
        return modulo(left, right)


class Minimum(Operation):
    """The smaller number."""

    def operate(self, left: int, right: int) -> int | None:
        """Return it."""
        return min(left, right)


class Maximum(Operation):
    """The larger number."""

    def operate(self, left: int, right: int) -> int | None:
        """Return it."""
        return max(left, right)


for _relation in RELATIONS:
    function(
        f"num_{_relation.name}",
        NumberComparison(_relation),
        takes(("left", NUMBER), ("right", NUMBER)),
        f"""Say whether one number {_relation.words} another.

        Example:
            println(@num_{_relation.name}("7", "07"));  # {boolean(_relation.equal).decode()}
        """,
        TRUTH,
    )
_OPERATIONS: Final[tuple[tuple[str, str, Operation, str], ...]] = (
    ("add", "the sum", Add(), "9"),
    ("subtract", "the difference", Subtract(), "5"),
    ("multiply", "the product", Multiply(), "14"),
    ("divide", "the quotient, rounded down", Divide(), "3"),
    ("modulo", "the remainder", Modulo(), "1"),
    ("min", "the smaller one", Minimum(), "2"),
    ("max", "the larger one", Maximum(), "7"),
)
for _name, _words, _operation, _result in _OPERATIONS:
    function(
        f"num_{_name}",
        _operation,
        takes(("left", NUMBER), ("right", NUMBER)),
        f"""Return {_words} of two numbers.

        Example:
            println(@num_{_name}("7", "2"));  # {_result}
        """,
        NUMBER,
    )


def _clock(values: list[Value]) -> Value:
    import time

    return b"%d" % (time.monotonic_ns() // 1_000_000)


function(
    "clock_get_ms",
    _clock,
    (),
    """Return monotonic time in milliseconds.

    Example:
        println(@num_greater(@clock_get_ms(), "0"));  # true
    """,
    number_shape("a time", "whole milliseconds", 0, LIMIT),
)
