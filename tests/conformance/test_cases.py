"""Programs whose output is known byte for byte, each run as NCD would be run: in a process of its own."""

import re
from pathlib import Path

import pytest
from tests.conformance.cases import Case, cases_of, run_case

FOLDERS = {"language": 280, "core": 375, "system": 119}
KNOWN = [pytest.param(case, id=f"{folder}-{case.path.stem}") for folder in FOLDERS for case in cases_of(folder)]


TRIES = 3  # of a case whose output hangs on real time: tens of milliseconds, which a busy machine may take away
REAL_TIME = re.compile(rb"\b(sleep|periodic_timer|clock_get_ms|imperative)\(|--retry-time")


@pytest.mark.parametrize("case", KNOWN)
def test_a_program_prints_and_ends_as_it_does_in_ncd(case: Case, tmp_path: Path) -> None:
    for attempt in range(TRIES if REAL_TIME.search(case.path.read_bytes()) else 1):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        result = run_case(case, folder)
        if result == (case.exit_code, case.stdout):
            return

    assert result == (case.exit_code, case.stdout)


@pytest.mark.parametrize(("folder", "count"), FOLDERS.items())
def test_no_case_is_missing(folder: str, count: int) -> None:
    assert len(cases_of(folder)) == count
