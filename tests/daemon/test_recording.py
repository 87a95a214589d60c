"""Lines that are no events, or strange ones."""

import json
import math
import time
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from netstrata.control.answers import finish, whole
from netstrata.control.interface import KINDS
from netstrata.daemon.events.recording import read_event
from netstrata.daemon.pyramid.floors import pyramids
from netstrata.daemon.pyramid.goals import find_goals
from netstrata.daemon.pyramid.graph import Graph
from netstrata.daemon.pyramid.projection import Projection
from netstrata.daemon.pyramid.why import Why

BASE: dict[str, Any] = {"seq": 1, "time": 1.0, "monotonic": 1.0, "kind": "transition", "process": "a"}
PLACE: dict[str, Any] = {"statement": 1, "name": "var", "file": "a.ncd", "line": 1, "column": 1, "layer": 0}
MORE = ["template", "retry_ms", "parent", "at", "waits", "behind", "trouble", "names", "provider", "known", "goal"]
NAMES = [*BASE, *PLACE, "from", "to", "what", "text", "values", "codes", "child", "pid", *MORE]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["up", "created", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "a", "statements"]), inner),
    max_leaves=8,
)


EVENTS = st.fixed_dictionaries(
    {
        **{name: st.just(value) for name, value in BASE.items()},
        "kind": st.sampled_from([*KINDS, "weather"]),
        "process": st.sampled_from(["a", "a.1", "a.1/t", "", "a.x"]),
        "text": st.text(max_size=3),
        "from": st.just("gone"),
        "to": st.sampled_from(["gone", "down", "up", "dying", "odd"]),
        "what": st.sampled_from(["created", "complete", "gone", "terminating", "odd"]),
        "child": st.just("sh"),
        "pid": st.just(1),
    },
    optional={name: st.just(value) for name, value in PLACE.items()},
)
ODD = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=2)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.builds(lambda event, odd: event | odd, EVENTS, ODD), max_size=5))
@example([BASE | PLACE | {"statement": 10**9, "from": "gone", "to": "up"}])
@example([BASE | PLACE | {"kind": "error", "text": "x", "retry_ms": "soon"}])
@example([BASE | PLACE | {"from": "gone", "to": "gone", "known": {"seq": None}}])
@example([BASE | PLACE | {"from": "gone", "to": "gone", "known": None}])
@example([BASE | PLACE | {"from": "gone", "to": "up", "names": [{}]}])
@example([BASE | {"monotonic": math.nan, "from": "gone", "to": "up"}])
def test_whatever_a_file_holds_is_an_event_or_is_refused_in_words(lines: list[dict[str, Any]]) -> None:
    rebuilt = Projection()
    refused: list[str] = []
    for line in lines:
        try:
            event = read_event(json.loads(json.dumps(line)))
        except ValueError as problem:
            refused.append(str(problem))
            continue
        rebuilt.take(event)
        time.localtime(event.wall)
    assert all(refused)
    status = whole(pyramids(rebuilt, [*rebuilt.roots.values()], below=True))
    assert all(process["state"] for process in status)
    json.dumps(status)
    for process in finish(rebuilt.everything()):
        why = Why(rebuilt, rebuilt.monotonic)
        finish(why.ask(process))
        assert why.causes
    graph = Graph(rebuilt)
    finish(graph.look())
    json.dumps(whole({"nodes": graph.nodes(), "edges": graph.edges()}))
    json.dumps([goal.as_dict() for goal in finish(find_goals(rebuilt)).values()])
