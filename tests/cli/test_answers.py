"""Answers that nothing else prints: lists as tables, names and texts as lines."""

import io
from typing import Any

import pytest

from netstrata.cli.answers import print_answer
from netstrata.cli.commands import commands_by_verb
from netstrata.cli.terminal_style import Paint
from netstrata.control.verbs import verbs


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        ({}, []),
        ({"names": ["main.1", "lan"]}, ["main.1", "lan"]),
        ({"names": []}, ["no names"]),
        ({"text": "one"}, ["one"]),
        ({"files": {"a\x1b": "x"}}, [r"a\x1b  x"]),
        (
            {
                "goals": [
                    {"name": "vpn\x07", "asked": True, "state": "up", "by": ["a", "b"], "why": None},
                    {"name": "v", "asked": False, "state": "idle", "number": 0},
                ]
            },
            ["NAME     ASKED  STATE  BY   NUMBER", r"vpn\x07  yes    up     a b", "v               idle        0"],
        ),
    ],
    ids=["nothing", "names", "no names", "a text", "a map", "things"],
)
def test_an_answer_is_printed_as_it_is_and_harmless(
    answer: dict[str, Any], lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    print_answer(answer, Paint(io.StringIO()))

    assert capsys.readouterr().out.splitlines() == lines


def test_the_commands_that_ask_ask_for_verbs_that_there_are() -> None:
    assert set(commands_by_verb()) <= set(verbs())
    assert commands_by_verb()["Watch"] == "log, watch"
    others = {"Graph", "Source", "Files", "Text", "Allowed", "Confirmation"}  # the console's, `show` and `status`
    assert set(verbs()) - set(commands_by_verb()) == others
