"""Load, replace, unload, stop, start, spawn, plan, confirm and revert: a program changed by verbs, over the socket."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.daemons import Started

from netstrata.control.errors import Refusal
from netstrata.testing.child import wait_until

PROGRAM = """
process lan { println("+lan"); rprintln("-lan"); provide("LAN"); }
process vpn { depend("LAN"); println("+vpn"); rprintln("-vpn"); }
template greet { println("+", _arg0); rprintln("-", _arg0); }
"""
EXTRA = 'process extra { println("+extra"); rprintln("-extra"); }\ntemplate more { println("more"); }\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def printed(daemon: Started) -> list[str]:
    return [line for line in daemon.log.read_text().splitlines() if line[:1] in "+-"]


def ready(daemon: Started) -> None:
    wait_until("the program", lambda: len(printed(daemon)) >= 2)


def running(daemon: Started) -> set[str]:
    return {one["process"] for one in daemon.connect().call("Status")["processes"]}


def netstrata(daemon: Started, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "netstrata", *words, "--control", daemon.path]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)


def versions(daemon: Started) -> list[tuple[str, bool]]:
    return [(one["why"], one["runs"]) for one in daemon.connect().call("Program")["versions"]]


def test_what_is_loaded_begins_is_listed_and_is_part_of_the_text(folder: Path) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)
        ran = netstrata(daemon, "load", "-", text=EXTRA)

        assert ran.returncode == 0, ran.stderr
        assert "began extra.1" in ran.stdout
        assert printed(daemon)[2:] == ["+extra"]
        program = daemon.connect().call("Program")
        assert [(one["what"], one["process"], one["who"]) for one in program["changes"]] == [
            ("loaded", "extra", f"uid {os.getuid()}"), ("loaded", "more", f"uid {os.getuid()}"),
        ]  # fmt: skip
        text = netstrata(daemon, "program").stdout
        assert 'process extra { println("+extra"); rprintln("-extra"); }' in text
        # What is printed is the program: a daemon that runs it has nothing to change.
        again = folder / "again"
        again.mkdir()
        with Started(again, text, "--quiet") as other:
            wait_until("the same", lambda: set(printed(other)) == {"+lan", "+vpn", "+extra"})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('process lan { println("x"); }', "there is a process or template `lan` already"),
        ("process x { println(", "expected"),
        ('include "other.ncd"', "includes nothing"),
        ("", "there is no process"),
        ('process x { call("y"); } process x { call("y"); }', ""),
    ],
)
def test_what_cannot_be_loaded_changes_nothing_and_says_where(folder: Path, text: str, wanted: str) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)
        if wanted:
            ran = netstrata(daemon, "load", "-", text=text)

            assert ran.returncode == 1
            assert wanted in ran.stderr
            assert daemon.connect().call("Program")["changes"] == []
        assert len(printed(daemon)) == 2


def test_a_process_is_replaced_from_what_differs_on(folder: Path) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)
        other = 'process lan { println("+lan"); rprintln("-lan"); println("+new"); rprintln("-new"); provide("LAN"); }'

        daemon.connect().call("Replace", process="lan", text=other)

        assert printed(daemon)[2:] == ["-vpn", "+new", "+vpn"]
        with pytest.raises(Refusal, match="NoSuchProcess"):
            daemon.connect().call("Replace", process="none", text=other)
        ran = netstrata(daemon, "replace", "vpn", "-", text=other)
        assert "this is `lan`, and `vpn` is to be replaced" in ran.stderr


def test_what_others_stand_on_is_unloaded_only_by_force(folder: Path) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)

        ran = netstrata(daemon, "unload", "lan")
        assert ran.returncode == 1
        assert "vpn stands on lan" in ran.stderr
        assert printed(daemon)[2:] == []

        assert netstrata(daemon, "unload", "lan", "--force").returncode == 0
        assert printed(daemon)[2:] == ["-vpn", "-lan"]
        assert running(daemon) == {"vpn"}
        assert netstrata(daemon, "unload", "vpn").returncode == 0
        assert netstrata(daemon, "unload", "vpn").returncode == 10


def test_a_process_is_stopped_and_started_again(folder: Path) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)

        daemon.connect().call("Stop", process="vpn")
        assert running(daemon) == {"lan"}
        daemon.connect().call("Start", process="vpn")

        assert printed(daemon)[2:] == ["-vpn", "+vpn"]
        with pytest.raises(Refusal, match="Refused"):
            daemon.connect().call("Stop", process="greet")


def test_a_template_is_spawned_with_arguments_under_a_name(folder: Path) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)
        said = 'quoted "x" \\ and é'

        ran = netstrata(daemon, "spawn", "greet", said, "--as", "guest")
        assert ran.returncode == 0, ran.stderr
        wait_until("it", lambda: f"+{said}" in daemon.log.read_text())
        daemon.connect().call("Unload", process="guest")

        wait_until("its end", lambda: f"-{said}" in daemon.log.read_text())
        ran = netstrata(daemon, "spawn", "greet", "--as", "no name")
        assert ran.returncode == 1


def test_a_plan_says_what_happens_and_does_nothing(folder: Path) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)
        assert netstrata(daemon, "plan").returncode == 0
        (folder / "program.ncd").write_text(PROGRAM.replace('provide("LAN")', 'var("x") y; provide("LAN")'))

        planned = netstrata(daemon, "plan", "--json")
        shown = netstrata(daemon, "plan")
        assert planned.returncode == shown.returncode == 10
        assert "- undo vpn.3 rprintln" in shown.stdout
        assert '+ begin lan.3 var("x") y;' in shown.stdout
        assert printed(daemon)[2:] == []

        done = netstrata(daemon, "reload", "--json")
        assert steps(json.loads(done.stdout)) == steps(json.loads(planned.stdout))


NESTED = """
process a { println("a1"); call("t", {"a"}); println("a3"); }
process b { println("b1"); call("t", {"b"}); println("b3"); provide("B"); }
process c { depend("B"); call("t", {"c"}); println("c3"); }
process d { println("d1"); }
template t { println("t", _arg0); call("u", {_arg0}); println("end"); }
template u { println("u", _arg0); }
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('println("u", _arg0);', 'println("v", _arg0);'),
        ("process a {", 'process e { println("e"); }\ntemplate a {'),
        ('println("t", _arg0);', 'println("tt", _arg0);'),
        ('println("d1");', 'println("d2");'),
    ],
)
def test_a_plan_has_the_order_in_which_it_happens(folder: Path, old: str, new: str) -> None:
    with Started(folder, NESTED, "--quiet") as daemon:
        wait_until("the program", lambda: len(daemon.log.read_text().splitlines()) >= 15)
        text = NESTED.replace(old, new).replace('println("b1")', 'println("b2")')
        (folder / "program.ncd").write_text(text.replace('process d { println("d1"); }', ""))

        planned = daemon.connect().call("Plan")
        done = daemon.connect().call("Reload")

        assert steps(planned) == steps(done)


def steps(answer: dict[str, Any]) -> list[str]:
    """Return what is undone in order, and what begins, which is told process by process in a plan."""
    told = [(one["what"], one["process"], one["statement"], one["name"]) for one in answer["steps"]]
    undone = [f"- {rest}" for what, *rest in told if what == "undone"]
    return undone + sorted(f"+ {rest}" for what, *rest in told if what == "begun")


def test_who_changes_something_is_told(folder: Path) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)
        daemon.connect().call("Stop", process="vpn")

        events = daemon.connect().call("Watch", kind="control")["events"]
        assert (events[-1]["text"], events[-1]["uid"]) == ("asked for stop vpn", os.getuid())


def test_a_change_that_is_to_last_is_there_for_the_next_daemon_and_no_other_is(folder: Path) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)
        daemon.connect().call("Load", text=EXTRA, persist=True)
        daemon.connect().call("Stop", process="vpn", persist=True)
        daemon.connect().call("Load", text='process short { println("+short"); }')
        assert running(daemon) == {"lan", "extra", "short"}

    with Started(folder, PROGRAM, "--quiet") as daemon:
        wait_until("all", lambda: running(daemon) == {"lan", "extra"})
        daemon.connect().call("Start", process="vpn")
        assert running(daemon) == {"lan", "extra", "vpn"}


NEW = PROGRAM.replace("+lan", "+new").replace("-lan", "-new")


def test_a_program_that_nobody_confirms_goes_back(folder: Path) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)
        (folder / "program.ncd").write_text(NEW)

        daemon.connect().call("Reload", confirm=1)

        assert printed(daemon)[2:] == ["-vpn", "-lan", "+new", "+vpn"]
        with pytest.raises(Refusal, match="Busy"):
            daemon.connect().call("Stop", process="vpn")
        wait_until("back", lambda: printed(daemon)[6:] == ["-vpn", "-new", "+lan", "+vpn"])
        assert versions(daemon)[-1] == ("going back to 1 (nobody has confirmed)", True)


def test_a_program_that_is_confirmed_stays(folder: Path) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)
        (folder / "program.ncd").write_text(NEW)
        daemon.connect().call("Reload", confirm=2)
        awaited = daemon.connect().call("Program")["awaited"]
        assert 0 < awaited["left"] <= 2

        assert netstrata(daemon, "confirm").returncode == 0

        assert "awaited" not in daemon.connect().call("Program")
        assert netstrata(daemon, "confirm").returncode == 1
        with pytest.raises(Refusal, match="NoSuchVersion"):
            daemon.connect().call("Revert", version=77)
        daemon.connect().call("Revert")
        assert printed(daemon)[6:] == ["-vpn", "-new", "+lan", "+vpn"]
        assert versions(daemon) == [
            ("start", True), ("reload", False), ("going back to 1 (asked for)", True),
        ]  # fmt: skip


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_daemon_that_was_killed_goes_on_counting(folder: Path, confirmed: bool) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)
        (folder / "program.ncd").write_text(NEW)
        daemon.connect().call("Reload", confirm=4)
        daemon.child.send_signal(signal.SIGKILL)

    with Started(folder, NEW, "--quiet") as daemon:
        wait_until("the new one", lambda: "+new" in printed(daemon))
        if confirmed:
            daemon.connect().call("Confirm")
        else:
            wait_until("back", lambda: printed(daemon)[2:] == ["-vpn", "-new", "+lan", "+vpn"])

    # Its file is as it was when that was gone back from.
    with Started(folder, NEW, "--quiet") as daemon:
        wait_until("the same", lambda: ("+new" if confirmed else "+lan") in printed(daemon))
    # It says something else now.
    with Started(folder, NEW + "# mended", "--quiet") as daemon:
        wait_until("the file's", lambda: "+new" in printed(daemon))


def test_time_that_is_over_while_no_daemon_runs_is_over(folder: Path) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)
        (folder / "program.ncd").write_text(NEW)
        daemon.connect().call("Reload", confirm=1)
        daemon.child.send_signal(signal.SIGKILL)
        daemon.child.wait(60)
    state = next((folder / "state").rglob("state"))
    found = json.loads(state.read_text())
    found["awaited"]["deadline"] -= 1000
    state.write_text(json.dumps(found))

    with Started(folder, NEW, "--quiet") as daemon:
        ready(daemon)
        assert "+lan" in printed(daemon)
        assert "nobody has confirmed the program: went back" in daemon.log.read_text()


def test_who_confirms_just_when_the_time_is_over_is_told_what_has_come_of_it(folder: Path) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)
        (folder / "program.ncd").write_text(NEW)
        over = time.monotonic() + 1.2
        daemon.connect().call("Reload", confirm=1)
        daemon.child.send_signal(signal.SIGSTOP)  # both are due when it goes on
        answers: list[bool] = []
        thread = threading.Thread(target=lambda: answers.append(confirms(daemon)))
        thread.start()
        wait_until("the time to be over", lambda: time.monotonic() > over)
        daemon.child.send_signal(signal.SIGCONT)
        thread.join(60)

        wait_until("one of both", lambda: "awaited" not in daemon.connect().call("Program"))
        assert answers == [versions(daemon)[-1] == ("reload", True)]


def confirms(daemon: Started) -> bool:
    try:
        daemon.connect().call("Confirm")
    except Refusal:
        return False
    return True


def test_status_says_who_has_a_program_to_confirm_and_how_long_still(folder: Path) -> None:
    with Started(folder, PROGRAM, "--quiet") as daemon:
        ready(daemon)
        assert "confirm" not in netstrata(daemon, "status").stdout
        (folder / "program.ncd").write_text(NEW)
        daemon.connect().call("Reload", confirm=100)

        said = netstrata(daemon, "status").stdout.splitlines()[0]

        assert re.fullmatch(
            rf"the program of uid {os.getuid()} goes back in (100|\d\d) s: `netstrata confirm` keeps it", said
        )
        daemon.connect().call("Confirm")
        assert "confirm" not in netstrata(daemon, "status").stdout
