"""What of a loud child is told."""

from pathlib import Path

from tests.daemon.daemons import Started

from netstrata.daemon.events.event import KEPT
from netstrata.daemon.events.rate_limiter import MANY, MOST, RateLimiter


def test_so_many_lines_in_a_second_are_allowed_and_again_in_the_next() -> None:
    allowance = RateLimiter()

    first = [allowance.count(7, 0.5) for _ in range(MOST + 2)]

    assert (first[0], first[MOST - 1], first[MOST], first[-1]) == (MOST - 1, 0, -1, -2)
    assert allowance.count(8, 0.5) == MOST - 1
    assert allowance.count(7, 1.5) == MOST - 1


def test_children_that_were_quiet_for_a_second_are_forgotten() -> None:
    allowance = RateLimiter()
    for pid in range(MANY):
        allowance.count(pid, 0.0)

    allowance.count(MANY, 2.0)
    allowance.count(0, 2.0)

    assert len(allowance._counts) == 2


def test_a_child_that_never_stops_pushes_nothing_else_out_of_memory(tmp_path: Path) -> None:
    text = """process loud { daemon({"/usr/bin/yes", "again"}); } process calm { var("x") v; }"""
    with Started(tmp_path, text, "--quiet") as daemon:
        left_out = next(
            event["text"]
            for answer in daemon.connect().stream("Watch", after=0, child="yes")
            for event in answer["events"]
            if event["text"] != "again"
        )
        kept = daemon.connect().call("Watch", after=0)["events"]

    assert left_out == "(more than 1000 lines in a second: what follows in this second is left out)"
    assert kept[0]["seq"] == 1
    assert len(kept) < KEPT
    assert len([event for event in kept if event.get("process") == "calm"]) == 4
