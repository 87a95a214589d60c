"""Maps of options, and what is said of a wrong one."""

import pytest

from netstrata.contract.options import options_shape
from netstrata.contract.shapes import LINK, NUMBER
from netstrata.values import List, Map, Value

SHAPE = options_shape({"size": NUMBER, "link": LINK}, ("[]",), ('"x"',), ("size",))


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        (Map({b"sise": b"1"}), "there is no option `sise`", "did you mean `size`?"),
        (Map({b"colour": b"1"}), "there is no option `colour`", "there are: size, link"),
        (Map({b"size": b"x"}), "option size: expected a number: whole, 0 to 18446744073709551615", ""),
        (Map({b"link": b"eth0"}), "the option size is missing", ""),
        (Map({List([]): b"x"}), "an option is named by a string", "there are: size, link"),
        (b"size", "expected options: a map of size, link", ""),
    ],
)
def test_a_wrong_map_is_refused_with_what_is_wrong(value: Value, message: str, hint: str) -> None:
    assert SHAPE.read(value) is None
    refusal = SHAPE.refusal(2, value)

    assert (refusal.message, refusal.hint, refusal.argument) == (message, hint, 2)


def test_a_map_is_read_by_the_shape_of_each_option() -> None:
    assert SHAPE.read(Map({b"size": b"07", b"link": b"eth0"})) == {"size": 7, "link": "eth0"}
