"""The page's rules, in JavaScript, make of any events what the daemon's make of them."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.daemon.standing import Played
from tests.daemon.test_one_view import PROGRAMS

from netstrata.control.answers import finish
from netstrata.daemon.events.recording import read_event
from netstrata.daemon.pyramid.projection import Projection

RULES = files("netstrata.console.page") / "reduce.js"
Event = dict[str, Any]


class Page:
    """The page's rules, run by node."""

    def __init__(self) -> None:
        words = [str(Path(sys.executable).with_name("node")), str(Path(__file__).with_name("rules.mjs")), str(RULES)]
        self._node = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def stood(self, events: list[Event]) -> list[Any]:
        """Return what stands after each event."""
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.write(json.dumps(events).encode() + b"\n")
        self._node.stdin.flush()
        found: list[Any] = json.loads(self._node.stdout.readline())
        return found

    def close(self) -> None:
        """Have it end."""
        self._node.communicate(timeout=60)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """The page's rules."""
    page = Page()
    yield page
    page.close()


def stood(events: list[Event]) -> list[Any]:
    """Return what stands after each event, by the daemon's rules."""
    projection = Projection()
    found = []
    for event in events:
        projection.take(read_event(event))
        found.append(sorted(_shown(projection)))
    return found


def _shown(projection: Projection) -> Iterator[list[Any]]:
    for process in finish(projection.everything()):
        floors = [
            [
                *(floor.number, floor.state, floor.since, [[*pair] for pair in sorted((floor.values or {}).items())]),
                *(floor.waits, floor.trouble, [child.path for child in process.children(floor.number)]),
                floor.failure.text if floor.failure is not None else "",
            ]
            for _, floor in process.floors()
            if floor.state != "gone" or floor.failure is not None
        ]
        yield [process.path, process.state, process.parent.path if process.parent is not None else "", floors]


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_a_daemon_tells_stands_alike(program: str, page: Page) -> None:
    rng = random.Random(program)
    played = Played(PROGRAMS[program])
    for _ in range(20):
        if rng.random() < 0.5:
            played.play.pass_time(rng.choice([1, 5, 10, 6000]))
        process = rng.choice([one for path in played.stream.paths() if (one := played.stream.process_at(path))])
        process.restart(rng.randrange(len(process.code.slots)))
        played.play.work_off()
        played.stream.settle()
    events = [json.loads(json.dumps(event.as_dict())) for event in played.stream.after(0, 2000)]

    assert page.stood(events) == stood(events)


PATHS = ["a", "a.1/t", "a.1/t.1"]
PARENTS = {"a.1/t": ("a", 1), "a.1/t.1": ("a.1/t", 1)}
STATES = ["gone", "down", "up", "dying"]
WORDS = st.sampled_from(["", "x", "no carrier", "é\n"])


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Return events in any order, also such as no daemon would tell."""
    found: list[Event] = []
    for seq in range(1, draw(st.integers(1, 30)) + 1):
        path = draw(st.sampled_from(PATHS))
        event: Event = {"seq": seq, "time": float(seq), "monotonic": float(seq), "process": path}
        kind = draw(
            st.sampled_from(
                ["process", "transition", "transition", "values", "waits", "error", "note", "gap", "program"]
            )
        )
        event["kind"] = kind
        if kind == "process":
            what = ["created", "created", "complete", "paused", "resumed", "retrying", "changed", "terminating"]
            what += ["gone", "removed", "odd"]
            event["what"] = draw(st.sampled_from(what))
            if event["what"] == "created" and path in PARENTS:
                event["parent"], event["at"] = PARENTS[path]
        elif kind in ("gap", "program"):
            event |= {"process": "", "text": "missing" if kind == "gap" else "begins"}
        else:
            statement = draw(st.integers(1, 2))
            event |= {"statement": statement, "name": "var", "file": "f", "line": 1, "column": 1, "layer": 0}
            event |= {"from": "gone", "to": draw(st.sampled_from(STATES))} if kind == "transition" else {}
            event["text"] = "cannot go on" if kind == "error" else draw(WORDS)
            for name in ("waits", "trouble"):
                if draw(st.booleans()):
                    event[name] = draw(WORDS)
            if kind == "values" or draw(st.booleans()):
                event["values"] = draw(st.dictionaries(st.sampled_from(["value", "addr"]), WORDS))
        found.append(event)
    return found


@settings(max_examples=500)
@given(told=events())
def test_whatever_is_told_stands_alike(told: list[Event], page: Page) -> None:
    assert page.stood(told) == stood(told)
