"""Recordings, and what is seen of them later."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.cli.programs import netstrata
from tests.daemon.daemons import Started

from netstrata.cli.client import Connection
from netstrata.control.errors import NoDaemon, Refusal
from netstrata.testing.child import wait_until

PROGRAM = """
process user { depend("LAN") lan; println("up"); }
process lan { var("eth0") link; blocker() gate; call("work", {"x"}); gate->use(); provide("LAN"); }
template work { run({"/bin/sh", "-c", "echo working"}, {}); var(_arg0) x; }
process bad { sleep("soon"); }
process deep { net.backend.waitdevice("lo"); call("link", {"no-such-link0"}); net.ipv4.addr("lo", "192.0.2.1/32"); }
process keeps { daemon({"/bin/false"}, ["retry_time": "600000"]); blocker() door; door->use(); }
template link { net.backend.waitdevice("lo"); net.backend.waitdevice(_arg0); }
"""


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Return the recording of a daemon that was ended."""
    return record(tmp_path)[0]


def record(folder: Path) -> tuple[Path, dict[str, Any], dict[str, list[dict[str, Any]]], int]:
    """Record a daemon; return also its last status and causes before the end, and the number of the last event then."""
    file = folder / "recording"
    with Started(folder, PROGRAM, "--record", str(file)) as daemon:
        due = {
            "nothing provides",
            "gate (",
            "door (",
            "/bin/false exited",
            "there is no link named no-such-link0",
        }  # all is settled when all is said
        for answer in daemon.connect().stream("Watch", after=0, kind="waits,kernel,retry"):
            due -= {one for one in due for event in answer["events"] if event["text"].startswith(one)}
            if not due:
                break
        connection = daemon.connect()
        stood = connection.call("Status", below=True)
        why = {name: connection.call("Why", process=name)["causes"] for name in ("user", "lan", "LAN", "bad", "keeps")}
        why["graph"] = connection.call("Graph")["edges"]
        last = connection.call("Watch", after=0)["events"][-1]["seq"]
    return file, stood, why, last


@contextmanager
def served(file: Path, *options: str) -> Iterator[Connection]:
    """Show a recording on a control socket."""
    path = file.with_name("shown")
    words = [sys.executable, "-m", "netstrata", "replay", str(file), "--control", str(path), *options]
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)

    def answers() -> bool:
        try:
            Connection(str(path))
        except NoDaemon:
            assert child.poll() is None
            return False
        return True

    try:
        wait_until("an answer", answers)
        yield Connection(str(path))
    finally:
        child.send_signal(signal.SIGTERM)
        assert child.wait(60) == 0
    assert not path.exists()


def lines(file: Path, *options: str) -> list[dict[str, Any]]:
    """Return the events that a replay prints."""
    code, out, problem = netstrata("replay", str(file), "--speed", "max", "--json=lines", *options)
    assert code == 0, problem
    return [json.loads(line) for line in out.splitlines()]


def test_a_replay_prints_what_was_recorded_in_order_and_without_a_gap(recorded: Path) -> None:
    kept = [json.loads(line) for line in recorded.read_text().splitlines()]
    for event in kept:
        event.pop("codes", None)

    assert lines(recorded) == kept
    assert [event["seq"] for event in kept] == list(range(1, len(kept) + 1))


def test_what_stood_at_a_moment_is_what_the_daemon_said_then(tmp_path: Path) -> None:
    file, stood, _, last = record(tmp_path)

    with served(file, "--at", str(last + 1), "--speed", "0") as shown:
        rebuilt = shown.call("Status", below=True)

    def seen(status: dict[str, Any]) -> list[Any]:
        return sorted(
            (
                p["process"],
                p["state"],
                p.get("lights"),
                p.get("lights_since"),
                [
                    [f.get(k) for k in ("name", "label", "line", "state", "since", "values", "processes", "layer")]
                    for f in p["floors"]
                ],
            )
            for p in status["processes"]
        )

    def plain(floors: list[Any]) -> str:
        return json.dumps(floors).replace("{}", "null").replace("0.0", "null")

    assert [(*one[:-1], plain(one[-1])) for one in seen(rebuilt)] == [
        (*one[:-1], plain(one[-1])) for one in seen(stood)
    ]
    assert next(p["lights"] for p in rebuilt["processes"] if p["process"] == "deep") == {"1": "coming", "3": "down"}


def test_why_names_the_same_statement_and_words_as_the_daemon_did(tmp_path: Path) -> None:
    file, _, why, last = record(tmp_path)

    with served(file, "--at", str(last + 1), "--speed", "0") as shown:
        lan = shown.call("Why", process="lan")["causes"]
        bad = shown.call("Why", process="bad")["causes"]
        keeps = shown.call("Why", process="keeps")["causes"]

    assert [(c["statement"], c["name"], c["text"]) for c in lan] == [
        (c["statement"], c["name"], c["text"]) for c in why["lan"]
    ]
    assert [(c["statement"], c["text"].partition(" in ")[0], c["root"]) for c in keeps] == [
        (c["statement"], c["text"].partition(" in ")[0], c["root"]) for c in why["keeps"]
    ]
    assert [c["statement"] for c in keeps] == [3, 1]
    assert bad[0]["text"].startswith("expected a time")
    assert "; next try in " in bad[0]["text"]


def test_a_recording_follows_names_and_knows_who_needs_what_as_the_daemon_did(tmp_path: Path) -> None:
    file, _, why, last = record(tmp_path)

    with served(file, "--at", str(last + 1), "--speed", "0") as shown:
        user = shown.call("Why", process="user")["causes"]
        name = shown.call("Why", process="LAN")["causes"]
        edges = shown.call("Graph")["edges"]
        code, out, problem = netstrata("goals", "--control", shown.path)

    assert (user, name) == (why["user"], why["LAN"])
    assert [cause["process"] for cause in user] == ["user", "lan"]
    assert sorted(edges, key=str) == sorted(why["graph"], key=str)
    assert edges
    assert (code, problem) == (0, ""), out


def test_it_goes_on_at_its_pace_and_a_watcher_sees_it(tmp_path: Path) -> None:
    file, _, _, last = record(tmp_path)
    began = time.monotonic()

    with served(file, "--speed", "0.5") as shown:
        seen: list[dict[str, Any]] = []
        for answer in shown.stream("Watch", after=0):
            seen += answer["events"]
            if seen[-1]["seq"] >= last:
                break
    took = time.monotonic() - began

    assert [event["seq"] for event in seen[:last]] == list(range(1, last + 1))
    assert took >= 2 * (seen[last - 1]["monotonic"] - seen[0]["monotonic"]) - 0.1


def test_a_moment_is_an_event_a_time_or_seconds_from_the_start(recorded: Path) -> None:
    first = lines(recorded)[0]
    clock = time.strftime("%H:%M:%S", time.localtime(first["time"]))

    assert lines(recorded, "--at", "5")[0]["seq"] == 5
    assert lines(recorded, "--at", clock)[0]["seq"] == 1
    assert lines(recorded, "--at", "+0")[0]["seq"] == 1
    assert lines(recorded, "--at", "end") == []
    code, _, problem = netstrata("replay", str(recorded), "--at", "noon")
    assert (code, problem.partition("\n")[0]) == (2, "error: 'noon' is no moment of a recording")


def test_filters_choose_as_those_of_log_do(recorded: Path) -> None:
    assert [event["text"] for event in lines(recorded, "--child", "sh")] == ["working"]
    assert {event["process"] for event in lines(recorded, "--process", "lan", "--kind", "process")} == {
        "lan",
        "lan.3/work",
    }


def test_steering_a_recording_is_refused_in_words(recorded: Path) -> None:
    with served(recorded) as shown:
        with pytest.raises(Refusal) as caught:
            shown.call("Restart", process="lan")
        code, _, problem = netstrata("restart", "lan", "--control", shown.path)

    assert (caught.value.name, caught.value.parameters) == ("NotRecorded", {"verb": "Restart"})
    assert (code, problem.partition("\n")[0]) == (1, "error: a recording is shown there, and restart is for a daemon")


def test_a_torn_last_line_is_told_and_the_rest_is_shown(recorded: Path) -> None:
    whole = recorded.read_bytes()
    recorded.write_bytes(whole[:-20])

    code, out, problem = netstrata("replay", str(recorded), "--speed", "max", "--json")

    assert code == 0
    assert len(out.splitlines()) == len(whole.splitlines()) - 1
    assert problem.endswith("is cut off, and is left out\n")


def test_events_that_are_missing_show_as_a_gap(recorded: Path) -> None:
    kept = recorded.read_bytes().splitlines(keepends=True)
    recorded.write_bytes(b"".join(kept[:3] + kept[6:]))

    shown = lines(recorded)

    assert [(e["seq"], e["kind"]) for e in shown[2:5]] == [(3, shown[2]["kind"]), (6, "gap"), (7, shown[4]["kind"])]
    assert shown[3]["text"] == "events 4 to 6 are not in the recording"


def test_a_kind_of_a_later_version_is_told_once_and_shown(recorded: Path) -> None:
    last = len(recorded.read_text().splitlines())
    with recorded.open("a") as file:
        for number in (1, 2):
            event = {
                "seq": last + number,
                "time": 1.0,
                "monotonic": 1e9,
                "kind": "weather",
                "process": "",
                "sky": "blue",
            }
            file.write(json.dumps(event) + "\n")

    code, out, problem = netstrata("replay", str(recorded), "--speed", "max")

    assert code == 0
    assert problem.count("events of kind weather are unknown here") == 1
    assert out.count('{"sky": "blue"}') == 2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"#!/bin/sh\necho hello\n", "is no recording: its first line is no event"),
        (b"", "is empty"),
        (b"\x7fELF" + bytes(1000), "is no recording"),
    ],
)
def test_a_foreign_file_is_refused(content: bytes, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "foreign"
    file.write_bytes(content)

    code, _, said = netstrata("replay", str(file))

    assert code == 1
    assert problem in said
    assert "help: " in said


def test_events_that_make_no_sense_are_left_out_and_told(recorded: Path) -> None:
    last = len(recorded.read_text().splitlines())
    with recorded.open("a") as file:
        file.write(json.dumps({"seq": last + 1, "time": 1.0, "monotonic": 1.0, "kind": "transition", "process": "x"}))
        file.write("\n")

    _, out, problem = netstrata("replay", str(recorded), "--speed", "max", "--json")

    assert len(out.splitlines()) == last
    assert "has no from, or one that makes no sense, and is left out" in problem


def test_each_run_of_a_file_can_be_shown(tmp_path: Path) -> None:
    file = record(tmp_path)[0]
    first = len(file.read_text().splitlines())
    record(tmp_path)

    assert len(lines(file, "--run", "1")) == first
    assert lines(file)[0]["time"] > lines(file, "--run", "1")[-1]["time"]
    code, _, problem = netstrata("replay", str(file), "--run", "3")
    assert (code, problem.partition("\n")[2]) == (10, "help: it has 2, counted from 1\n")
