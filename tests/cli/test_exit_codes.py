"""The exit codes of commands that ask a daemon: which answer is which number."""

import socket
from pathlib import Path

import pytest

from netstrata.cli import client
from netstrata.cli.dispatch import run_command
from tests.cli.programs import netstrata
from tests.daemon.daemons import Started

PROGRAM = 'process main { var("x") v; }'


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("status",), 0),
        (("why", "main"), 0),
        (("log", "--json=lines"), 0),
        (("restart", "main"), 0),
        (("restart", "main", "--layer", "9"), 2),
        (("log", "--kind", "noise"), 2),
        (("log", "--json=xml"), 2),
        (("why", "nobody"), 10),
        (("status", "nobody"), 10),
        (("restart", "main:7"), 10),
        (("restart", "main:nothing"), 10),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_a_daemons_answer_is_a_number(words: tuple[str, ...], code: int, tmp_path: Path) -> None:
    with Started(tmp_path, PROGRAM) as daemon:
        found, _, problem = netstrata(*words, "--control", daemon.path)

    assert (found, problem == "") == (code, code == 0)


def test_nobody_there_is_eight(tmp_path: Path) -> None:
    code, _, problem = netstrata("status", "--control", str(tmp_path / "nothing"))

    assert code == 8
    assert problem.startswith("error: no daemon answers at ")


def test_no_answer_in_time_is_three(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "control")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as mute:
        mute.bind(path)
        mute.listen()
        monkeypatch.setattr(client.Connection.__init__, "__defaults__", ("", 0.1))

        code = run_command(["status", "--control", path])

    assert code == 3
    assert "does not answer within 0.1 s" in capsys.readouterr().err
