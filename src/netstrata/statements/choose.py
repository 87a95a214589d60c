"""choose: the result of the first condition that is true."""

from typing import Annotated

from netstrata.contract import Shape, computes
from netstrata.contract.shapes.common import TRUTH, Any_
from netstrata.values import List, Value, boolean

Choice = tuple[bool, Value]


def _read_choices(value: Value) -> list[Choice] | None:
    if not isinstance(value, List):
        return None
    choices: list[Choice] = []
    for pair in value.elements():
        if not isinstance(pair, List) or pair.size != 2:
            return None
        truth = TRUTH.read(pair.items[0])
        if truth is None:
            return None
        choices.append((truth, pair.items[1]))
    return choices


def _write_choices(choices: list[Choice]) -> Value:
    return List([List([boolean(truth), result]) for truth, result in choices])


CHOICES = Shape[list[Choice]](
    "a list of choices",
    'pairs of a truth value and a result, such as {{"true", "a"}}',
    _read_choices,
    _write_choices,
    ('{{"true", "a"}, {"no", {}}}', "{}"),
    ('"a"', '{"a"}', '{{"true"}}', '{{{}, "a"}}'),
)


@computes("choose")
def choose(choices: Annotated[list[Choice], CHOICES], default: Any_) -> Any_:
    """Take the result of the first choice whose condition is `true`, else the default.

    Example:
        choose({{"false", "a"}, {"true", "b"}}, "c") chosen;
        println(chosen);  # b

    Source: NCD, choose.
    """
    for truth, result in choices:
        if truth:
            return result
    return default
