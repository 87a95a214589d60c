"""num_…: whole numbers from 0 to 18446744073709551615, compared and computed with."""

from typing import Annotated, NamedTuple

from netstrata.contract import computes
from netstrata.contract.shapes.common import NUMBER, Number, Truth
from netstrata.values import arithmetic


@computes("num_lesser")
def num_lesser(left: Number, right: Number) -> Truth:
    """Say whether one number is less than another.

    Example:
        num_lesser("7", "07") result;
        println(result);  # false

    Source: NCD, num_lesser.
    """
    return left < right


@computes("num_greater")
def num_greater(left: Number, right: Number) -> Truth:
    """Say whether one number is greater than another.

    Example:
        num_greater("7", "07") result;
        println(result);  # false

    Source: NCD, num_greater.
    """
    return left > right


@computes("num_lesser_equal")
def num_lesser_equal(left: Number, right: Number) -> Truth:
    """Say whether one number is at most another.

    Example:
        num_lesser_equal("7", "07") result;
        println(result);  # true

    Source: NCD, num_lesser_equal.
    """
    return left <= right


@computes("num_greater_equal")
def num_greater_equal(left: Number, right: Number) -> Truth:
    """Say whether one number is at least another.

    Example:
        num_greater_equal("7", "07") result;
        println(result);  # true

    Source: NCD, num_greater_equal.
    """
    return left >= right


@computes("num_equal")
def num_equal(left: Number, right: Number) -> Truth:
    """Say whether one number equals another.

    Example:
        num_equal("7", "07") result;
        println(result);  # true

    Source: NCD, num_equal.
    """
    return left == right


@computes("num_different")
def num_different(left: Number, right: Number) -> Truth:
    """Say whether one number differs from another.

    Example:
        num_different("7", "07") result;
        println(result);  # false

    Source: NCD, num_different.
    """
    return left != right


class Result(NamedTuple):
    """A number, or that there is none."""

    is_error: Truth
    value_: Annotated[int, NUMBER] | None


def _result(number: int | None) -> Result:
    return Result(number is None, number)


@computes("num_add")
def num_add(left: Number, right: Number) -> Result:
    """Add two numbers; too large a sum is up with `is_error`, and without a value.

    Example:
        num_add("7", "2") result;
        println(result, " ", result.is_error);  # 9 false

    Source: NCD, num_add.
    """
    return _result(arithmetic.add(left, right))


@computes("num_subtract")
def num_subtract(left: Number, right: Number) -> Result:
    """Subtract one number from another; a difference below 0 is up with `is_error`, and without a value.

    Example:
        num_subtract("7", "2") result;
        println(result, " ", result.is_error);  # 5 false

    Source: NCD, num_subtract.
    """
    return _result(arithmetic.subtract(left, right))


@computes("num_multiply")
def num_multiply(left: Number, right: Number) -> Result:
    """Multiply two numbers; too large a product is up with `is_error`, and without a value.

    Example:
        num_multiply("7", "2") result;
        println(result, " ", result.is_error);  # 14 false

    Source: NCD, num_multiply.
    """
    return _result(arithmetic.multiply(left, right))


@computes("num_divide")
def num_divide(left: Number, right: Number) -> Result:
    """Divide one number by another, rounded down; a division by 0 is up with `is_error`, and without a value.

    Example:
        num_divide("7", "2") result;
        println(result, " ", result.is_error);  # 3 false

    Source: NCD, num_divide.
    """
    return _result(arithmetic.divide(left, right))


@computes("num_modulo")
def num_modulo(left: Number, right: Number) -> Result:
    """Take what a division leaves over; a division by 0 is up with `is_error`, and without a value.

    Example:
        num_modulo("7", "2") result;
        println(result, " ", result.is_error);  # 1 false

    Source: NCD, num_modulo.
    """
    return _result(arithmetic.modulo(left, right))
