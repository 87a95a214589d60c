"""Programs whose output is known byte for byte, each run as NCD would be run: in a process of its own."""

import re
from pathlib import Path

import pytest
from tests.conformance.cases import Case, cases_of, command_of, run_case

FOLDERS = {"language": 280, "core": 375, "system": 119}
KNOWN = [pytest.param(case, id=f"{folder}-{case.path.stem}") for folder in FOLDERS for case in cases_of(folder)]


# A busy machine may take away the tens of milliseconds that a program waits.  See clocks.py.
TIMERS = re.compile(rb"\b(sleep|periodic_timer|imperative)\(|--retry-time")
REAL_TIME = re.compile(rb"\bclock_get_ms\(|--retry-time 0")  # what a clock that jumps cannot do
SLOWER = ("", "5", "20")  # where children and others do something meanwhile
FASTER = ("", "0.2", "0.1")  # where a child sleeps for longer than the program
SLEEPERS = {"run_term_while_do_running", "runonce_no_term_by_default"}


def clocks_of(case: Case) -> tuple[str, ...]:
    """Return the clocks by one of which a case must come out."""
    words, _ = command_of(case)
    text = case.path.read_bytes() + " ".join(words).encode()
    if REAL_TIME.search(text) or (TIMERS.search(text) and case.path.parent.name == "system"):
        return FASTER if case.path.stem in SLEEPERS else SLOWER
    return ("jumping",) if TIMERS.search(text) else ("",)


@pytest.mark.parametrize("case", KNOWN)
def test_a_program_prints_and_ends_as_it_does_in_ncd(case: Case, tmp_path: Path) -> None:
    for clock in clocks_of(case):
        folder = tmp_path / f"by{clock}"
        folder.mkdir()
        result = run_case(case, folder, clock)
        if result == (case.exit_code, case.stdout):
            return

    assert result == (case.exit_code, case.stdout)


@pytest.mark.parametrize(("folder", "count"), FOLDERS.items())
def test_no_case_is_missing(folder: str, count: int) -> None:
    assert len(cases_of(folder)) == count
