"""Changing one's own uplink over SSH, as docs/changing.md tells it: what the page shows is what a terminal shows.

OpenSSH 9.2p1 (Debian 12), Linux 6.18.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.test_confirming import ASKED, number_in
from tests.kernel.ssh.town import EXAMPLES, PROGRAM, PROMPT, Town
from tests.terminal import Terminal

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
PAGE = (Path(__file__).parents[3] / "docs/changing.md").read_text()
CONFIRM_S = 2  # where the page says 30, and nobody confirms
GATEWAY = "route default via {} dev wan0 metric 20"
WENT_BACK = "asked for going back to {} (nobody has confirmed)"


@pytest.fixture
def town(lab: Lab, tmp_path: Path) -> Iterator[Town]:
    town = Town(lab, tmp_path)
    yield town
    town.close()


def shown(heading: str) -> list[tuple[str, str]]:
    """Return the commands that the page has below a heading, each with its answer."""
    text = PAGE.partition(f"### {heading}\n")[2].partition("\n#")[0]
    blocks = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    sessions = "".join(blocks).split(PROMPT)[1:]
    return [(command, answer) for command, _, answer in (one.partition("\n") for one in sessions)]


def comparable(answer: str) -> str:
    """Return an answer without what is another time each time."""
    answer = re.sub(r"^ +\d+ s ?", "N s ", answer, flags=re.MULTILINE)
    answer = re.sub(r"^(N s *)?\n", "", answer, flags=re.MULTILINE)  # Enter was pressed
    answer = re.sub(r"(Type |N s )\d\d\b", r"\1NUMBER", answer)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "WHEN", answer).rstrip()


def answer_of(terminal: Terminal) -> str:
    """Return what has come since a line was typed, up to the next prompt."""
    return comparable(terminal.wait(PROMPT).partition("\n")[2].removesuffix(PROMPT))


def ask(terminal: Terminal, command: str) -> str:
    terminal.type(command)
    return answer_of(terminal)


def begin(terminal: Terminal, command: str) -> None:
    """Type a command of the page's that waits for a number, for no longer than the test wants to."""
    assert "--confirm 30" in command
    terminal.type(command.replace("--confirm 30", f"--confirm {CONFIRM_S}"))


def play(terminal: Terminal, heading: str) -> None:
    """Do what the page does below a heading, and type the number where that is asked for."""
    for command, answer in shown(heading):
        terminal.type(command)
        if "--confirm" in command:
            terminal.press(number_in(terminal.wait(ASKED)) + "\r")
        assert answer_of(terminal) == comparable(answer), command


def test_a_right_change_is_kept_and_one_that_cuts_off_goes_back_as_the_page_shows(town: Town) -> None:
    terminal = town.log_in()

    play(terminal, "A change that is right")

    assert town.router.read(PROGRAM) == (EXAMPLES / "uplink-new-gateway.ncd").read_text()
    assert GATEWAY.format("192.0.2.254") in town.router.kernel()

    edit, reload, *looks = shown("A change that cuts you off")
    assert ask(terminal, edit[0]) == edit[1]
    begin(terminal, reload[0])
    wait_until("the change", lambda: "192.0.2.245" in town.router.run("ip", "route"))
    terminal.press("\r\r")  # it arrives, for it is the way out that is broken
    assert answer_of(terminal) == comparable(reload[1])
    assert GATEWAY.format("192.0.2.254") in town.router.kernel()
    for command, answer in looks:
        assert ask(terminal, command) == comparable(answer), command


def test_a_session_that_dies_confirms_nothing(town: Town) -> None:
    before = town.router.kernel()
    terminal = town.log_in()
    town.write("uplink-new-gateway.ncd")
    begin(terminal, "netstrata reload --confirm 30")
    terminal.wait(ASKED)

    terminal.kill()

    town.daemon.wait_output(WENT_BACK.format(1))
    wait_until("the program before", lambda: "192.0.2.1 " in town.router.run("ip", "route"))
    assert town.router.kernel() == before


def test_a_session_beside_it_keeps_the_program(town: Town) -> None:
    terminal = town.log_in()
    town.write("uplink-new-gateway.ncd")
    terminal.type("netstrata reload --confirm 30")
    terminal.wait(ASKED)

    town.desk.run(*town.ssh("netstrata confirm"))

    assert answer_of(terminal).endswith("kept")
    assert GATEWAY.format("192.0.2.254") in town.router.kernel()


def test_a_session_at_the_new_address_keeps_it_and_one_that_is_cut_off_does_not(town: Town) -> None:
    terminal = town.log_in()
    terminal.type(f"sed -i s,192.0.2.2/24,192.0.2.3/24, {PROGRAM}")
    terminal.wait(PROMPT)
    begin(terminal, "netstrata reload --confirm 30")
    wait_until("the new address", lambda: "192.0.2.3/24" in town.router.run("ip", "addr"))

    beside = town.desk.start(town.ssh("netstrata confirm"))

    assert answer_of(terminal).endswith("nobody has confirmed it: went back")
    assert (beside.status(), "nothing" in beside.output()) == (1, True)

    terminal.type("netstrata reload --confirm 30")
    wait_until("the new address", lambda: "192.0.2.3/24" in town.router.run("ip", "addr"))
    ((address, command),) = re.findall(r"^desk\$ ssh root@([\d.]+) (.*)", PAGE, re.MULTILINE)
    town.desk.run(*town.ssh(command, address))
    assert "addr 192.0.2.3/24 dev wan0" in town.router.kernel()
    assert "confirmed the program" in town.daemon.output()
