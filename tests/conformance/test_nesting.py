"""Programs that nest deeper than the memory of compiled code is used to: nothing else may be changed by it."""

from pathlib import Path

import pytest
from tests.conformance.cases import Case, run_case

BLOCKS = 'process main {\n%s\nprintln("inside"); exit("0");\n%s\n}\n'
VALUES = """
process main {
    var("0") i;
    backtrack_point() again;
    to_string(%s) text;
    from_string(text) value;
    concat("a word of more than ", "a few letters, number ", i) words;
    If (@val_different(words, @concat("a word of more than a few letters, number ", i))) { println("changed"); };
    i->set(@num_add(i, "1"));
    If (@num_lesser(i, "200")) { again->go(); };
    println("done");
    exit("0");
}
"""


@pytest.mark.parametrize("levels", [60, 150, 301, 900])
def test_blocks_may_nest_deep(levels: int, tmp_path: Path) -> None:
    program = tmp_path / "nested.ncd"
    program.write_text(BLOCKS % ('If ("true") {\n' * levels, "};\n" * levels))

    result = run_case(Case(program, 0, b""), tmp_path)

    assert result == (0, b"inside\n")


def test_values_may_nest_as_deep_as_they_may(tmp_path: Path) -> None:
    program = tmp_path / "nested.ncd"
    program.write_text(VALUES % ("{" * 31 + '"x"' + "}" * 31))

    result = run_case(Case(program, 0, b""), tmp_path)

    assert result == (0, b"done\n")
