"""Waits that grow, and begin again."""

from netstrata.protocols.backoff import STEADY, Restarts, wait_ms


def test_each_end_in_a_row_doubles_the_wait_up_to_a_minute() -> None:
    restarts = Restarts(10_000)

    assert [restarts.ended(lived=5) for _ in range(5)] == [10_000, 20_000, 40_000, 60_000, 60_000]


def test_what_has_lived_a_minute_begins_with_the_first_wait_again() -> None:
    restarts = Restarts(1_000)

    assert [restarts.ended(lived) for lived in (0, 0, 59_999, 60_000, 0)] == [1_000, 2_000, 4_000, 1_000, 2_000]


def test_as_ncd_every_wait_is_the_first() -> None:
    restarts = Restarts(10_000, STEADY)

    assert [restarts.ended(lived=0) for _ in range(3)] == [10_000] * 3


def test_what_is_started_again_at_once_and_ends_each_time_waits_longer_all_the_same() -> None:
    restarts, as_ncd = Restarts(0), Restarts(0, STEADY)

    assert [restarts.ended(lived=0) for _ in range(12)] == [0, *(2**doubled for doubled in range(1, 12))]
    assert [as_ncd.ended(lived=0) for _ in range(3)] == [0, 0, 0]


def test_a_first_wait_above_a_minute_stays_and_one_of_nothing_does_not_grow() -> None:
    assert [wait_ms(600_000, failures) for failures in (0, 1, 9)] == [600_000] * 3
    assert [wait_ms(0, failures) for failures in (0, 1, 9)] == [0] * 3


def test_a_thousand_failures_are_no_longer_than_a_minute() -> None:
    assert wait_ms(1, failures=1000) == 60_000
