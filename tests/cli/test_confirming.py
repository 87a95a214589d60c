"""Who confirms on a terminal: he must have seen what came out there after the change."""

import os
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from netstrata.testing.child import wait_until
from tests.daemon.daemons import Started
from tests.terminal import Terminal

OLD = 'process lan { println("+lan"); }'
ASKED = r"Type (\d\d) and Enter to keep it; else it goes back\.\n +\d+ s "
CONTROL_D = "\x04"


def reload(daemon: Started, folder: Path, seconds: str) -> Terminal:
    """Reload another program on a terminal; nobody is told when that hangs up."""
    (folder / "program.ncd").write_text(OLD + 'process more { println("+more"); }')
    words = [sys.executable, "-m", "netstrata", "reload", "--confirm", seconds, "--control", daemon.path]
    return Terminal(["/bin/sh", "-c", f"trap '' HUP; exec {shlex.join(words)}"], dict(os.environ))


def number_in(text: str) -> str:
    """Return what is to be typed."""
    found = re.search(ASKED, text)
    assert found is not None
    return found[1]


def came_of_it(daemon: Started) -> str:
    """Return why the program runs that runs when nobody has to confirm it any more."""
    wait_until("the end of the time", lambda: "awaited" not in daemon.connect().call("Program"))
    return str(daemon.connect().call("Program")["versions"][-1]["why"])


def press_before(terminal: Terminal) -> None:
    terminal.press("\n\n")
    terminal.wait(ASKED)


def press_blindly(terminal: Terminal) -> None:
    terminal.wait(ASKED)
    terminal.press("\n\ny\n")


def press_no_enter(terminal: Terminal) -> None:
    terminal.press(number_in(terminal.wait(ASKED)) + CONTROL_D)


def hang_up(terminal: Terminal) -> None:
    terminal.wait(ASKED)
    terminal.hang_up()


@pytest.mark.parametrize("act", [press_before, press_blindly, press_no_enter, hang_up])
def test_what_is_no_answer_keeps_nothing(tmp_path: Path, act: Callable[[Terminal], None]) -> None:
    with Started(tmp_path, OLD) as daemon:
        terminal = reload(daemon, tmp_path, "1")

        act(terminal)

        assert came_of_it(daemon) == "going back to 1 (nobody has confirmed)"
        terminal.close()


def test_the_number_that_is_shown_keeps_the_program(tmp_path: Path) -> None:
    with Started(tmp_path, OLD) as daemon:
        terminal = reload(daemon, tmp_path, "30")

        terminal.press(number_in(terminal.wait(ASKED)) + "\n")

        terminal.wait("kept\n")
        assert came_of_it(daemon) == "reload"
        terminal.close()
