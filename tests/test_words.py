"""One word for each thing: names that GLOSSARY.md has left behind do not come back into the code."""

import re
import tokenize
from pathlib import Path

ROOT = Path(__file__).parents[1]
_NAME = re.compile(r"`(\w+)`(?=,|$)")  # but for those with a sense in brackets behind them, which have others, too


def left_behind() -> set[str]:
    """Return the names that the code has no more."""
    table = (ROOT / "GLOSSARY.md").read_text().partition("## Names in the code")[2]
    rows = [row.split("|") for row in table.splitlines() if row.startswith("| `")]
    return {name for row in rows for name in _NAME.findall(row[3].strip())}


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
