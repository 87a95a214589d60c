"""Programs whose values or processes double for ever: they are refused, and stay within bounds."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.clock import Clock

from netstrata.language.valuetext import beginning_of, format_value
from netstrata.values import DEPTH_LIMIT, MOST_WEIGHT, List, Map, Value, depth, excess

MOST_KB = 900_000
DOUBLING = {
    "string": 'var("x") v; backtrack_point() p; concat(v, v) w; v->set(w);',
    "shown string": 'var("x") v; backtrack_point() p; log("info", v); concat(v, v) w; v->set(w);',
    "function": 'var("x") v; backtrack_point() p; v->set(@concat(v, v));',
    "nested list": 'var({"a"}) v; backtrack_point() p; v->set({v, v});',
    "nested map": 'var({"a"}) v; backtrack_point() p; v->set(["a": v, "b": v]);',
    "flat list": 'list("a") v; backtrack_point() p; v->appendv(v);',
    "tree": 'value({"a"}) v; backtrack_point() p; v->append(v);',
    "tree of strings": 'value("a") v; backtrack_point() p; v->append(v);',
    "implode": 'var("a") v; backtrack_point() p; implode(v, {v, v, v}) w; v->set(w);',
    "text": 'var("a") v; backtrack_point() p; to_string({v, v}) w; v->set(w);',
}


def written(folder: Path, text: str, end: str) -> Path:
    program = folder / "program.ncd"
    program.write_text(f'process main {{ rprintln("undone"); {text} {end} }}')
    return program


@pytest.mark.parametrize("words", [["run", "--control", "none"], ["ncd", "--loglevel", "error"]], ids=["run", "ncd"])
@pytest.mark.parametrize("what", sorted(DOUBLING))
def test_a_value_that_doubles_for_ever_is_refused_and_the_daemon_ends_when_told(
    tmp_path: Path, what: str, words: list[str]
) -> None:
    program = written(tmp_path, DOUBLING[what], "p->go();")
    python = os.environ.get("NETSTRATA_PYTHON", sys.executable)
    with subprocess.Popen(
        [python, "-m", "netstrata", *words, str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stderr is not None
        said = b""
        end = time.monotonic() + 60
        while b"too large" not in said:
            assert time.monotonic() < end
            if select.select([child.stderr], [], [], 1)[0]:
                said += os.read(child.stderr.fileno(), 1 << 20)
        clock = Clock()
        child.send_signal(signal.SIGTERM)
        while select.select([child.stderr], [], [], 60)[0]:
            piece = os.read(child.stderr.fileno(), 1 << 20)
            said += piece
            if not piece:
                break
        seconds = clock.seconds
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.stdout is not None
        printed = child.stdout.read()

    assert child.returncode == (0 if words[0] == "run" else 1)
    assert printed == b"undone\n"
    assert seconds < 10
    assert usage.ru_maxrss < MOST_KB
    assert len(said) < 200_000


def nested(levels: int) -> Value:
    value: Value = b"a"
    for _ in range(levels):
        value = List([value, value])
    return value


def test_what_shares_itself_weighs_as_if_it_did_not() -> None:
    assert depth(nested(19)) == 19
    assert depth(nested(22)) > DEPTH_LIMIT
    assert excess(nested(22)) == f"the value is too large: more than {MOST_WEIGHT >> 20} MiB with all that is in it"


@pytest.mark.parametrize("value", [nested(4), Map({b"k": nested(3), b"l": b"x" * 50}), List([]), Map({}), b"abc"])
def test_the_beginning_of_a_text_is_the_beginning_of_the_whole_text(value: Value) -> None:
    text = value if isinstance(value, bytes) else format_value(value)

    for size in range(len(text) + 2):
        assert beginning_of(value, size) == text[:size]
