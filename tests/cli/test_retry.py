"""`netstrata retry`: what could not begin is tried now, and not when its wait is over."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netstrata.cli.client import Connection
from tests.cli.programs import netstrata
from tests.daemon.daemons import Started

# Of a command that fails nobody says what would end that, so that nobody but who asks wakes it.
PROGRAM = """process one { run({"/usr/bin/test", "-e", "FOLDER/one"}, {}); blocker() stays; }
process other { run({"/usr/bin/test", "-e", "FOLDER/other"}, {}); blocker() stays; }
process fine { blocker() stays; }
"""
LONG_MS = "600000"  # of waiting: who does not ask waits for longer than the test


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Started]:
    """Run a program of which two processes wait for files, each to try again much later."""
    with Started(tmp_path, PROGRAM.replace("FOLDER", str(tmp_path)), "--retry-time", LONG_MS) as daemon:
        waited = {"one", "other"}
        for event in events(daemon):
            waited -= {event["process"]} if event.get("what") == "retrying" else set()
            if not waited:
                break
        yield daemon


def events(daemon: Started) -> Iterator[dict[str, Any]]:
    """Yield what has happened, and what happens."""
    for answer in daemon.connect().stream("Watch", after=0):
        yield from answer["events"]


def wait_complete(daemon: Started, process: str) -> None:
    """Return when a process is complete."""
    assert any(event["process"] == process and event.get("what") == "complete" for event in events(daemon))


def test_what_was_mended_comes_up_at_once_and_nothing_else_is_touched(daemon: Started, tmp_path: Path) -> None:
    (tmp_path / "one").write_text("x")
    (tmp_path / "other").write_text("x")
    before = Connection(daemon.path).call("Watch")["events"][-1]["seq"]

    assert netstrata("retry", "one", "--control", daemon.path) == (0, "one\n", "")

    wait_complete(daemon, "one")
    moved = {event["process"] for event in events_until_now(daemon) if event["seq"] > before}
    assert moved == {"", "one"}  # "": that somebody has asked


def events_until_now(daemon: Started) -> list[dict[str, Any]]:
    """Return what has happened."""
    found: list[dict[str, Any]] = daemon.connect().call("Watch", after=0)["events"]
    return found


def test_without_a_name_all_that_wait_are_tried_and_wait_again_if_that_was_no_use(
    daemon: Started, tmp_path: Path
) -> None:
    (tmp_path / "other").write_text("x")

    code, out, _ = netstrata("retry", "--json", "--control", daemon.path)

    assert code == 0
    assert sorted(json.loads(out)["processes"]) == ["one", "other"]
    wait_complete(daemon, "other")
    assert netstrata("retry", "--control", daemon.path) == (0, "one\n", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fine",), (0, "no processes\n", "")),
        (("fin",), (10, "", "error: there is no process fin\nhelp: did you mean fine?\n")),
    ],
)
def test_who_does_not_wait_is_left_alone(daemon: Started, words: tuple[str, ...], said: tuple[int, str, str]) -> None:
    assert netstrata("retry", *words, "--control", daemon.path) == said
    assert not any(event["process"] == "fine" and event["kind"] == "error" for event in events_until_now(daemon))
