"""A program that is read in steps comes to what it comes to at once."""

from pathlib import Path
from typing import Any

import pytest

from netstrata.language.parser import STEP, parse, parse_in_steps
from netstrata.language.stretches import boundaries
from netstrata.values import Source, Span

CASES = Path(__file__).parents[1] / "cases"
EXAMPLES = Path(__file__).parents[2] / "examples"


def shown(node: Any) -> Any:
    """Return a tree as lists and texts."""
    if isinstance(node, Span):
        return node.start, node.end
    if isinstance(node, list | tuple):
        return [shown(one) for one in node]
    if isinstance(node, bytes | str | int | bool) or node is None:
        return node
    names = [name for part in type(node).__mro__ for name in getattr(part, "__slots__", ())]
    return type(node).__name__, {name: shown(getattr(node, name)) for name in sorted(names)}


def in_steps(source: Source) -> tuple[Any, int]:
    steps = parse_in_steps(source)
    count = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value, count
        count += 1


def texts() -> list[bytes]:
    found = [path.read_bytes() for folder in (CASES, EXAMPLES) for path in sorted(folder.rglob("*.ncd"))]
    assert len(found) > 500
    return found


def test_the_tree_of_every_case_is_the_same_however_it_is_read() -> None:
    for text in texts():
        source = Source("x.ncd", text * 3)  # long enough for several steps
        (file, mistakes), _ = in_steps(source)
        at_once, same_mistakes = parse(source)

        assert shown(file) == shown(at_once), text
        assert [(one.message, shown(one.span), one.hint) for one in mistakes] == [
            (one.message, shown(one.span), one.hint) for one in same_mistakes
        ], text


def test_a_step_reads_some_processes_and_no_more() -> None:
    text = b"".join(b'process p%d { var("x") y; }\n' % number for number in range(1000))

    (file, _), count = in_steps(Source("x.ncd", text))

    assert len(file.elements) == 1000
    assert count >= len(text) // (STEP + 40)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        (b"process a { x(); } process b {}", [18, 31]),
        (b"process a {} # }\n", [12, 17]),
        (b'process a { x("}\\"}"); }', [24]),
        (b"process a { x({{}, {}}); }", [26]),
        (b"process a { x();", [16]),
        (b"process a {} } process b {}", [27]),
        (b'process a { x("}', [16]),
        (b"", [0]),
    ],
)
def test_a_boundary_is_where_a_process_ends(text: bytes, ends: list[int]) -> None:
    assert boundaries(text) == ends
