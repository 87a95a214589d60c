"""The demo's command line."""

import pytest

from netstrata.cli.demo import main


def test_an_unknown_word_is_named_and_the_usage_follows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--jason"]) == 2

    assert "does not know '--jason'" in (said := capsys.readouterr().err)
    assert "usage: netstrata demo" in said


def test_help_is_no_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    assert "--keep-going" in capsys.readouterr().out
