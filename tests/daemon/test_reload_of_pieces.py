"""Reloads one after the other, each of which reads what differs: with included files, and what people have changed."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.daemons import Started

from netstrata.control.errors import Refusal
from netstrata.language.load import load
from netstrata.testing.child import wait_until

MAIN = """process one { println("1"); sleep("9999999"); }
include "part.ncdi"
process two { println("2"); If ("true") { println("3"); }; }
"""
PART = """process three { println("4"); }

process four { call("t", {}); }
template t { println("5"); }
"""


def write(folder: Path, main: str, part: str) -> None:
    (folder / "program.ncd").write_text(main)
    (folder / "part.ncdi").write_text(part)


def stands(daemon: Started) -> dict[str, Any]:
    """Return where each statement of each process stands, as the daemon says."""
    status = daemon.connect().call("Status")["processes"]
    return {
        one["process"]: [(floor["name"], Path(floor["file"]).name, floor["line"]) for floor in one["floors"]]
        for one in status
        if "/" not in one["process"]
    }


def written(folder: Path) -> dict[str, Any]:
    """Return the same, as the files say."""
    program = load(str(folder / "program.ncd"), lambda path: Path(path).read_bytes())
    return {
        one.name: [(at.type, Path(at.span.source.name).name, at.span.line) for at in one.statements]
        for one in program.processes
        if not one.template
    }


def test_all_stands_where_the_files_say_whatever_is_edited_where(tmp_path: Path) -> None:
    write(tmp_path, MAIN, PART)
    edits = [
        ("# new\n" + MAIN, PART),
        (MAIN.replace('"1"', '"11"'), "\n" + PART.replace('"5"', '"55"')),
        (MAIN, PART.replace("process four", "process five")),
        (MAIN + 'process six { println("6"); }\n', PART + "# end"),
        (MAIN.replace('include "part.ncdi"\n', "") + 'include "part.ncdi"\n', PART),
        ('include "part.ncdi"\nprocess one { sleep("9999999"); }\n', "\n\n" + PART),
        ('include "part.ncdi"\nprocess one { sleep("9999999"); }\n', "# all gone"),
        (MAIN, PART),
    ]
    with Started(tmp_path, MAIN, "--quiet") as daemon:
        wait_until("all", lambda: stands(daemon) == written(tmp_path))
        for main, part in edits:
            write(tmp_path, main, part)
            daemon.connect().call("Reload")
            wait_until("what is new", lambda: stands(daemon) == written(tmp_path))


def test_who_has_looked_before_is_told_of_text_that_only_moved(tmp_path: Path) -> None:
    write(tmp_path, MAIN, PART)
    with Started(tmp_path, MAIN, "--quiet") as daemon, closing(daemon.connect()) as client:
        wait_until("all", lambda: len(stands(daemon)) == 4)
        client.call("Status")
        write(tmp_path, "# new\n\n" + MAIN, PART)

        assert not daemon.connect().call("Reload")["changed"]

        assert stands(daemon) == written(tmp_path)
        daemon.connect().call("Restart", process="one")
        wait_until("it to be redone", lambda: events_of(daemon, "one", "sleep")[-1]["to"] == "down")
        assert events_of(daemon, "one", "sleep")[-1]["line"] == 3


def events_of(daemon: Started, process: str, name: str) -> list[dict[str, Any]]:
    events = daemon.connect().call("Watch", after=0)["events"]
    return [one for one in events if one["kind"] == "transition" and (one["process"], one["name"]) == (process, name)]


def test_what_people_have_changed_holds_wherever_its_text_stands(tmp_path: Path) -> None:
    write(tmp_path, MAIN, PART)
    with Started(tmp_path, MAIN, "--quiet") as daemon:
        wait_until("all", lambda: len(stands(daemon)) == 4)
        daemon.connect().call("Stop", process="three")
        daemon.connect().call("Replace", process="two", text='process two { println("x"); }')
        daemon.connect().call("Load", text='process more { println("y"); }')
        for main, part in (
            ("# new\n" + MAIN, "\n" + PART.replace('"5"', '"55"')),
            (MAIN.replace('"2"', '"22"'), PART.replace('"4"', '"44"')),  # of what was replaced and stopped
            (MAIN + 'process six { println("6"); }\n', PART),
        ):
            write(tmp_path, main, part)
            daemon.connect().call("Reload")
            expected = {
                **written(tmp_path),
                "more": [("println", "<load> (more)", 1)],
                "two": [("println", "<replace> (two)", 1)],
            }
            del expected["three"]
            wait_until("what is new", lambda expected=expected: stands(daemon) == expected)  # type: ignore[misc]
        write(tmp_path, MAIN + 'process more { println("z"); }\n' * 2, PART)
        with pytest.raises(Refusal, match="Refused"):
            daemon.connect().call("Reload")


def test_what_is_wrong_is_told_by_its_place_in_the_whole_file(tmp_path: Path) -> None:
    write(tmp_path, MAIN, PART)
    with Started(tmp_path, MAIN, "--quiet") as daemon:
        wait_until("all", lambda: len(stands(daemon)) == 4)
        write(tmp_path, "# new\n" + MAIN, PART)
        daemon.connect().call("Reload")
        write(tmp_path, "# new\n" + MAIN.replace('println("3");', 'println("3"'), PART)

        ran = subprocess.run(
            [sys.executable, "-m", "netstrata", "reload", "--control", daemon.path],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

        assert ran.returncode == 1
        assert "program.ncd:4:" in ran.stderr
        write(tmp_path, "# new\n\n" + MAIN.replace('println("2");', 'strcmp("2");'), PART)
        daemon.connect().call("Reload")
        wait_until("the failure", lambda: "program.ncd:5:" in daemon.log.read_text())
