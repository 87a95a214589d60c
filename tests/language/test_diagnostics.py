"""Refusals as text for people."""

import pytest

from netstrata.language import Refusals, load
from netstrata.language.diagnostics import render, render_all
from netstrata.values import Refused, Source, Span


def rendered(text: bytes, name: str = "main.ncd") -> str:
    with pytest.raises(Refusals) as refused:
        load(name, lambda path: text)
    return render_all(refused.value.refused)


def test_a_refusal_shows_where_and_what_to_do() -> None:
    text = rendered(b'process main {\n\tvar("x")\tDoor;\n}\n')

    assert text == (
        "error: `Door` begins with the keyword `Do`, which no name may do: it is read as the keyword and the rest\n"
        " --> main.ncd:2:11\n"
        '2 |     var("x")    Door;\n'
        "  |                 ^^^^\n"
        "help: rename it: a name may have the word inside, or in lower case, as `myDoor`.\n"
    )


def test_the_end_of_the_file_has_a_caret_of_its_own() -> None:
    text = rendered(b"process main {\n    foo();\n")

    assert " --> main.ncd:3:1\n3 |\n  | ^\nhelp: the `{` in line 1 is never closed.\n" in text


def test_bytes_that_would_harm_a_terminal_are_shown_as_escapes() -> None:
    text = rendered(b'process main { println("\x1b[31m\xff\xc3\xa9" \x07); }', "\udcff\n.ncd")

    assert " --> \\xff\\n.ncd:1:35" in text
    assert 'println("\\x1b[31m\\xffé" \\x07);' in text
    assert all(character.isprintable() or character == "\n" for character in text)


def test_the_caret_stands_under_the_guilty_text_behind_wide_characters() -> None:
    text = rendered('process main { f("中é" b); }'.encode())

    line, caret = text.splitlines()[2:4]
    assert line == '1 | process main { f("中é" b); }'
    assert caret == "  | " + " " * 23 + "^"


def test_a_line_of_a_megabyte_is_cut_around_the_caret() -> None:
    text = rendered(b"process main { f(" + b'"x", ' * 200_000 + b"y z" + b', "x"' * 200_000 + b"); }")

    line, caret = text.splitlines()[2:4]
    assert "main.ncd:1:1000020" in text
    assert len(line) < 140
    assert line[caret.index("^")] == "z"
    assert line.count("…") == 2


def test_a_span_over_several_lines_is_marked_to_the_end_of_the_first() -> None:
    source = Source("a", b"one two\nthree")

    text = render(Refused("no", Span(source, 4, 13)), "warning")

    assert text == "warning: no\n --> a:1:5\n1 | one two\n  |     ^^^\n"


def test_a_refusal_without_a_place_has_none() -> None:
    assert render(Refused("no", hint="ask")) == "error: no\nhelp: ask\n"
