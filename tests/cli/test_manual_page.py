"""The manual pages say all that the command line knows."""

import argparse
import re
import runpy
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from netstrata.cli.commands import command_line
from netstrata.cli.options import USAGE

ROOT = Path(__file__).parents[2]
PAGES: dict[str, str] = runpy.run_path(str(ROOT / "tools/manual_page.py"))["pages"]()

OTHERS = {"JOURNAL_STREAM", "PATH"}  # variables that who starts us sets, and no user


def mandoc(*options: str, page: str) -> str:
    """Return what mandoc says of a page."""
    if shutil.which("mandoc") is None:
        pytest.skip("no mandoc here: apt-get install mandoc")
    done = subprocess.run(
        ["mandoc", *options], input=PAGES[page], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout


@cache
def read(page: str) -> str:
    """Return a page as it is read: without bold and underlined letters."""
    return re.sub(r".\x08", "", mandoc("-T", "utf8", "-O", "width=900", page=page))


def sections(text: str) -> dict[str, str]:
    """Return what is said of each command."""
    parts = re.split(r"^   (\S+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def subcommands() -> dict[str, argparse.ArgumentParser]:
    """Return what reads the words of each command."""
    found: Any = next(a for a in command_line()._actions if isinstance(a, argparse._SubParsersAction))
    choices: dict[str, argparse.ArgumentParser] = found.choices
    return choices


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_page_is_well_formed(page: str) -> None:
    problems = mandoc("-T", "lint", "-W", "warning", page=page).splitlines()

    assert [line for line in problems if "referenced manual not found" not in line] == []


@pytest.mark.parametrize("command", subcommands())
def test_a_command_stands_in_the_page_with_all_its_options_and_what_they_are_for(command: str) -> None:
    said = " ".join(sections(read("netstrata.1"))[command].split())

    for action in subcommands()[command]._actions:
        if action.dest == "help" or action.help == argparse.SUPPRESS:
            continue
        for option in action.option_strings:
            assert option in said
        if not action.option_strings:
            assert str(action.metavar or action.dest) in said or action.choices is not None
        if action.help and "%" not in action.help:
            assert action.help.rstrip(".")[1:].replace("`", "") in said.replace("`", "").replace("‘", "")


def test_no_command_stands_in_the_page_that_there_is_not() -> None:
    assert list(sections(read("netstrata.1"))) == list(subcommands())


def test_all_variables_of_the_environment_stand_in_the_page() -> None:
    sources = [file.read_text() for file in (ROOT / "src").rglob("*.py")]
    used = {name for text in sources for name in re.findall(r'environ[.a-z]*[\[(]"([A-Z_]+)"', text)}

    assert "NETSTRATA_CONTROL" in used
    assert {name for name in used if name not in read("netstrata.1")} <= OTHERS


def test_the_options_of_ncd_stand_in_its_page() -> None:
    said = read("netstrata-ncd.1")

    for option in re.findall(r"--[a-z-]+", " ".join(USAGE)):
        assert option in said
