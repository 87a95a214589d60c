"""The console goes back to any moment, and shows what stood then."""

import json
import random
from typing import Any

import pytest
from tests.kernel.console.scene import MARKS, SEEN, Scene, replayed

from netstrata.cli.client import Connection

pytestmark = MARKS
RANDOM = """(async () => {{
    const {{ History }} = await import('/history.js');
    const history = new History();
    const {{ events, parts, now, seq }} = {given};
    history.add(events.slice(0, parts[0]));
    history.stand([], 0);
    for (let i = 1; i < parts.length; i++) history.add(events.slice(parts[i - 1], parts[i]));
    if (now) history.stand(now, seq);
    if ({forget}) history.forget({forget});
    const floors = process => process.floors.filter(floor => floor.state !== 'gone');
    const told = process => Object.fromEntries(floors(process).map(floor => [floor.statement, floor.state]));
    const stood = i => Object.fromEntries([...history.after(i)].map(([path, process]) => [path, told(process)]));
    return history.events.map((event, i) => stood(i));
}})()"""
MOVES = {"gone": ["down"], "down": ["up", "dying"], "up": ["down", "dying"], "dying": ["gone"]}


def test_at_each_moment_of_the_past_the_page_shows_what_stood_then(scene: Scene) -> None:
    scene.show("pyramids")
    scene.now()
    events = Connection(scene.path).call("Watch", after=0)["events"]
    assert events[0]["seq"] == 1
    moments = [*random.Random(7).sample(range(len(events)), 25), 0, len(events) - 1]

    for moment in moments:
        scene.browser.run(f"netstrata.look({moment})")
        scene.browser.drawn()
        assert scene.browser.run("netstrata.history.events[netstrata.cursor].seq") == events[moment]["seq"]
        seen = {name: dict(sorted(floors.items())) for name, floors in scene.browser.run(SEEN).items()}
        assert seen == replayed(events[: moment + 1]), events[moment]


def test_keys_step_through_time_and_back_to_now(scene: Scene) -> None:
    scene.show("pyramids")
    scene.now()
    last = scene.browser.run("netstrata.history.events.length")

    for _ in range(3):
        scene.browser.press("ArrowLeft")
    assert scene.browser.wait("document.body.classList.contains('past')")
    assert last - 3 <= scene.browser.run("netstrata.cursor") < scene.browser.run("netstrata.history.events.length")
    scene.browser.press("ArrowRight")
    scene.browser.press("Home")
    assert scene.browser.run("netstrata.cursor") == 0
    scene.browser.press("Escape")
    scene.browser.wait("!document.body.classList.contains('past')")


def random_events(rng: random.Random, count: int) -> list[dict[str, Any]]:
    """Return events that a daemon could tell, of two processes, one of which comes and goes."""
    events: list[dict[str, Any]] = []
    states: dict[str, list[str]] = {}
    while len(events) < count:
        process = rng.choice(["a", "a.1[0]"])
        event: dict[str, Any] = {"seq": len(events) + 1, "time": float(len(events)), "process": process}
        floors = states.get(process)
        if floors is None:
            states[process] = ["gone"] * 4
            event |= {"kind": "process", "what": "created"}
            if process != "a":
                event |= {"parent": "a", "at": 1}
        elif process != "a" and all(state == "gone" for state in floors) and rng.random() < 0.3:
            del states[process]
            event |= {"kind": "process", "what": "gone"}
        else:
            at = rng.randrange(4)
            to = rng.choice(MOVES[floors[at]])
            event |= {"kind": "transition", "statement": at + 1, "name": "x", "from": floors[at], "to": to}
            floors[at] = to
        events.append(event)
    return events


def stood(events: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Return what stands after events, as `replayed`, but a process that is gone is not there."""
    there = dict.fromkeys(event["process"] for event in events if event.get("what") == "created")
    for event in events:
        if event.get("what") == "gone":
            there.pop(event["process"], None)
        elif event.get("what") == "created":
            there[event["process"]] = None
    return {name: floors for name, floors in replayed(events).items() if name in there}


@pytest.mark.parametrize("forget", [0, 777])
def test_the_past_is_right_for_events_in_any_lots_and_when_old_ones_are_forgotten(scene: Scene, forget: int) -> None:
    rng = random.Random(forget)
    events = random_events(rng, 3000)
    parts = sorted({*rng.sample(range(1, 3000), 20), 3000})
    given = json.dumps({"events": events, "parts": parts})

    seen = scene.browser.run(RANDOM.format(given=given, forget=forget))

    assert len(seen) == 3000 - forget
    for index in range(forget, 3000, 97):
        assert seen[index - forget] == stood(events[: index + 1])


def test_after_a_gap_the_past_is_made_from_what_stands_now(scene: Scene) -> None:
    rng = random.Random(1)
    events = random_events(rng, 2000)
    kept = [*events[:500], *events[900:]]
    floors = [{"statement": n, "name": "x", "file": "", "line": 1} for n in range(1, 5)]
    now = [
        {
            "process": name,
            "state": "waiting",
            "floors": [floor | {"state": states.get(str(floor["statement"]), "gone")} for floor in floors],
        }
        for name, states in stood(events).items()
    ]
    given = json.dumps({"events": kept, "parts": [300, 1600], "now": now, "seq": 2000})

    seen = scene.browser.run(RANDOM.format(given=given, forget=0))

    assert len(seen) == 1601  # one tells of the gap
    assert seen[499] == stood(events[:500])
    assert seen[1600] == stood(events)
    a_moment = seen[501 + 700]["a"]
    assert a_moment == stood(events[: 900 + 701])["a"]


SAYING = """(async () => {{
    const {{ History }} = await import('/history.js');
    const history = new History();
    history.add({events});
    history.stand([], 0);
    return history.events.map((event, i) => history.after(i).get('a').floors[0]?.waits ?? '');
}})()"""


def test_what_a_floor_waits_for_is_what_events_say_until_it_moves(scene: Scene) -> None:
    said = [
        ("created", None, ""),
        ("down", None, ""),
        ("child", "scanning", "supplicant: scanning"),
        ("dhcp", "1 DISCOVER unanswered", "1 DISCOVER unanswered"),
        ("child", "scanning", "1 DISCOVER unanswered"),
        ("dhcp", "2 DISCOVERs unanswered", "2 DISCOVERs unanswered"),
        ("up", None, ""),
        ("kernel", "no carrier", ""),
        ("down", None, "no carrier"),
        ("up", None, ""),
        ("down", None, ""),
    ]
    events: list[dict[str, Any]] = []
    before = "gone"
    for number, (what, text, waits) in enumerate(said, 1):
        event: dict[str, Any] = {"seq": number, "time": float(number), "process": "a"}
        if waits:
            event["waits"] = waits
        if text is not None:
            event |= {"kind": what, "statement": 1, "name": "x", "text": text, "child": "supplicant"}
        elif what == "created":
            event |= {"kind": "process", "what": "created"}
        else:
            event |= {"kind": "transition", "statement": 1, "name": "x", "from": before, "to": what}
            before = what
        events.append(event)

    assert scene.browser.run(SAYING.format(events=json.dumps(events))) == [waits for _, _, waits in said]


LATE = """(async () => {{
    const {{ History, isWhole }} = await import('/history.js');
    const history = new History();
    history.add({events});
    const seen = [];
    const see = () => seen.push([history.state.get('a').floors.length, isWhole(history.state.get('a'))]);
    history.stand({old}, {seq});
    see();
    seen.push(history.correctOne({old}[0], {seq}));
    see();
    seen.push(history.correctOne({new}[0], history.last));
    see();
    return seen;
}})()"""


def test_what_was_told_of_an_old_text_after_the_new_one_came_is_asked_again(scene: Scene) -> None:
    """A question and the stream are two connections: an answer may come after events that are later than it is."""
    moves = [(1, "up"), (2, "up"), (3, "up"), (3, "gone"), (2, "gone")]
    events: list[dict[str, Any]] = [{"seq": 1, "time": 1.0, "process": "a", "kind": "process", "what": "created"}]
    for number, to in moves:
        move = {
            "kind": "transition",
            "statement": number,
            "name": "x",
            "from": "gone" if to == "up" else "up",
            "to": to,
        }
        events.append({"seq": len(events) + 1, "time": 1.0, "process": "a", **move})
    floor = {"name": "x", "line": 1, "state": "up"}
    old = [{"process": "a", "state": "complete", "floors": [{**floor, "statement": i} for i in (1, 2, 3)]}]
    seq = len(events)
    events.append({"seq": seq + 1, "time": 2.0, "process": "a", "kind": "process", "what": "changed"})
    events.append({**events[2], "seq": seq + 2})
    new = [{"process": "a", "state": "complete", "floors": [{**floor, "statement": i} for i in (1, 2)]}]

    given = {"events": json.dumps(events), "old": json.dumps(old), "new": json.dumps(new), "seq": seq}

    assert scene.browser.run(LATE.format(**given)) == [[2, False], False, [2, False], True, [2, True]]
