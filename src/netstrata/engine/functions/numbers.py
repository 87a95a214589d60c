"""Functions of whole numbers from 0 to 2^64 - 1."""

from collections.abc import Callable

from netstrata.contract.shapes import NUMBER, TRUTH, number_shape
from netstrata.engine.functions.logic import RELATIONS
from netstrata.engine.structure import function, takes
from netstrata.values import Refused, Value, boolean, parse_number
from netstrata.values.arithmetic import LIMIT, add, divide, modulo, multiply, subtract


def _number(values: list[Value], index: int) -> int:
    value = values[index]
    number = parse_number(value) if isinstance(value, bytes) else None
    if number is None:
        raise NUMBER.refusal(index)
    return number


def _relation(holds: Callable[[int], bool]) -> Callable[[list[Value]], Value]:
    def related(values: list[Value]) -> Value:
        left = _number(values, 0)
        return boolean(holds(left - _number(values, 1)))

    return related


OPERATIONS: tuple[tuple[str, str, Callable[[int, int], int | None], str, str], ...] = (
    ("add", "the sum", add, "9", "the sum is over 18446744073709551615"),
    ("subtract", "the difference", subtract, "5", "the difference is below 0"),
    ("multiply", "the product", multiply, "14", "the product is over 18446744073709551615"),
    ("divide", "the quotient, rounded down", divide, "3", "this is a division by 0"),
    ("modulo", "the remainder", modulo, "1", "this is a division by 0"),
    ("min", "the smaller one", min, "2", ""),
    ("max", "the larger one", max, "7", ""),
)


def _operation(operate: Callable[[int, int], int | None], failure: str) -> Callable[[list[Value]], Value]:
    def operated(values: list[Value]) -> Value:
        left = _number(values, 0)
        result = operate(left, _number(values, 1))
        if result is None:
            raise Refused(failure, argument=1)
        return b"%d" % result

    return operated


for _name, _words, _holds, _result in RELATIONS:
    function(
        f"num_{_name}",
        _relation(_holds),
        takes(("left", NUMBER), ("right", NUMBER)),
        f"""Say whether one number {_words} another.

        Example:
            println(@num_{_name}("7", "07"));  # {_result}
        """,
        TRUTH,
    )
for _name, _words, _operate, _result, _failure in OPERATIONS:
    function(
        f"num_{_name}",
        _operation(_operate, _failure),
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
