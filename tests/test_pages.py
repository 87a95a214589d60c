"""What pages of the documentation say of tests: that they are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ["docs/behaviours.md", "docs/ncd-defects.md", "docs/bad-input.md", "docs/written-files.md"]
_TEST = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")


@pytest.mark.parametrize("page", PAGES)
def test_every_row_of_a_page_names_a_test_and_every_test_is_there(page: str) -> None:
    text = (ROOT / page).read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line and "held by" not in line]

    named = _TEST.findall(text)
    missing = [f"{path}::{name}" for path, name in named if f"def {name}(" not in _source(path)]

    assert [row for row in rows if not _TEST.search(row)] == []
    assert missing == []


def _source(path: str) -> str:
    file = ROOT / path
    return file.read_text() if file.exists() else ""
