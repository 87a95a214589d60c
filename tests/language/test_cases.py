"""The verified programs: what parses, what is refused, and what NCD logs then."""

from pathlib import Path

import pytest

from netstrata.language import Refusals, load
from netstrata.language.diagnostics import ncd_log_lines

CASES = Path(__file__).parent.parent / "cases"
# These run, and exit with 1 without a word.
SILENT = {"assert_false_of_other_string_exits_1", "assert_false_of_true_exits_1", "assert_of_other_string_exits_1",
          "exit_code_mod_256"}  # fmt: skip
LOGGED = (
    "syn_error_position_is_reported_on_the_log",
    "syn_error_at_end_of_file_position",
    "syn_tokenizer_error_position",
)


def read(path: str) -> bytes:
    return Path(path).read_bytes()


@pytest.mark.parametrize("program", sorted(CASES.glob("*/*.ncd")), ids=lambda path: path.stem)
def test_a_case_is_refused_exactly_if_ncd_refuses_it(program: Path) -> None:
    expected = program.with_suffix(".expected").read_bytes()
    silent_failure = expected.strip() == b"# exit: 1" and program.stem not in SILENT
    refused = False

    try:
        load(str(program), read)
    except Refusals as error:
        refused = bool(error.refused)

    assert refused == (silent_failure or program.stem in LOGGED)


@pytest.mark.parametrize("name", LOGGED)
def test_a_syntax_error_is_logged_with_the_words_and_the_place_of_ncd(name: str) -> None:
    program = CASES / "language" / f"{name}.ncd"
    arguments = program.with_suffix(".args").read_text()
    with pytest.raises(Refusals) as refused:
        load(str(program), read)

    lines = ncd_log_lines(refused.value)

    text = "".join(f"{level}({channel}): {message}\n" for channel, level, message in lines if channel in arguments)
    assert f"# exit: 1\n{text}".encode() == program.with_suffix(".expected").read_bytes()


def test_the_whole_log_of_a_syntax_error_names_the_file_and_ends_with_the_program() -> None:
    with pytest.raises(Refusals) as refused:
        load("a.ncd", lambda path: b"process main {")

    lines = ncd_log_lines(refused.value)

    assert lines == [
        ("NCDConfigParser", "ERROR", "line 1, character 15: syntax error"),
        ("NCDBuildProgram", "ERROR", "file 'a.ncd': failed to parse"),
        ("ncd", "ERROR", "failed to build program"),
    ]
