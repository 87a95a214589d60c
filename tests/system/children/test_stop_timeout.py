"""How long children may take to end, when nobody hurries and when the daemon must end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.clock import Clock

from netstrata.cli.commands import command_line
from netstrata.system.children.stop_timeout import LEAST_OF_TOOL_S, LEAST_S, LONGEST_S, StopTimeout

DEAF = """process main {{
    daemon({{"/bin/sh", "-c", "trap '' TERM; touch {0}/one; while :; do sleep 0.05; done"}});
    daemon({{"/bin/sh", "-c", "trap '' TERM; touch {0}/two; while :; do sleep 0.05; done"}});
    println("both");
}}"""


def test_while_the_daemon_runs_every_child_has_the_same_time() -> None:
    stop_timeout = StopTimeout()

    assert [stop_timeout.seconds, stop_timeout.seconds] == [LONGEST_S, LONGEST_S]


def test_when_the_daemon_must_end_a_child_has_half_of_what_is_left_and_never_less_than_a_second() -> None:
    stop_timeout = StopTimeout()

    stop_timeout.shorten(8)

    assert stop_timeout.seconds == pytest.approx(4, abs=0.1)
    stop_timeout = StopTimeout()
    stop_timeout.shorten(0.1)
    assert stop_timeout.seconds == LEAST_S


def test_being_told_to_end_twice_gives_no_more_time() -> None:
    stop_timeout = StopTimeout()
    stop_timeout.shorten(4)

    stop_timeout.shorten(100)

    assert stop_timeout.seconds == pytest.approx(2, abs=0.1)


def test_as_ncd_there_is_no_bound_however_often_it_is_told() -> None:
    stop_timeout = StopTimeout(None)

    stop_timeout.shorten(1)

    assert stop_timeout.seconds is None


def test_a_tool_has_all_the_time_it_needs_until_the_daemon_must_end() -> None:
    stop_timeout = StopTimeout()
    assert stop_timeout.tool_s is None

    stop_timeout.shorten(8)

    assert stop_timeout.tool_s == pytest.approx(4, abs=0.1)
    stop_timeout = StopTimeout()
    stop_timeout.shorten(0.1)
    assert stop_timeout.tool_s == LEAST_OF_TOOL_S
    ncd = StopTimeout(None)
    ncd.shorten(1)
    assert ncd.tool_s is None


def test_whoever_waits_is_called_when_the_daemon_must_end_and_at_once_afterwards() -> None:
    stop_timeout = StopTimeout()
    called: list[str] = []
    forgotten = lambda: called.append("forgotten")  # noqa: E731
    stop_timeout.on_shortened(lambda: called.append("first"))
    stop_timeout.on_shortened(forgotten)
    stop_timeout.forget(forgotten)

    stop_timeout.shorten(8)
    stop_timeout.on_shortened(lambda: called.append("late"))

    assert called == ["first", "late"]


def test_five_deaf_children_one_after_the_other_end_within_what_the_unit_allows() -> None:
    """Play the clock of five children that each take all the time they are given."""
    unit = (Path(__file__).parents[3] / "packaging/netstrata.service").read_text()
    allowed = next(int(line.partition("=")[2]) for line in unit.splitlines() if line.startswith("TimeoutStopSec="))

    given = command_line().parse_args(["run", "x.ncd"]).stop_time
    taken = 0.0
    for _ in range(5):
        stop_timeout = StopTimeout()
        stop_timeout.shorten(given - taken)
        taken += stop_timeout.seconds or 0

    assert taken < given < allowed


def test_two_deaf_children_of_one_process_do_not_each_take_half_a_minute(tmp_path: Path) -> None:
    program = tmp_path / "deaf.ncd"
    program.write_text(DEAF.format(tmp_path))
    words = [sys.executable, "-m", "netstrata", "run", "--control", "none", "--stop-time", "4", str(program)]
    daemon = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not ((tmp_path / "one").exists() and (tmp_path / "two").exists()):
        assert daemon.poll() is None
        time.sleep(0.02)

    clock = Clock()
    os.kill(daemon.pid, signal.SIGTERM)
    output, log = daemon.communicate(timeout=60)

    assert output == "both\n"
    assert clock.all_s > 2
    assert clock.seconds < 6
    assert log.count("SIGKILL to it and its group") == 2
    assert daemon.returncode == 0
