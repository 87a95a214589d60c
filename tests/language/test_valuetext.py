"""Values as text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.language.valuetext import format_value, parse_value
from netstrata.values import List, Map, Value

VALUES: st.SearchStrategy[Value] = st.recursive(
    st.binary(max_size=8),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(List),
        st.dictionaries(inner, inner, max_size=4).map(Map),
    ),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_read_back(value: Value) -> None:
    text = format_value(value)

    assert parse_value(text) == value


@given(st.binary(max_size=40))
def test_a_string_with_every_kind_of_escape_is_read_back(data: bytes) -> None:
    text = (
        b'"' + b"".join(b"\\x%02X" % byte if byte % 3 else bytes((byte,)) for byte in data if byte not in b'"\\') + b'"'
    )

    assert parse_value(text) == bytes(byte for byte in data if byte not in b'"\\')


@given(st.lists(st.sampled_from([b"{", b"}", b"[", b"]", b",", b":", b'"a"', b" ", b"#c\n"])))
def test_whatever_is_no_value_is_refused_without_an_error(pieces: list[bytes]) -> None:
    value = parse_value(b"".join(pieces))

    assert value is None or parse_value(format_value(value)) == value


@pytest.mark.parametrize(
    "text",
    ["", " ", "# c", '{"a",}', '["a": "b",]', '["a": "b", "a": "c"]', '["a"]', '["a", "b"]', '{"a": "b"}', '"a" "b"',
     '{"a" "b"}', ",", "}", "{,}", "{]", "[}", "a", "@a", "^a", '("a")', '"a', r'"\q"', '{"a"}}', "process", '@f("a")',
     '"a"\0', "{" * 100_000, '["a": ' * 100_000],
)  # fmt: skip
def test_a_text_that_is_not_exactly_one_value_is_refused(text: str) -> None:
    assert parse_value(text.encode()) is None


def test_a_text_may_hold_comments_line_feeds_and_all_escapes() -> None:
    value = parse_value(b'[ # a map\n "\\x41\\\\n\\n\\0":\t{}, {"b"} : [\r\n] ] # end')

    assert value == Map({b"A\\n\n\0": List([]), List([b"b"]): Map({})})


def test_a_map_is_written_in_key_order_and_only_three_bytes_are_escaped() -> None:
    value = Map({List([]): b"3", b"b": b'q"\\\0\n\xff', b"a": Map({})})

    assert format_value(value) == b'["a":[], "b":"q\\"\\\\\\x00\n\xff", {}:"3"]'


@pytest.mark.parametrize(("inner", "most"), [('"x"', 32), ("", 33)])
def test_values_nest_thirty_two_deep_and_no_deeper(inner: str, most: int) -> None:
    assert parse_value(("{" * most + inner + "}" * most).encode()) is not None
    assert parse_value(("{" * (most + 1) + inner + "}" * (most + 1)).encode()) is None
    assert parse_value(("[[]:" * (most - 1) + "{" + inner + "}" + "]" * (most - 1)).encode()) is not None
    assert parse_value(("[[]:" * most + "{" + inner + "}" + "]" * most).encode()) is None
