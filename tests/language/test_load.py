"""Includes, guards and paths."""

from collections.abc import Callable

import pytest

from netstrata.language import Refusals, load
from netstrata.language.diagnostics import ncd_log_lines


def files(**texts: str) -> Callable[[str], bytes]:
    """Return a reader of files that exist only here; `__` in a name stands for a slash."""

    def read(path: str) -> bytes:
        text = texts.get(path.replace("/", "__"))
        if text is None:
            raise FileNotFoundError(2, "No such file or directory", path)
        return text.encode()

    return read


def names(main: str, **texts: str) -> list[str]:
    return [process.name for process in load("main", files(main=main, **texts)).processes]


def refusal(path: str, read: Callable[[str], bytes]) -> str:
    with pytest.raises(Refusals) as refused:
        load(path, read)
    return str(refused.value)


def test_an_include_stands_for_what_is_in_the_file() -> None:
    found = names('process a { x(); } include "f" process c { x(); }', f="process b { x(); }")

    assert found == ["a", "b", "c"]


def test_a_path_is_looked_up_beside_the_file_that_includes_it() -> None:
    found = names('include "d/f"', d__f='include "g" include "/g"', d__g="process b { x(); }", __g="process c { x(); }")

    assert found == ["b", "c"]


def test_a_guard_that_is_known_skips_the_whole_file_and_registers_none_of_its_others() -> None:
    texts = {
        "f": 'include_guard "one" process f { x(); }',
        "g": 'include_guard "two" process g { x(); } include_guard "one"',
        "h": 'include_guard "two" process h { x(); }',
    }

    found = names('include "f" include "g" include "h" include "f"', **texts)

    assert found == ["f", "h"]


def test_the_guard_of_the_main_file_counts() -> None:
    found = names('include "f" process a { x(); } include_guard "one"', f='include_guard "one" process b { x(); }')

    assert found == ["a"]


def test_thirty_two_levels_of_includes_are_allowed_and_no_more() -> None:
    deep = {f"f{level}": f'include "f{level + 1}"' for level in range(1, 32)}

    assert names('include "f1"', **deep, f32="process a { x(); }") == ["a"]
    assert "more than 32 deep" in refusal("main", files(main='include "f1"', **deep, f32='include "g"', g=""))


def test_files_that_include_each_other_twice_over_end_in_an_error_at_once() -> None:
    loop = 'include "f" include "f"'

    assert "more than 32 deep" in refusal("main", files(main=loop, f=loop))


def test_files_that_grow_without_a_loop_end_in_an_error() -> None:
    grow = {f"f{level}": f'include "f{level + 1}" include "f{level + 1}"' for level in range(31)}

    assert "more than 10000 times" in refusal("main", files(main='include "f0"', **grow, f31=""))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ('""', "the path to include is empty"),
        ('"d/"', "the path to include ends in a slash"),
        (r'"d\0"', "the path to include holds a NUL byte"),
        ('"no"', "cannot read no: No such file or directory"),
    ],
)
def test_a_path_that_names_no_file_is_refused_where_it_stands(target: str, words: str) -> None:
    said = refusal("main", files(main=f"include {target}"))

    assert said == f"main:1:9: {words}"


@pytest.mark.parametrize(("path", "words"), [("", "is empty"), ("d/", "ends in a slash"), ("no", "No such file")])
def test_the_main_file_must_be_one(path: str, words: str) -> None:
    assert words in refusal(path, files())


def test_an_unreadable_include_is_logged_as_ncd_does() -> None:
    with pytest.raises(Refusals) as refused:
        load("main", files(main='include "no"'))

    lines = ncd_log_lines(refused.value)

    assert lines[0] == ("NCDBuildProgram", "ERROR", "file 'no': failed to read contents")


def test_mistakes_of_several_files_are_said_together() -> None:
    said = refusal("main", files(main='include "f" include "g"', f="process a {", g="process b { x() }"))

    assert [line[:1] for line in said.splitlines()] == ["f", "g"]


def test_a_file_whose_name_is_no_utf8_is_read_by_its_bytes() -> None:
    def read(path: str) -> bytes:
        return rb'include "\xff"' if path == "main" else path.encode("utf-8", "surrogateescape")

    said = refusal("main", read)

    assert "\udcff:1:1" in said


def test_an_empty_file_is_a_program() -> None:
    assert names("") == []
    assert names(" # nothing\n") == []


def test_a_hidden_template_knows_where_it_was_written() -> None:
    text = (
        "process m { a(); Foreach ({} As k: v) { If (x) { b(); }; Do { c(); } Interrupt { d(); }; }; Block { e(); }; }"
    )

    program = load("main", files(main=text))

    hidden = [
        (one.name, one.construct, one.parent.name, one.position, one.loop_names)
        for one in program.processes
        if one.parent is not None
    ]
    assert hidden == [
        ("__tmpl0", "Foreach", "m", 1, ("k", "v")),
        ("__tmpl1", "If", "__tmpl0", 0, ()),
        ("__tmpl2", "Do", "__tmpl0", 1, ()),
        ("__tmpl3", "Interrupt", "__tmpl0", 1, ()),
        ("__tmpl4", "Block", "m", 2, ()),
    ]
    assert [one.type for one in program.processes[0].statements] == ["a", "foreach_emb", "inline_code"]
