"""The pyramid as rows, and what of it and of the time line is to be seen."""

from typing import Any

import pytest

from netstrata.cli.watch.choice import Choice
from netstrata.cli.watch.rows import MANY, Pyramid
from netstrata.cli.watch.timeline import KEPT, TimeLine


def floor(statement: int, name: str, layer: int = 0, *processes: str, **values: str) -> dict[str, Any]:
    return {
        "statement": statement, "name": name, "layer": layer, "state": "up", "processes": list(processes),
        "values": values,
    }  # fmt: skip


def process(path: str, *floors: dict[str, Any], state: str = "complete") -> dict[str, Any]:
    return {"process": path, "state": state, "floors": list(floors)}


WIRED = [
    process("wired", floor(1, "net.up", 1), floor(2, "call", 3, "wired.2/addresses"), floor(3, "println")),
    process("wired.2/addresses", floor(1, "net.ipv4.addr", 3), floor(2, "var", 0, value="Office")),
]
WIFI = [process("wifi", floor(1, "net.up", 1), state="waiting")]


@pytest.fixture
def pyramid() -> Pyramid:
    """Return a pyramid of two processes, one of which runs another."""
    pyramid = Pyramid()
    pyramid.put(WIRED + WIFI, None)
    return pyramid


def seen(pyramid: Pyramid, choice: Choice = Choice()) -> list[str]:  # noqa: B008
    """Return the rows in short: `wired` is a process, `wired.1` a floor."""
    return [f"{row.name}.{row.statement}" if row.statement else row.name for row in pyramid.rows(choice)]


def test_what_a_floor_runs_stands_below_it(pyramid: Pyramid) -> None:
    assert seen(pyramid) == [
        "wired", "wired.1", "wired.2", "wired.2/addresses", "wired.2/addresses.1", "wired.2/addresses.2", "wired.3",
        "wifi", "wifi.1",
    ]  # fmt: skip


def test_a_folded_process_hides_its_floors_and_what_they_run(pyramid: Pyramid) -> None:
    pyramid.turn("wired")
    assert seen(pyramid) == ["wired", "wifi", "wifi.1"]

    pyramid.turn_all()
    assert seen(pyramid) == ["wired", "wifi"]


def test_many_processes_begin_folded() -> None:
    pyramid = Pyramid()
    pyramid.put([process(f"p{number}", floor(1, "var")) for number in range(MANY + 1)], None)
    assert len(seen(pyramid)) == MANY + 1

    pyramid.turn("p7")

    assert seen(pyramid)[6:10] == ["p6", "p7", "p7.1", "p8"]


@pytest.mark.parametrize(
    ("choice", "rows"),
    [
        (Choice(layer=3), ["wired", "wired.2", "wired.2/addresses", "wired.2/addresses.1"]),
        (Choice(process="wired.2/addresses"), ["wired.2/addresses", "wired.2/addresses.1", "wired.2/addresses.2"]),
        (Choice(process="wi"), []),
        (Choice(text="office"), ["wired.2/addresses", "wired.2/addresses.2"]),
        (Choice(text="wifi", layer=1), ["wifi", "wifi.1"]),
    ],
)
def test_only_what_is_chosen_is_seen(pyramid: Pyramid, choice: Choice, rows: list[str]) -> None:
    assert seen(pyramid, choice) == rows


def test_an_answer_about_one_process_takes_the_place_of_what_was_known_of_it(pyramid: Pyramid) -> None:
    pyramid.put([process("wired", floor(1, "net.up"), state="waiting")], "wired")

    assert seen(pyramid) == ["wired", "wired.1", "wifi", "wifi.1"]
    assert pyramid.counts() == {"waiting": 2}


def test_a_row_says_state_layer_values_and_lights() -> None:
    pyramid = Pyramid()
    pyramid.put([process("wired", floor(1, "net.up", 1, mtu="1500")) | {"lights": {"1": "up", "3": "down"}}], None)

    texts = ["".join(text for text, _ in row.parts(0.0)) for row in pyramid.rows(Choice())]

    assert texts == ["▾ ● wired complete 1● 3○", "  ●  1 L1 net.up  mtu=1500"]


def event(seq: int, text: str = "", **more: Any) -> dict[str, Any]:
    return {"seq": seq, "time": 0.0, "kind": "note", "process": "wired", "text": text, **more}


def test_a_time_line_shows_what_is_chosen_and_knows_who_has_spoken() -> None:
    line = TimeLine()
    line.add(
        [event(1, "one", layer=1), event(2, "two", kind="child", child="sh", pid=7), event(3, "three", process="w")]
    )

    found = {}
    for name, choice in {"sh": Choice(child="sh"), "w": Choice(process="w"), "1": Choice(layer=1)}.items():
        line.choose(choice)
        found[name] = [event["seq"] for event in line.shown]

    assert found == {"sh": [2], "w": [3], "1": [1]}
    assert line.children == ["sh"]
    line.add([event(4, layer=1), event(5)])
    assert [event["seq"] for event in line.shown] == [1, 4]


def test_a_time_line_forgets_the_oldest_and_says_how_many_lines_went() -> None:
    line = TimeLine()
    assert line.add([event(number) for number in range(KEPT)]) == 0

    gone = line.add([event(KEPT)])

    assert gone > 1
    assert line.shown[0]["seq"] == gone
    assert line.shown[-1]["seq"] == KEPT


def test_a_line_has_no_fractions_of_seconds_where_there_is_little_room() -> None:
    line = TimeLine()
    line.add([event(1, "said")])

    assert ["".join(text for text, _ in line.parts(0, width))[8:] for width in (80, 40)] == [
        ".000 wired said",
        " wired said",
    ]
