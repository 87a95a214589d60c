"""What somebody asks a daemon at the command line, and what it says to those who ask wrongly."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from netstrata.cli.refusals import told
from netstrata.control.errors import Refusal
from tests.cli.daemons import daemon
from tests.cli.programs import netstrata

PROGRAM = """process wired { blocker() gate; spawn("helper", {}); on_request("vpn"); println("x"); }
process manages { process_manager() m; m->start("one", "helper", {}); }
process stands { var("x") v; }
template helper { depend("LAN"); }
"""


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a program, and return where it answers."""
    with daemon(tmp_path_factory.mktemp("asking"), PROGRAM) as path:
        yield path


def test_why_without_a_name_is_all_that_is_not_complete_also_what_runs_beside(control: str) -> None:
    code, out, _ = netstrata("why", "--control", control)

    absent = 'nothing provides "LAN", and no statement of the program does'
    assert code == 0
    assert [line.partition(" (since")[0].replace(str(Path(control).parent), "") for line in out.splitlines()] == [
        "wired.3 on_request (/program.ncd:1): nobody asked for it: netstrata up vpn",
        f"wired.2/helper.1 depend (/program.ncd:4): {absent}",
        f"manages.1/helper[one].1 depend (/program.ncd:4): {absent}",
    ]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("log", "--process", "wird"), 10, "error: there is no process wird\nhelp: did you mean wired?\n"),
        (("restart", "wired.3"), 10, "error: there is no process wired.3\nhelp: statement 3 of wired is wired:3\n"),
        (("restart", "wired:"), 2, "error: wired: names no statement\nhelp: `netstrata restart wired` is all of it\n"),
    ],
)
def test_what_there_is_not_is_told_with_what_to_do(control: str, words: tuple[str, ...], code: int, said: str) -> None:
    assert netstrata(*words, "--control", control) == (code, "", said)


def test_the_number_of_an_event_is_no_negative_one(control: str) -> None:
    code, _, problem = netstrata("log", "--after", "-1", "--control", control)

    assert code == 2
    assert "expected the number of an event" in problem


def test_a_process_that_has_said_nothing_of_a_kind_is_no_error(control: str) -> None:
    assert netstrata("log", "--process", "wired", "--kind", "dhcp", "--control", control) == (0, "", "")


def test_no_files_and_no_goals_are_told_in_words(tmp_path: Path) -> None:
    with daemon(tmp_path, 'process main { println("x"); }') as path:
        assert netstrata("show", "--control", path)[1] == "the program's statements generate no files now\n"
        assert netstrata("goals", "--control", path)[1] == "the program has no goals: see `netstrata doc on_request`\n"


def test_who_may_only_read_is_told_the_commands_that_he_may_use() -> None:
    given = {"verb": "Ask", "allowed": ["Status", "Why", "Watch", "Graph", "Show"]}

    assert told(Refusal("PermissionDenied", given), "up")[:2] == (
        "permission denied: up",
        "you may use status, why, log, watch, show; members of the group netdev may steer, too",
    )
