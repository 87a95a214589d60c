"""One word for each thing: names that GLOSSARY.md has left behind do not come back into the code."""

import re
import tokenize
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
_NAME = re.compile(r"`(\w+)`(?=,|$)")  # but for those with a sense in brackets behind them, which have others, too


def left_behind() -> set[str]:
    """Return the names that the code has no more."""
    table = (ROOT / "GLOSSARY.md").read_text().partition("## Names in the code")[2]
    rows = [row.split("|") for row in table.splitlines() if row.startswith("| `")]
    return {name for row in rows for name in _NAME.findall(row[3].strip())}


# Each is one thing in its room, and another one in another room.
SAID_TWICE = {"Failure", "LinkFacts", "Place", "Spec"}


def test_no_two_classes_about_the_daemon_and_the_system_have_one_name() -> None:
    rooms = ("cli", "console", "control", "daemon", "system")
    paths = [path for room in rooms for path in (ROOT / "src/netstrata" / room).glob("**/*.py")]
    names = Counter(name for path in paths for name in re.findall(r"^class ([A-Z]\w+)", path.read_text(), re.MULTILINE))

    assert len(names) > 100
    assert {name for name, count in names.items() if count > 1} <= SAID_TWICE


def test_no_name_that_was_left_behind_is_used() -> None:
    old = left_behind()
    found: list[str] = []
    for path in [*ROOT.glob("src/**/*.py"), *ROOT.glob("bench/**/*.py")]:
        with tokenize.open(path) as file:
            names = [one for one in tokenize.generate_tokens(file.readline) if one.type == tokenize.NAME]
        found += [f"{path.relative_to(ROOT)}:{one.start[0]}: {one.string}" for one in names if one.string in old]

    assert {"Ear", "Outsider", "Roll", "STEER", "lost_too_often", "masked"} <= old
    assert not {"heard", "live", "top"} & old
    assert found == []
