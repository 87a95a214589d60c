"""`netstrata watch` against real daemons, with textual's pilot and in a real terminal."""

import asyncio
import os
import re
import sys
import time
from pathlib import Path

import pytest
from textual.pilot import Pilot

from netstrata.cli.client import Connection
from netstrata.cli.watch.app import WatchApp
from tests.cli.daemons import Terminal, daemon, start_daemon
from tests.cli.programs import netstrata
from tests.cli.watch.playing import TIMEOUT_S, play, resize, text_of, wait_for
from tests.clock import Clock

PROGRAM = """process wired { var("x") v; call("inner", {}); println("up"); }
process asks { on_request("vpn"); println("asked"); }
process waits { depend("nothing"); net.tun("0/0", "tun"); }
process speaks { daemon({"/bin/sh", "-c", "echo hello; exec sleep 1000"}); }
template inner { println("inner"); }
"""
FLOOD = """process calm { var("x") v; }
process flood {
    backtrack_point() p;
    sleep("1");
    Foreach ({"1", "2", "3", "4", "5", "6", "7", "8"} As x) { var(x) y; };
    p->go();
}
"""


def test_the_pyramid_is_on_the_left_and_the_time_line_on_the_right(tmp_path: Path) -> None:
    async def act(pilot: Pilot[None]) -> None:
        shown = await wait_for(pilot, "▾ ● wired complete", "▾ ◐ waits waiting", "hello")

        lines = shown.splitlines()
        assert [len(line) for line in lines] == [80] * 24
        assert "● 2 complete" in lines[0] or "● 3 complete" in lines[0]
        assert "?" in lines[-1]
        pyramid = [line.split("│")[0].rstrip() for line in lines[1:-1]]
        at = pyramid.index("▾ ● wired complete")
        assert re.match(r"  ●  1    var v \d+s  value=x", pyramid[at + 1])
        assert re.match(r"  ●  2    call \d+s", pyramid[at + 2])
        assert pyramid[at + 3] == "  ▾ ● .2/inner complete"
        assert any("L4 net.tun" in line for line in pyramid)

    with daemon(tmp_path, PROGRAM) as path:
        play(path, act)


def test_what_happens_shows_and_a_goal_is_asked_for_and_dropped(tmp_path: Path) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, "asks waiting")
        await pilot.press("g")
        await wait_for(pilot, "vpn", "idle", "Enter asks for one")
        await pilot.press("enter")
        await wait_for(pilot, "vpn is asked for", "asks complete")
        await pilot.press("g")
        await wait_for(pilot, "vpn", "up       asked for", "Enter asks for one")
        await pilot.press("enter")
        await wait_for(pilot, "vpn is dropped", "asks waiting")

    with daemon(tmp_path, PROGRAM) as path:
        play(path, act)


def test_a_floor_is_restarted_only_after_a_yes(tmp_path: Path) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, "● wired complete")
        await pilot.press("down", "down", "r")
        await wait_for(pilot, "Restart wired.2 call?", "2 floors will be undone")
        await pilot.press("n")
        await pilot.press("a")
        await wait_for(pilot, "Restart what stands on wired.2 call?", "1 floor will be undone")
        await pilot.press("y")
        await wait_for(pilot, "restarting what stands on wired.2 call")

    with daemon(tmp_path, PROGRAM) as path:
        play(path, act)
        told = Connection(path).call("Watch")["events"]

    asked = [event["text"] for event in told if event["kind"] == "control" and "asked to restart" in event["text"]]
    assert len(asked) == 1
    assert "what stands on wired.2" in asked[0]
    undone = [event["statement"] for event in told if event["process"] == "wired" and event.get("to") == "gone"]
    assert undone == [3]


def test_what_is_above_a_layer_is_restarted(tmp_path: Path) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, "● main complete")
        await pilot.press("2")
        await wait_for(pilot, "main has no statement of layer 2")
        await pilot.press("1")
        await wait_for(pilot, "Restart what stands on main.3 net.backend.waitdevice?", "1 floor will be undone")
        await pilot.press("y")
        await wait_for(pilot, "restarting what stands on main.3")

    waits = 'net.backend.waitdevice("lo");'
    with daemon(tmp_path, f'process main {{ {waits} var("x") a; {waits} var("y") b; }}') as path:
        play(path, act)
        told = Connection(path).call("Watch")["events"]

    assert [event["statement"] for event in told if event.get("to") == "gone"] == [4]


def test_filters_choose_by_process_layer_child_and_text_and_escape_shows_all(tmp_path: Path) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, "waits waiting", "hello")
        await pilot.press("p")
        shown = await wait_for(pilot, "only process wired")
        assert "waits waiting" not in shown
        await pilot.press("escape", "c")
        shown = await wait_for(pilot, "only child sh", "hello")
        assert "println" not in shown.partition("│")[2].splitlines()[0]
        assert "gone -> down" not in shown
        await pilot.press("escape", "l", "l", "l", "l")
        shown = await wait_for(pilot, "only layer 4", "L4 net.tun")
        assert "wired complete" not in shown
        await pilot.press("escape", "slash", *"inner", "enter")
        shown = await wait_for(pilot, "only text inner", ".2/inner complete")
        assert "waits waiting" not in shown
        await pilot.press("escape")
        await wait_for(pilot, "waits waiting", "wired complete", "? help")

    with daemon(tmp_path, PROGRAM) as path:
        play(path, act)


def test_why_help_and_a_whole_event_are_read_and_closed(tmp_path: Path) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, "waits waiting")
        await pilot.press("p", "slash", *"nothing", "escape")
        await pilot.press("question_mark")
        shown = await wait_for(pilot, "generated files: read one", "3 addresses and routes", "✗ failed")
        assert "Escape closes" in shown
        await pilot.press("escape", "w")
        await wait_for(pilot, "why wired", "is complete")
        await pilot.press("escape", "tab", "enter")
        await wait_for(pilot, "Escape closes", wrapped="program.ncd:")

    with daemon(tmp_path, PROGRAM) as path:
        play(path, act)


def test_a_name_with_brackets_is_a_name_in_a_title_too(tmp_path: Path) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, "◐ .1[0] waiting")
        await pilot.press("down", "down", "w")
        await wait_for(pilot, "why main.1[0]", "nothing provides")

    with daemon(tmp_path, 'process main { Foreach ({"a"} As x) { depend("x"); }; }') as path:
        play(path, act)


def test_files_are_told_if_there_are_none(tmp_path: Path) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, "main")
        await pilot.press("f")
        await wait_for(pilot, "the program's statements have generated no files")

    with daemon(tmp_path, 'process main { println("x"); }') as path:
        play(path, act)


def test_it_fits_other_sizes_and_goes_on_after_a_resize(tmp_path: Path) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, "● wired complete")
        for columns, rows in ((200, 50), (40, 12), (80, 24), (20, 5)):
            await resize(pilot, columns, rows)
            shown = await wait_for(pilot, "wired")
            assert [len(line) for line in shown.splitlines()] == [columns] * rows

    with daemon(tmp_path, PROGRAM) as path:
        play(path, act)


def test_it_outlives_the_daemon_and_goes_on_with_the_next_one(tmp_path: Path) -> None:
    first = start_daemon(tmp_path, PROGRAM)

    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, "● wired complete")
        first.terminate()
        await wait_for(pilot, "no daemon; trying again", "--- the daemon has ended; trying again ---")
        await asyncio.to_thread(first.wait, 60)
        await pilot.press("g")
        await wait_for(pilot, "no daemon answers at")
        second = await asyncio.to_thread(start_daemon, tmp_path, 'process after { println("again"); }')
        try:
            shown = await wait_for(pilot, "● after complete", "connected with another daemon", "println gone -> down")
            assert "● wired complete" not in shown
            assert "no daemon; trying" not in shown
        finally:
            second.terminate()
            await asyncio.to_thread(second.wait, 60)

    play(str(tmp_path / "control"), act, (160, 40))


def test_it_waits_for_a_daemon_that_is_not_there_yet(tmp_path: Path) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, "no daemon; trying again", "no daemon answers: No such")
        child = await asyncio.to_thread(start_daemon, tmp_path, PROGRAM)
        try:
            await wait_for(pilot, "● wired complete", "hello")
        finally:
            child.terminate()
            await asyncio.to_thread(child.wait, 60)

    play(str(tmp_path / "control"), act)


def test_a_flood_of_events_does_not_freeze_it(tmp_path: Path) -> None:
    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, "● calm complete", "flood")
        before = Connection(path).call("Figures")["figures"]["events"]
        begun, worked = time.monotonic(), time.process_time()
        for key in ("down", "up") * 5:
            await pilot.press(key)
            await pilot.press("question_mark")
            await wait_for(pilot, "this help; quit")
            await pilot.press("escape")
            await wait_for(pilot, "● calm complete")
        passed = time.monotonic() - begun
        came = Connection(path).call("Figures")["figures"]["events"] - before

        assert came > 200 * passed
        assert time.process_time() - worked < 0.8 * passed  # there is time left for more keys

    with daemon(tmp_path, FLOOD) as path:
        play(path, act)


def test_a_thousand_processes_are_walked_through_without_waiting(tmp_path: Path) -> None:
    program = "".join(f'process p{number} {{ var("x") a; var("y") b; println("up"); }}\n' for number in range(1000))

    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, "1000 complete", "▸ ● p0 complete")
        clock = Clock()
        await pilot.press("end")
        await wait_for(pilot, "▸ ● p999 complete")
        await pilot.press("e", "end")
        await wait_for(pilot, "▾ ● p999 complete", "println")
        await pilot.press(*["pageup"] * 20)
        assert clock.seconds < 5

    with daemon(tmp_path, program) as path:
        play(path, act)


def _more_events(path: str, count: int) -> None:
    """Wait until so many more events have happened."""
    stream = Connection(path).stream("Watch")
    while count > 0:
        count -= len(next(stream)["events"])


def test_in_a_real_terminal_it_draws_resizes_and_leaves_it_as_it_was(tmp_path: Path) -> None:
    with daemon(tmp_path, PROGRAM) as path:
        terminal = Terminal(["watch", "--control", path], 80)
        terminal.wait_for("wired")
        terminal.wait_for("hello")
        terminal.resize(50, 30)
        terminal.press("?")
        terminal.wait_for("Escape closes")
        terminal.press("\x1b")
        terminal.wait_for("? help")
        terminal.press("q")
        code, rest = terminal.finish()

    assert code == 0
    assert "\x1b[?1049l" in rest  # back from the other screen


def test_it_ends_when_its_terminal_is_gone(tmp_path: Path) -> None:
    with daemon(tmp_path, PROGRAM) as path:
        terminal = Terminal(["watch", "--control", path], 80)
        terminal.wait_for("wired")

        os.close(terminal.fd)

        assert terminal.child.wait(60) == 1


def test_the_wheel_goes_back_in_the_time_line_and_what_comes_does_not_take_it_away(tmp_path: Path) -> None:
    program = """process main { var("first") v; println("up"); }
        process ticks { sleep("300"); backtrack_point() p; sleep("50"); p->go(); }"""
    with daemon(tmp_path, program) as path:
        terminal = Terminal(["watch", "--control", path], 80)
        terminal.wait_for("ticks.4 go")
        terminal.press("\x1b[<64;60;10M" * 500)  # the wheel, upwards, over the time line
        terminal.wait_for("main.1 var down -> up")
        _more_events(path, 50)
        terminal.resize(81, 24)
        terminal.wait_for("main.1 var down -> up")
        terminal.press("q")
        code, _ = terminal.finish()

    assert code == 0


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_used_unless_it_is_not_wanted(tmp_path: Path, environment: dict[str, str], coloured: bool) -> None:
    with daemon(tmp_path, PROGRAM) as path:
        terminal = Terminal(["watch", "--control", path], 80, environment=environment)
        terminal.wait_for("hello")
        terminal.press("q")
        terminal.finish()

    said = b"".join(re.findall(rb"\x1b\[[0-9;]*m", terminal.all)).decode()
    numbers = {int(number) for part in re.findall(r"\[([0-9;]*)m", said) for number in part.split(";") if number}
    assert bool(numbers & ({*range(30, 39)} | {*range(40, 49)} | {*range(90, 108)})) is coloured


def test_without_a_terminal_or_textual_it_says_what_to_do(tmp_path: Path) -> None:
    code, _, err = netstrata("watch")
    assert (code, err.splitlines()[0]) == (1, "error: netstrata watch needs a terminal")
    hidden = tmp_path / "hidden.py"
    hidden.write_text(
        "import sys\nsys.modules['textual'] = None\nsys.argv = ['netstrata', 'watch']\n"
        "from netstrata.cli import main\nmain()\n"
    )

    code, shown = Terminal([], 80, program=(sys.executable, str(hidden))).finish()

    assert code == 1
    assert "error: netstrata watch needs textual" in shown
    assert "pip install 'netstrata[tui]'" in shown


def test_the_head_says_that_a_program_waits_to_be_confirmed_and_how_long_still(tmp_path: Path) -> None:
    path = str(tmp_path / "control")

    async def act(pilot: Pilot[None]) -> None:
        await wait_for(pilot, "wired complete")
        await asyncio.to_thread(Connection(path).call, "Load", text='process more { println("more"); }', confirm=100)
        await wait_for(pilot, f"the program of uid {os.getuid()} goes back in 9")
        await asyncio.to_thread(Connection(path).call, "Confirm")
        assert isinstance(pilot.app, WatchApp)
        end = time.monotonic() + TIMEOUT_S
        while "goes back" in text_of(pilot.app):
            assert time.monotonic() < end
            await pilot.pause(0.02)

    with daemon(tmp_path, PROGRAM):
        play(path, act, (120, 30))
