"""Nothing that children, networks or programs say reaches a terminal as more than text."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from netstrata.cli.client import Connection
from tests.cli.daemons import Terminal, daemon
from tests.cli.watch.playing import play, wait_for

PROGRAM = r"""process main {
    daemon({"/bin/sh", "-c", "printf 'a\\033[8mhidden\\033]0;title\\007\\tz\\n'; exec sleep 1000"});
    provide("\x1b[2J");
    depend("\x1b[2Jcleared");
}
process asks { on_request("\x1b[31mgoal"); }
"""


@pytest.fixture
def control(tmp_path: Path) -> Iterator[str]:
    """Run a program whose child has spoken, and return where it answers."""
    with daemon(tmp_path, PROGRAM) as path:
        end = time.monotonic() + 60
        while not Connection(path).call("Watch", kind="child")["events"]:
            assert time.monotonic() < end
        yield path


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("log", r"a\x1b[8mhidden\x1b]0;title\x07\tz"),
        ("status", r"\x1b[2Jcleared"),
        ("why", r"\x1b[2Jcleared"),
        ("goals", r"\x1b[31mgoal"),
    ],
)
def test_a_command_shows_it_as_text(control: str, command: str, shown: str) -> None:
    code, out = Terminal([command, "--control", control], 200, environment={"NO_COLOR": "1"}).finish()

    assert code == 0
    assert shown in out
    assert "\x1b" not in out


def test_an_error_quotes_it_as_text(control: str) -> None:
    _, out = Terminal(["up", "goal", "--control", control], 200).finish()

    assert r"there are \x1b[31mgoal" in out
    assert "\x1b" not in out


def test_watch_shows_it_as_text(control: str) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, r"a\x1b[8mhidden", r"\x1b[2Jcleared", r"\x1b[31mgoal")
        await pilot.press("g")
        await wait_for(pilot, "Enter asks for one", r"\x1b[31mgoal")
        await pilot.press("enter")
        await wait_for(pilot, r"\x1b[31mgoal is asked for")

    play(control, act, (200, 40))
