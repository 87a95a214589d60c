"""Programs whose output is known byte for byte, each run as NCD would be run: in a process of its own."""

import re
from pathlib import Path

import pytest
from tests.conformance.cases import Case, cases_of, command_of, run_case

FOLDERS = {"language": 280, "core": 375, "system": 119}
KNOWN = [pytest.param(case, id=f"{folder}-{case.path.stem}") for folder in FOLDERS for case in cases_of(folder)]


# A busy machine may take away the tens of milliseconds that a program waits.  See clocks.py.
TIMERS = re.compile(rb"\b(sleep|periodic_timer|imperative)\(|--retry-time")
NOT_ALONE = re.compile(rb"\bclock_get_ms\(|--retry-time 0")  # what a clock that jumps cannot do
REAL = ("", "5", "20")  # the real clock, then slower ones, so that all that is no timer takes no time
FASTER = ("", "0.2", "0.1")  # where a child sleeps for longer than the program
SLEEPERS = {"run_term_while_do_running", "runonce_no_term_by_default"}


def clocks_of(case: Case) -> list[tuple[str, ...]]:
    """Return the clocks by which a case must come out: by one of each tuple.

    With timers alone it must come out by the clock that jumps, on any machine; and in real time.
    """
    words, _ = command_of(case)
    text = case.path.read_bytes() + " ".join(words).encode()
    if not TIMERS.search(text) and not NOT_ALONE.search(text):
        return [("",)]
    if case.path.stem in SLEEPERS:
        return [FASTER]
    alone = case.path.parent.name != "system" and not NOT_ALONE.search(text)
    return [("jumping",), REAL] if alone else [REAL]


@pytest.mark.parametrize("case", KNOWN)
def test_a_program_prints_and_ends_as_it_does_in_ncd(case: Case, tmp_path: Path) -> None:
    for clocks in clocks_of(case):
        for clock in clocks:
            folder = tmp_path / f"by{clock}"
            folder.mkdir()
            result = run_case(case, folder, clock)
            if result == (case.exit_code, case.stdout):
                break

        assert result == (case.exit_code, case.stdout)


@pytest.mark.parametrize(("folder", "count"), FOLDERS.items())
def test_no_case_is_missing(folder: str, count: int) -> None:
    assert len(cases_of(folder)) == count
