"""Programs whose output is known byte for byte, each run as NCD would be run: in a process of its own."""

from pathlib import Path

import pytest
from tests.conformance.cases import Case, cases_of, run_case

FOLDERS = {"language": 280, "core": 375}
KNOWN = [pytest.param(case, id=f"{folder}-{case.path.stem}") for folder in FOLDERS for case in cases_of(folder)]


@pytest.mark.parametrize("case", KNOWN)
def test_a_program_prints_and_ends_as_it_does_in_ncd(case: Case, tmp_path: Path) -> None:
    assert run_case(case, tmp_path) == (case.exit_code, case.stdout)


@pytest.mark.parametrize(("folder", "count"), FOLDERS.items())
def test_no_case_is_missing(folder: str, count: int) -> None:
    assert len(cases_of(folder)) == count
