"""`netstrata status`, as a user sees it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from netstrata.cli.terminal_style import wide
from tests.cli.daemons import Terminal, daemon
from tests.cli.programs import netstrata

PROGRAM = """process wired {
    var("a value that is much longer than the terminal is wide, 網路 and so on") v;
    call("up", {});
}
process waits { sleep("0", "0"); blocker() b; b->use(); call("up", {}); }
template up { net.tun("0/0", "tun"); }
"""


@pytest.fixture
def control(tmp_path: Path) -> Iterator[str]:
    """Run a program, and return where it answers."""
    with daemon(tmp_path, PROGRAM) as path:
        yield path


def test_status_shows_lights_and_the_layer_of_each_floor(control: str) -> None:
    code, out, _ = netstrata("status", "waits", "--control", control)

    lines = out.splitlines()
    assert code == 0
    assert lines[0] == "◐ waits  waiting  4○"
    assert re.fullmatch(r"  ◐   3    use +down +\d+s  b \(\S+\) is closed", lines[3])
    assert re.fullmatch(r"  ○   4 L4 call +gone", lines[4])


def test_a_light_that_is_coming_says_since_when(control: str) -> None:
    _, out, _ = netstrata("status", "wired", "--control", control)

    assert re.match(r"◐ wired  \w+  4(◐|○) \d+s\n", out)


def test_status_as_json_has_the_lights(control: str) -> None:
    _, out, _ = netstrata("status", "waits", "--json", "--control", control)

    [process] = json.loads(out)["processes"]
    assert process["lights"] == {"4": "down"}
    assert process["lights_since"] == {"4": 0.0}
    assert [floor["layer"] for floor in process["floors"]] == [0, 0, 0, 4]


@pytest.mark.parametrize("columns", [40, 80])
def test_no_line_is_wider_than_the_terminal(control: str, columns: int) -> None:
    code, shown = Terminal(["status", "--all", "--control", control], columns).finish()

    lines = shown.splitlines()
    assert code == 0
    assert max(map(wide, lines)) == columns
    assert any(line.endswith("…\x1b[0m") for line in lines)
    assert "\x1b[33m" in shown


def test_there_is_no_colour_where_none_is_wanted(control: str) -> None:
    _, shown = Terminal(["status", "--control", control], 80, environment={"NO_COLOR": "1"}).finish()

    assert "\x1b" not in shown
    assert "4○" in shown
