"""Which words of a statement go to which of its arguments."""

from typing import NamedTuple

import pytest

from netstrata.contract import Argument, Declaration, Variable
from netstrata.contract.shapes.common import ANY, IPV4_LIST, IPV4_NETWORK, TEXT, Network
from netstrata.values import List, Refused, Value

ADDRESS = Argument("network", IPV4_NETWORK)
LINK = Argument("link", TEXT)


def declared(*arguments: Argument) -> Declaration:
    return Declaration("it", "computes", arguments, (), "", None)


def places(declaration: Declaration, given: int) -> list[tuple[str, int, int]]:
    return [(argument.name, at, words) for argument, at, words in declaration.places(given)]


def test_an_argument_of_two_words_takes_one_if_no_more_are_given() -> None:
    it = declared(LINK, ADDRESS, Argument("last", TEXT))

    assert places(it, 3) == [("link", 0, 1), ("network", 1, 1), ("last", 2, 1)]
    assert places(it, 4) == [("link", 0, 1), ("network", 1, 2), ("last", 3, 1)]


def test_an_optional_argument_that_is_not_given_takes_nothing_and_gets_its_default() -> None:
    it = declared(Argument("name", ANY, optional=True, default=b"none"), LINK)
    values: list[Value] = [b"eth0"]

    assert places(it, 1) == [("name", 0, 0), ("link", 0, 1)]
    assert it.bind(values) == [b"none", b"eth0"]
    assert it.bind([List([]), b"eth0"]) == [List([]), b"eth0"]


def test_what_takes_the_rest_stands_there_once_for_each_word() -> None:
    it = declared(LINK, Argument("rest", TEXT, rest=True))

    assert places(it, 1) == [("link", 0, 1)]
    assert places(it, 3) == [("link", 0, 1), ("rest", 1, 1), ("rest", 2, 1)]
    assert it.bind([b"a", b"b", b"c"]) == [b"a", b"b", b"c"]


@pytest.mark.parametrize("given", [0, 1, 4])
def test_a_wrong_number_of_words_is_refused_every_time(given: int) -> None:
    it = declared(LINK, ADDRESS)

    for _ in range(2):
        with pytest.raises(Refused, match="it takes 2 to 3 arguments, not"):
            it.places(given)


def test_a_word_that_does_not_fit_is_refused_by_its_place() -> None:
    with pytest.raises(Refused, match="expected an IPv4 network") as refused:
        declared(LINK, ADDRESS).bind([b"eth0", b"192.0.2.1", b"33"])

    assert refused.value.argument == 1


class Lease(NamedTuple):
    """Two variables."""

    value_: bytes
    routers: list[bytes] | None


def test_a_variable_is_read_by_its_name_and_written_by_its_shape() -> None:
    it = Declaration("it", "computes", (), (Variable("", TEXT), Variable("routers", IPV4_LIST)), "", None)
    found = Lease(b"x", [b"\xc0\0\2\1"])

    assert it.read_variable(found, "") == b"x"
    assert it.read_variable(found, "routers") == List([b"192.0.2.1"])
    assert it.read_variable(found, "other") is None
    assert it.read_variable(Lease(b"x", None), "routers") is None


def test_one_variable_without_a_name_is_all_that_was_found_even_if_it_has_parts() -> None:
    it = Declaration("it", "computes", (), (Variable("", IPV4_NETWORK),), "", None)

    assert it.read_variable(Network(b"\xc0\0\2\0", 24), "") == b"192.0.2.0/24"


def test_the_argument_that_is_refused_is_the_guilty_one() -> None:
    it = declared(LINK, Argument("network", IPV4_NETWORK), LINK)

    wrong: list[tuple[list[Value], int]] = [
        ([List([]), b"192.0.2.0/24", b"x"], 0),
        ([b"x", b"192.0.2.0", b"24", List([])], 3),
    ]
    for values, guilty in wrong:
        with pytest.raises(Refused) as refusal:
            it.bind(values)
        assert refusal.value.argument == guilty
