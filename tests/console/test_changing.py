"""The program is changed through the console: with the rights of who runs it, and only by our own page."""

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.console.running import Answer, Console, start_daemon

from netstrata.console.guard import LARGEST

OWN = 'process ready { var({"a"}) list; rprintln("undone"); println("ready"); }'


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Return a console that may change the program, as whoever runs the tests may."""
    folder: Path = tmp_path_factory.mktemp("changing")
    daemon = start_daemon(folder)
    console = Console(folder)
    yield console
    assert "Traceback" not in console.started.said() + daemon.said()
    console.end()
    daemon.end()


def replace(console: Console, text: str, **more: Any) -> Answer:
    return console.ask("/api/replace", json.dumps({"process": "ready", "text": text, **more}).encode())


def test_a_plan_and_what_is_wrong_with_a_text_come_from_the_daemon(console: Console) -> None:
    assert console.ask("/api/text?process=ready").json["text"] == OWN

    planned = replace(console, OWN.replace('"a"', '"b"'), plan=True)
    wrong = replace(console, OWN.replace("; }", ";\n  rprintln(; }"), plan=True)

    assert [(step["what"], step["name"]) for step in planned.json["steps"]] == [
        ("undone", "println"), ("undone", "rprintln"), ("undone", "var"),
        ("begun", "var"), ("begun", "rprintln"), ("begun", "println"),
    ]  # fmt: skip
    assert (wrong.status, wrong.json["error"]) == (422, "Refused")
    [mistake] = wrong.json["parameters"]["mistakes"]
    assert (mistake["line"], mistake["column"]) == (2, 12)
    assert console.ask("/api/program").json["changes"] == []
    assert "refused POST" not in console.started.said()  # a plan in the middle of a word is nothing to tell


def test_a_text_is_applied_only_in_the_place_of_the_one_that_it_was_made_from(console: Console) -> None:
    base = console.ask("/api/text?process=ready").json["base"]
    assert replace(console, OWN.replace('"ready"', '"other"'), base=base).status == 200

    late = replace(console, OWN.replace('"ready"', '"late"'), base=base)

    assert (late.status, late.json["error"]) == (409, "OtherText")
    assert late.json["text"] == "the text of ready is another one by now; read it again, and change that one"
    assert replace(console, OWN).status == 200


def test_a_text_may_be_as_long_as_a_body(console: Console) -> None:
    long = f"{OWN}\n# {'x' * (LARGEST - 1000)}"

    assert replace(console, long, plan=True).json == {"changed": False, "steps": []}
    assert replace(console, f"{long}{'x' * 1000}", plan=True).status == 413


def test_a_change_is_kept_or_gone_back_from_by_its_number(console: Console) -> None:
    assert replace(console, OWN.replace('"ready"', '"new"'), confirm=600).status == 200
    told = console.ask("/api/confirmation").json
    assert 590 < told["awaited"]["left"] <= 600
    assert told["runs"]["number"] == told["awaited"]["version"]

    busy = replace(console, OWN)
    other = console.ask("/api/confirm", b'{"version": 99}')
    back = console.ask("/api/revert", json.dumps({"version": told["awaited"]["previous"]}).encode())

    assert (busy.status, busy.json["error"]) == (409, "Busy")
    assert (other.status, other.json["error"]) == (409, "NothingAwaited")
    assert back.status == 200
    assert "awaited" not in console.ask("/api/confirmation").json


@pytest.mark.parametrize("verb", ["replace", "load", "revert", "confirm"])
def test_another_page_cannot_change_the_program_with_the_cookie_of_a_browser(console: Console, verb: str) -> None:
    cookie = f"netstrata-{console.port}={console.token}"

    answer = console.ask(f"/api/{verb}", b"{}", Authorization="", Cookie=cookie, Origin="http://evil.example")

    assert answer.status == 403
    assert b"not one of ours" in answer.body


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up its rights")
def test_who_may_not_change_the_program_is_refused_by_the_daemon() -> None:
    with tempfile.TemporaryDirectory() as name:
        daemon = start_daemon(Path(name))
        console = Console(Path(name), "--user", "nobody")
        console.started.wait_said("the daemon answers")

        answer = replace(console, OWN.replace('"a"', '"b"'), plan=True)

        assert (answer.status, answer.json["error"]) == (403, "PermissionDenied")
        assert "changing" not in console.started.said()
        console.end()
        daemon.end()
