"""The one time line: what children say, and how it is chosen from."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.programs import netstrata
from tests.daemon.daemons import Started

from netstrata.control.errors import Refusal
from netstrata.testing.child import wait_until

PROGRAM = """
process once { run({"/bin/sh", "-c", "echo from run"}, {}); println("ready"); }
process kept { daemon({"/bin/sh", "-c", "echo from daemon >&2; exec sleep 1000"}); }
process piped { sys.start_process({"/bin/sh", "-c", "echo from pipes >&2; exec sleep 1000"}, "rw") it; it->wait(); }
process broken { runonce({"/bin/sh", "-c", "echo from runonce; exit 3"}); sleep("soon"); }
"""
SAID = {"once": "run", "kept": "daemon", "piped": "pipes", "broken": "runonce"}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Started]:
    """Return a daemon whose children have all said what they say, and of which one process has failed."""
    with Started(tmp_path, PROGRAM) as daemon:
        seen: list[str] = []
        for answer in daemon.connect().stream("Watch", after=0, kind="child,error"):
            seen += [event["kind"] for event in answer["events"]]
            if seen.count("child") >= len(SAID) and "error" in seen:
                break
        yield daemon


def events(daemon: Started, **wanted: Any) -> list[dict[str, Any]]:
    """Return events in memory."""
    found: list[dict[str, Any]] = daemon.connect().call("Watch", after=0, **wanted)["events"]
    return found


def test_each_line_of_a_child_is_an_event_with_its_statement_program_and_id(daemon: Started) -> None:
    found = {event["process"]: event for event in events(daemon, kind="child")}

    assert {name: event["text"] for name, event in found.items()} == {n: f"from {said}" for n, said in SAID.items()}
    assert {event["child"] for event in found.values()} == {"sh"}
    assert len({event["pid"] for event in found.values()}) == len(SAID)
    kept = found["kept"]
    assert (kept["statement"], kept["name"], kept["line"]) == (1, "daemon", 3)
    said = Path(f"/proc/{kept['pid']}/cmdline")  # the shell speaks before it becomes something else
    wait_until("sleep", lambda: said.read_bytes() == b"sleep\x001000\x00")


def test_events_are_chosen_by_child_kind_statement_and_process_together(daemon: Started) -> None:
    def texts(**wanted: Any) -> list[str]:
        return [event["text"] for event in events(daemon, **wanted)]

    assert sorted(texts(child="sh")) == sorted(f"from {said}" for said in SAID.values())
    assert texts(child="sh", process="kept") == ["from daemon"]
    assert texts(child="sh", statement="runonce") == ["from runonce"]
    assert texts(child="openvpn") == []
    assert {event["kind"] for event in events(daemon, kind="note,error", process="broken")} == {"note", "error"}
    assert {event["statement"] for event in events(daemon, statement="2")} == {2}


def test_a_watcher_of_one_child_is_told_of_nothing_else(daemon: Started) -> None:
    watched = daemon.connect().stream("Watch", after=0, process="kept", kind="transition")

    told = next(watched)["events"]

    assert [(event["from"], event["to"]) for event in told] == [("gone", "down"), ("down", "up")]


def test_a_filter_that_is_no_text_is_refused(daemon: Started) -> None:
    with pytest.raises(Refusal) as caught:
        daemon.connect().call("Watch", child=5)
    assert (caught.value.name, caught.value.parameters) == ("InvalidParameter", {"parameter": "child"})


def test_log_shows_who_said_what_and_when_a_failure_is_tried_again(daemon: Started) -> None:
    code, said, _ = netstrata("log", "--control", daemon.path, "--child", "sh", "--process", "once")
    _, failed, _ = netstrata("log", "--control", daemon.path, "--kind", "error")

    assert code == 0
    assert said.split(" ", 1)[1].startswith("once.1 run sh[")
    assert said.endswith("]: from run\n")
    assert "broken.2 sleep expected a time" in failed
    assert "; next try at " in failed


def test_log_as_json_is_one_object_a_line(daemon: Started) -> None:
    _, out, _ = netstrata("log", "--control", daemon.path, "--json=lines", "--kind", "child")

    assert sorted(json.loads(line)["text"] for line in out.splitlines()) == sorted(f"from {s}" for s in SAID.values())


def test_an_unknown_kind_is_bad_usage_and_the_kinds_are_told(tmp_path: Path) -> None:
    code, _, problem = netstrata("log", "--kind", "noise")

    assert code == 2
    assert "there is no kind 'noise'; there are transition, values, process" in problem
