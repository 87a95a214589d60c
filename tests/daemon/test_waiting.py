"""What statements wait for, as `why` tells it of a daemon that runs."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.daemons import Started

from netstrata.testing.child import wait_until

PROGRAM = """
process sleeps { sleep("100000"); }
process ticks { periodic_timer("100000", "1"); }
process runs { run({"/bin/sh", "-c", "while test ! -e %s; do sleep 0.1; done"}, {}); }
process runs_once { runonce({"/bin/sleep", "1000"}, ["term_on_deinit": "true"]); }
process starts { sys.start_process({"/bin/sleep", "1000"}, "", ["term_on_deinit": "true"]) p; p->wait(); }
process holds { net.iptables.lock() lock; provide("HELD"); sleep("100000"); }
process wants { depend("HELD"); net.iptables.lock() lock; }
process keeps { daemon({"/bin/false"}, ["retry_time": "600000"]); sleep("100000"); }
"""


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Run the program."""
    folder: Path = tmp_path_factory.mktemp("waiting")
    stop = folder / "stop"  # which lets the command of run come to its end
    with Started(folder, PROGRAM % stop, "--stop-time", "1") as daemon:
        wait_until("that program to have ended", lambda: "starting it again" in said(daemon, "keeps")[-1])
        yield daemon
        stop.touch()


def said(daemon: Started, process: str) -> list[str]:
    """Return the texts of the chain of causes."""
    causes: list[dict[str, Any]] = daemon.connect().call("Why", process=process)["causes"]
    return [cause["text"] for cause in causes]


@pytest.mark.parametrize("process", ["sleeps", "ticks"])
def test_time_is_told_by_what_is_left_of_it(started: Started, process: str) -> None:
    [text] = said(started, process)

    match = re.fullmatch(r"waits for time to pass: (\d+\.\d) s are left", text)
    assert match is not None, text
    assert 50 < float(match[1]) <= 100


@pytest.mark.parametrize("process", ["runs", "runs_once", "starts"])
def test_a_program_that_has_not_ended_is_named(started: Started, process: str) -> None:
    assert re.fullmatch(r"waits until /bin/(sh|sleep) ends(, process id \d+)?", said(started, process)[0])


def test_who_has_the_lock_is_followed(started: Started) -> None:
    lock, held = said(started, "wants")

    assert lock == "waits for the lock, which another statement has"
    assert held.startswith("waits for time to pass")


def test_the_time_until_a_program_is_started_again_goes_down(started: Started) -> None:
    def left() -> int:
        match = re.search(r"starting it again in (\d+) s", said(started, "keeps")[-1])
        assert match is not None
        return int(match[1])

    before = left()

    wait_until("a second", lambda: left() < before)
