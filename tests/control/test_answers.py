"""Answers that are made a slice at a time."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.control.answers import Slices, finish, text_of, whole

LEAVES = st.none() | st.booleans() | st.integers() | st.text()
ANSWERS = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=10
)


def unmade(value: Any) -> Any:
    """Return an answer with Items in the place of its lists that dicts hold, and breaks between their elements."""
    if isinstance(value, dict):
        return {name: _items(part) if isinstance(part, list) else unmade(part) for name, part in value.items()}
    return value


def _items(elements: list[Any]) -> Iterator[Any]:
    for element in elements:
        yield None
        yield unmade(element) if element is not None else 0
    yield None


def made(value: Any) -> Any:
    """Return what `unmade` stands for."""
    if isinstance(value, dict):
        lists = {name: part for name, part in value.items() if isinstance(part, list)}
        elements = {name: [made(one) if one is not None else 0 for one in part] for name, part in lists.items()}
        return {name: elements.get(name) if name in lists else made(part) for name, part in value.items()}
    return value


@given(ANSWERS)
def test_the_pieces_of_an_answer_are_its_json(answer: Any) -> None:
    pieces = [piece for piece in text_of(unmade(answer), lambda value: value) if piece]

    assert json.loads("".join(pieces)) == made(answer) == whole(unmade(answer))


def test_each_element_is_a_piece_and_each_break_the_end_of_a_slice() -> None:
    asked: list[int] = []

    def elements() -> Iterator[Any]:
        for number in range(3):
            asked.append(number)
            yield {"number": number}
            yield None

    pieces = text_of({"found": elements(), "more": True}, lambda value: value)

    assert (next(pieces), asked) == ('{"found":[{"number":0}', [0])
    assert (next(pieces), asked) == (None, [0])
    assert (next(pieces), asked) == (',{"number":1}', [0, 1])
    assert "".join(piece or "" for piece in pieces) == ',{"number":2}],"more":true}'


def test_what_fails_before_its_first_element_has_told_nothing() -> None:
    def elements() -> Iterator[Any]:
        yield None
        raise KeyError

    pieces = text_of({"found": elements()}, lambda value: value)

    assert next(pieces) is None
    with pytest.raises(KeyError):
        next(pieces)


def test_all_that_is_told_is_cleaned_with_the_name_that_it_has() -> None:
    def clean(value: Any) -> Any:
        return {name: f"clean {part}" for name, part in value.items()} if isinstance(value, dict) else value

    pieces = text_of({"one": "a", "more": iter([{"two": "b"}])}, clean)

    assert json.loads("".join(piece or "" for piece in pieces)) == {"one": "clean a", "more": [{"two": "clean b"}]}


def test_work_in_slices_is_finished_at_once_if_somebody_wants_it_so() -> None:
    def count() -> Slices[int]:
        yield
        yield
        return 2

    assert finish(count()) == 2
