"""Makes a schedule that goes wrong smaller, as long as it goes wrong in the same way."""

from collections.abc import Callable

from netstrata.testing.schedules.run import Outcome
from netstrata.testing.schedules.schedule import Schedule


def kinds_of(outcome: Outcome) -> set[str]:
    """Return in which ways a schedule went wrong."""
    return {what.partition(":")[0] for what in outcome.wrong}


def shrink(schedule: Schedule, runs: Callable[[Schedule], Outcome]) -> Schedule:
    """Return the smallest schedule that is found by leaving out one thing after the other."""
    wanted = kinds_of(runs(schedule))
    smaller: Schedule | None = schedule
    while smaller is not None:
        schedule = smaller
        smaller = next((one for one in schedule.smaller() if wanted & kinds_of(runs(one))), None)
    return schedule
