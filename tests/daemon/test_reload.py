"""`reload` over the control socket: a daemon that reads its program again."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.daemons import Started

from netstrata.cli.client import Connection
from netstrata.control.answers import whole
from netstrata.control.errors import NoDaemon, Refusal
from netstrata.daemon.events.recording import Recording
from netstrata.daemon.pyramid.replay import Replay
from netstrata.testing.child import wait_until

OLD = """
process one { println("+1"); rprintln("-1"); println("+2"); rprintln("-2"); }
process two { depend("ONE"); println("+3"); rprintln("-3"); }
process three { provide("ONE"); println("+4"); rprintln("-4"); call("inner", {}); }
template inner { println("+5"); rprintln("-5"); }
"""


def names(steps: list[dict[str, Any]]) -> list[str]:
    return [f"{step['what']} {step['process']}.{step['statement']}" for step in steps]


def printed(daemon: Started) -> list[str]:
    return [line for line in daemon.log.read_text().splitlines() if line[:1] in "+-"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program.ncd").write_text(OLD)
    return tmp_path


def rewrite(folder: Path, text: str) -> None:
    (folder / "program.ncd").write_text(text)


def test_what_differs_is_undone_and_begun_and_nothing_else_is_touched(folder: Path) -> None:
    with Started(folder, OLD, "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 5)
        rewrite(folder, "# moved\n\n" + OLD.replace('("+2")', '("+22")').replace('("-2")', '("-22")'))

        answer = daemon.connect().call("Reload")

        assert names(answer["steps"]) == [
            *("undone one.4", "undone one.3", "begun one.3", "begun one.4"),
        ]
        assert [step["line"] for step in answer["steps"]] == [2, 2, 4, 4]
        assert printed(daemon)[5:] == ["-2", "+22"]
        assert [floor["line"] for floor in floors(daemon, "two")] == [5, 5, 5]


def floors(daemon: Started, process: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = daemon.connect().call("Status", process=process)["processes"][0]["floors"]
    return found


def test_who_depends_on_what_is_undone_goes_first_and_comes_back(folder: Path) -> None:
    with Started(folder, OLD, "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 5)
        rewrite(folder, OLD.replace('provide("ONE")', 'var("x"); provide("ONE")'))

        daemon.connect().call("Reload")

        assert printed(daemon)[5:] == ["-5", "-4", "-3", "+3", "+4", "+5"]


def test_a_change_deep_in_a_template_restarts_from_there(folder: Path) -> None:
    with Started(folder, OLD, "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 5)
        rewrite(folder, OLD.replace("+5", "+55"))

        answer = daemon.connect().call("Reload")

        assert names(answer["steps"]) == [
            *("undone three.4/inner.2", "undone three.4/inner.1", "begun three.4/inner.1", "begun three.4/inner.2"),
        ]


def test_what_the_program_has_no_more_is_not_told_of_any_more(folder: Path) -> None:
    with Started(folder, OLD, "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 5)
        daemon.connect().call("Status")
        rewrite(folder, OLD.replace("process one", "process four"))

        daemon.connect().call("Reload")

        status = daemon.connect().call("Status")["processes"]
        assert sorted(one["process"] for one in status) == ["four", "three", "two"]
        assert {one["state"] for one in status} == {"complete"}
        with pytest.raises(Refusal, match="NoSuchProcess"):
            daemon.connect().call("Restart", process="one")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("process one {", "expected a statement"),
        (OLD + "process one { x(); }", "there is another process"),
        ('include "missing.ncd"', "cannot read"),
        (None, "cannot read"),
    ],
)
def test_a_program_that_is_refused_changes_nothing_and_says_where(folder: Path, text: str | None, wanted: str) -> None:
    with Started(folder, OLD, "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 5)
        if text is None:
            (folder / "program.ncd").unlink()
        else:
            rewrite(folder, text)

        words = [sys.executable, "-m", "netstrata", "reload", "--control", daemon.path]
        ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)

        assert ran.returncode == 1
        assert wanted in ran.stderr
        assert "program.ncd" in ran.stderr
        assert len(printed(daemon)) == 5
        assert {one["state"] for one in daemon.connect().call("Status")["processes"]} == {"complete"}
        rewrite(folder, OLD)
        assert daemon.connect().call("Reload") == {"changed": False, "steps": []}


def test_a_file_that_takes_for_ever_holds_nobody_up_and_who_gives_up_ends_the_attempt(folder: Path) -> None:
    with Started(folder, OLD, "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 5)
        os.unlink(folder / "program.ncd")
        os.mkfifo(folder / "program.ncd")
        waiting = daemon.connect()
        thread = threading.Thread(target=lambda: call_in_vain(waiting))
        thread.start()
        writer = opened_for_writing(folder / "program.ncd")

        assert busy(daemon) == "is being read (reload)"
        began = time.monotonic()
        daemon.connect().call("Status")
        assert time.monotonic() - began < 5
        waiting.close()
        thread.join(60)

        # The attempt goes on until there is something to read, whose answer nobody waits for.
        os.write(writer, OLD.encode())
        os.close(writer)
        os.unlink(folder / "program.ncd")
        rewrite(folder, OLD.replace("+2", "+22"))
        wait_until("that is over", lambda: busy(daemon) is None)
        assert printed(daemon)[5:] == ["-2", "+22"]


def opened_for_writing(pipe: Path) -> int:
    """Return a pipe with a name, open for writing, once somebody waits to read it."""
    found: list[int] = []

    def is_open() -> bool:
        with contextlib.suppress(OSError):  # ENXIO, as long as nobody reads: fifo(7)
            found.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        return bool(found)

    wait_until("a reader", is_open)
    return found[0]


def call_in_vain(connection: Connection) -> None:
    with pytest.raises(NoDaemon):
        connection.call("Reload")


def busy(daemon: Started) -> str | None:
    """Reload; return why not, if that is because something else is done."""
    try:
        daemon.connect().call("Reload")
    except Refusal as refusal:
        return str(refusal.parameters["text"])
    return None


def test_a_record_tells_what_stood_before_and_after(folder: Path) -> None:
    record = folder / "record"
    with Started(folder, OLD, "--quiet", "--record", str(record)) as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 5)
        rewrite(
            folder, OLD.replace('println("+2");', 'println("+2"); println("+6");').replace("process two", "process x")
        )
        daemon.connect().call("Reload")
        live = daemon.connect().call("Status")["processes"]
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    [program, changed] = [line for line in lines if line["kind"] == "program"]
    [created] = [line["seq"] for line in lines if line.get("what") == "created" and line["process"] == "x"]
    stopping = next(line["seq"] for line in lines if line["seq"] > created and line.get("what") == "terminating")

    assert len(program["codes"]["one"]["statements"]) == 4
    assert len(changed["codes"]["one"]["statements"]) == 5
    recording = Recording(str(record), pytest.fail)
    replay = Replay(recording.events(recording.runs[0]))
    replay.skip(lambda event: event.seq < stopping)
    told = list(filter(None, whole(replay.status(2))))
    assert sorted((one["process"], one["state"], len(one["floors"])) for one in told) == sorted(
        (one["process"], one["state"], len(one["floors"])) for one in live
    )
