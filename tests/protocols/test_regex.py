"""Regular expressions of GNU's C library, whatever the locale of the process is."""

import locale
import time

import pytest

from netstrata.protocols.regex import Regex, compiled, replaced
from netstrata.values import Refused


def matched(pattern: bytes, text: bytes, groups: int = 3) -> list[bytes | None] | None:
    places = compiled(pattern).find(text, 0, groups)
    if places is None:
        return None
    return [text[start:end] if start >= 0 else None for start, end in places]


def test_the_longest_of_the_leftmost_matches_counts() -> None:
    assert matched(b"x*|xyz", b"xyz", 1) == [b"xyz"]
    assert matched(b"(a|ab)(c|bcd)(d*)", b"abcd", 4) == [b"abcd", b"a", b"bcd", b""]


def test_a_group_without_a_part_in_the_match_has_no_place() -> None:
    assert matched(b"(a)|(b)", b"b") == [b"b", None, b"b"]


def test_a_text_may_hold_nul() -> None:
    assert matched(b"b.c|[^a]+", b"a\0b", 1) == [b"\0b"]


def test_bytes_are_bytes_in_a_locale_with_longer_characters() -> None:
    before = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    try:
        dots = Regex(b"^..$").find("ä".encode(), 0, 1)
        letters = Regex(b"[[:alpha:]]").find("ä".encode(), 0, 1)
        after = locale.setlocale(locale.LC_CTYPE)
    finally:
        locale.setlocale(locale.LC_CTYPE, before)

    assert dots == [(0, 2)]
    assert letters is None
    assert after == "C.UTF-8"


@pytest.mark.parametrize("pattern", [b"(", b"[", b"*", b"a{2,1}", b"a\\", b"[[:none:]]"])
def test_an_expression_that_is_none_is_refused_with_the_reason(pattern: bytes) -> None:
    with pytest.raises(Refused, match=r"not a regular expression: [A-Z]") as refusal:
        Regex(pattern)

    assert refusal.value.argument == 1


def replace(text: bytes, *pairs: tuple[bytes, bytes]) -> bytes:
    return replaced(text, [compiled(regex) for regex, _ in pairs], [word for _, word in pairs])


def test_the_match_that_begins_first_is_replaced_and_of_several_that_of_the_first_expression() -> None:
    assert replace(b"a1b22", (b"[0-9]+", b"#"), (b"b", b"c")) == b"a#c#"
    assert replace(b"abc", (b"b", b"1"), (b"bc", b"2")) == b"a1c"


def test_a_replacement_is_put_in_as_it_is() -> None:
    assert replace(b"ab", (b"(a)", b"\\1&")) == b"\\1&b"


def test_what_is_left_after_a_match_is_a_text_of_its_own() -> None:
    assert replace(b"aab", (b"^a", b"X")) == b"XXb"
    assert replace(b"ab", (b"$", b"!")) == b"ab!"
    assert replace(b"cab", (b"\\<.", b"-")) == b"---"


def test_an_empty_match_lets_one_byte_pass() -> None:
    assert replace(b"baaac", (b"a*", b"X")) == b"XbXXc"
    assert replace(b"abc", (b"^", b"-")) == b"-a-b-c"
    assert replace(b"", (b"^", b"-")) == b""


def test_many_matches_beside_one_that_never_comes_take_time_in_proportion() -> None:
    def seconds(count: int) -> float:
        start = time.process_time()
        result = replace(b"ab" * count, (b"a", b"x"), (b"c", b"y"))
        assert result == b"xb" * count
        return time.process_time() - start

    seconds(1000)

    assert seconds(80_000) < 40 * max(seconds(8_000), 0.001)
