"""Each verb has its path: those that change nothing are read, all others are posted, and refused by who only looks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.console.running import Console, start_daemon

from netstrata.control.verbs import verbs

SAFE = [verb for verb in verbs().values() if verb.safe]
ACTING = [verb for verb in verbs().values() if not verb.safe]


def path_of(verb: Any) -> str:
    """Return where a verb is asked for, with an example of each parameter that it must have."""
    needed = [f"{name}=user" for name, wanted in verb.parameters.items() if not wanted.optional]
    return f"/api/{verb.function}?{'&'.join(needed)}"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """Return a console that only looks."""
    folder: Path = tmp_path_factory.mktemp("verbs")
    daemon = start_daemon(folder)
    console = Console(folder, "--read-only", "--user", "root")
    yield console
    assert "Traceback" not in console.started.said()
    console.end()
    daemon.end()


@pytest.mark.parametrize("verb", SAFE, ids=lambda verb: verb.name)
def test_what_changes_nothing_is_read_with_the_parameters_of_the_verb(console: Console, verb: Any) -> None:
    answer = console.ask(path_of(verb))

    assert answer.status == (404 if verb.name == "Show" else 200)
    assert {name for name, wanted in verb.answer.items() if not wanted.optional} <= set(answer.json)
    assert console.ask(path_of(verb), b"{}").status == 405


@pytest.mark.parametrize("verb", ACTING, ids=lambda verb: verb.name)
def test_what_acts_is_posted_and_refused_by_who_only_looks(console: Console, verb: Any) -> None:
    answer = console.ask(f"/api/{verb.function}", b"{}")

    assert (answer.status, answer.json["error"]) == (403, "ReadOnly")
    assert console.ask(path_of(verb)).status == 405


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/api/watch?after=2", 200, ""),
        ("/api/watch?after=-2", 400, "the daemon does not take what was given: after; it may be of another version"),
        ("/api/watch?after=x", 400, "the daemon does not take what was given: after; it may be of another version"),
        ("/api/watch?after=" + "[" * 5000, 400, "the daemon does not take what was given: after; it may be of"),
        ("/api/show", 400, "the daemon does not take what was given: name; it may be of another version"),
        ("/api/show?name=1", 404, "there is no generated file 1; the program's statements generate none now"),
        ("/api/why?process=usr", 404, "there is no process, template, goal, name or link usr; did you mean user?"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_parameter_in_the_address_is_of_the_type_that_the_verb_takes(
    console: Console, path: str, status: int, text: str
) -> None:
    answer = console.ask(path)

    assert (answer.status, answer.json.get("text", "")[: len(text)]) == (status, text)
    if path == "/api/watch?after=2":
        assert answer.json["events"][0]["seq"] == 3
