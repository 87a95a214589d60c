"""An answer that is lost says nothing: neither that a change was made, nor that it was not.

The kernel has no memory for an answer, and says so as ENOBUFS; what it was asked for, it has done.  What then stands is
ours, and is undone; and what could not be undone at once, because the kernel refused it, is undone at the end.
"""

import pytest
from tests.system.test_failed_reads import PROGRAMS, wrong

from netstrata.testing.schedules.schedule import Step

WRITES = 6  # more than any of these takes
_WITH_JOURNAL: Step = ("die", "record", "999", "after")  # which none of them reaches
each = pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)


@each
@pytest.mark.parametrize("journal", [(), (_WITH_JOURNAL,)], ids=["without a journal", "with one"])
def test_what_was_made_without_an_answer_is_booked_and_undone(program: str, journal: tuple[Step, ...]) -> None:
    for number in range(WRITES):
        assert wrong(program, [*journal, ("silence", str(number)), ("settle",)]) == [], number


@each
@pytest.mark.parametrize("journal", [(), (_WITH_JOURNAL,)], ids=["without a journal", "with one"])
def test_what_was_undone_without_an_answer_is_undone(program: str, journal: tuple[Step, ...]) -> None:
    for number in range(WRITES):
        assert wrong(program, [*journal, ("settle",), ("silence", str(number)), ("end",)]) == [], number


@each
def test_what_was_made_without_an_answer_and_cannot_be_looked_at_is_undone_all_the_same(program: str) -> None:
    for number in range(WRITES):
        for read in range(4):
            steps: list[Step] = [_WITH_JOURNAL, ("silence", str(number)), ("fault", "read", str(read), "ENOMEM")]
            left = [one for one in wrong(program, [*steps, ("settle",)]) if not one.startswith("left behind")]
            assert left == [], (number, read)  # it is left for the moment, and undone before the daemon ends
