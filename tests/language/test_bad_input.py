"""Whatever a file holds, it is a program or it is refused."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.language import Refusals, load
from netstrata.language.diagnostics import ncd_log_lines, render_all
from netstrata.language.refusals import MOST_MISTAKES
from netstrata.values import Refused

PIECES = st.sampled_from(
    [
        *b"process p {~template t {~If (~) {~elif (~else {~Foreach (~ As ~Do {~Interrupt {~Block {~};~; ~a(".split(
            b"~"
        ),
        *b'include ~include_guard ~Door~x~"s"~->~# c\n~\n~\0~\xff~\x0c'.split(b"~"),
        *(bytes((byte,)) for byte in b"{}()[].,:;@^\"\\'9-"),
    ]
)


def refused(text: bytes) -> list[Refused]:
    """Return what is wrong with a program; say so in full, as a user would see it."""
    try:
        load("main.ncd", lambda path: text)
    except Refusals as error:
        said, logged = render_all(error.refused), ncd_log_lines(error)
        found = error.refused
    else:
        return []
    assert said.startswith("error: ")
    assert logged[-1][1] == "ERROR"
    return found


def check_spans(found: list[Refused], text: bytes) -> None:
    for one in found:
        assert one.span is not None
        assert 0 <= one.span.start <= one.span.end <= len(text)
        assert len(one.message) < 1000


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_within_their_bounds(text: bytes) -> None:
    check_spans(refused(text), text)


@given(st.lists(PIECES, max_size=40).map(b"".join))
def test_random_pieces_of_programs_are_refused_within_their_bounds(text: bytes) -> None:
    check_spans(refused(b"process p { " + text), b"process p { " + text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"process p { a(" + b"{" * 100_000, "values may nest at most 256 deep"),
        (b"process p { a(" + b"(" * 100_000 + b"x" + b")" * 100_000 + b"); }", "values may nest at most 256 deep"),
        (b"process p { a(" + b'@f("x", ' * 100_000 + b")" * 100_000 + b"); }", "values may nest at most 256 deep"),
        (b"process p { a(" + b"[x: " * 100_000, "values may nest at most 256 deep"),
        (b"process p { " + b"Do {" * 100_000 + b"a();" + b"};" * 100_000 + b"}", "blocks may nest at most 1000 deep"),
        (b"process p { " + b"If (x) {" * 100_000, "blocks may nest at most 1000 deep"),
        (b'process p { a("' + b"x" * 1_000_000, "this string is never closed"),
        (b"\x7fELF\x02\x01\x01\0\0" * 10_000, "has no meaning here"),
        (b"process p { a(); }\0", "has no meaning here"),
        (b"\xef\xbb\xbfprocess p { a(); }", "has no meaning here"),
        (b"process p { a(" + b"x " * 500_000 + b"); }", "expected `,` or `)`"),
    ],
    ids=range(11),
)  # fmt: skip
def test_monstrous_files_are_refused_in_words(text: bytes, words: str) -> None:
    found = refused(text)

    assert words in found[0].message
    check_spans(found, text)


def test_a_call_may_be_called_over_and_over_and_is_refused_all_the_same() -> None:
    found = refused(b"process p { a(@f" + b"()" * 100_000 + b"); }")

    assert found


def test_a_file_full_of_mistakes_is_not_answered_with_a_book() -> None:
    found = refused(b"process p { " + b"a(,); " * 10_000 + b"}")

    assert len(found) == MOST_MISTAKES


def test_a_long_file_is_refused_in_time_that_grows_with_its_size() -> None:
    def seconds(size: int) -> float:
        text = b"process p { a(\n" + b"({[,;\n\"'" * size
        start = time.process_time()
        refused(text)
        return time.process_time() - start

    small = seconds(10_000)

    assert seconds(100_000) < 40 * small + 1
