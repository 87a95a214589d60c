"""The screen: the pyramid on a terminal, lines elsewhere."""

import io

import pytest

from netstrata.cli.demo.floors import Floors
from netstrata.cli.demo.records import Said, Transition
from netstrata.cli.demo.screen import Screen


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


LINES = {"wired": 10, "default": 20}


def went(process: str, statement: int, name: str, after: str, **values: str) -> Transition:
    """Return a transition from down."""
    line = statement + LINES[process]
    return Transition(0.0, process, statement, name, "down", after, values, line)


CHANGES = [
    went("wired", 1, "net.up", "up"),
    went("wired", 2, "net.ipv4.dhcp", "up", addr="192.0.2.50"),
    went("default", 1, "multidepend", "down"),
]


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_a_pipe_gets_a_line_for_each_change_and_no_escape() -> None:
    out = io.StringIO()

    Screen(out).show([*CHANGES])

    assert out.getvalue() == (
        "   wired.1 net.up down -> up\n"
        "   wired.2 net.ipv4.dhcp down -> up  192.0.2.50\n"
        "   default.1 multidepend down -> down\n"
    )


def test_a_terminal_gets_the_pyramid_with_the_highest_floor_on_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()

    Screen(out).show([*CHANGES])

    assert [line.rstrip() for line in out.getvalue().splitlines()] == [
        "",
        "   ● net.ipv4.dhcp 192.0.2.50",
        "   ● net.up                              ◐ multidepend",
        "   wired                                 default",
    ]


def test_a_second_drawing_takes_the_place_of_the_first() -> None:
    out = Terminal()
    screen = Screen(out)
    screen.show([CHANGES[0]])
    drawn = out.getvalue().count("\n")

    screen.show([went("wired", 1, "net.up", "gone")])

    assert f"\x1b[{drawn}A\x1b[J" in out.getvalue()


def test_no_color_means_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured, plain = Terminal(), Terminal()
    Screen(coloured).show([*CHANGES])
    monkeypatch.setenv("NO_COLOR", "1")

    Screen(plain).show([*CHANGES])

    assert ("\x1b[32m" in coloured.getvalue(), "\x1b[" in plain.getvalue()) == (True, False)


def test_an_error_of_the_daemon_is_shown_even_where_nothing_is_drawn() -> None:
    out = io.StringIO()

    Screen(out).show([Said("error", "net.up cannot set eth0 up")])

    assert "net.up cannot set eth0 up" in out.getvalue()


def test_a_floor_that_is_gone_does_not_stand() -> None:
    floors = Floors()
    floors.apply(went("wired", 1, "net.up", "up"))
    floors.apply(went("wired", 2, "net.ipv4.addr", "up"))

    floors.apply(went("wired", 2, "net.ipv4.addr", "gone"))

    assert floors.standing("wired") == ["net.up"]


def test_processes_stand_in_the_order_of_the_program_whoever_moves_first() -> None:
    floors = Floors()

    floors.apply(went("default", 1, "multidepend", "down"))
    floors.apply(went("wired", 1, "net.up", "up"))

    assert floors.processes() == ["wired", "default"]


def test_what_is_left_for_good_is_not_drawn_over() -> None:
    out = Terminal()
    screen = Screen(out)
    screen.show([*CHANGES])
    drawn = out.getvalue()

    screen.rest()
    screen.say("the end")

    assert out.getvalue() == drawn + "the end\n"
