"""How long a failed statement waits."""

from netstrata.daemon.retrying import BackOff


def test_waits_double_up_to_a_minute() -> None:
    waits = [BackOff(5000, chance=0.0).delay(failures) for failures in range(6)]

    assert waits == [5000, 10_000, 20_000, 40_000, 60_000, 60_000]


def test_daemons_differ_in_all_but_the_first_wait() -> None:
    one, other = BackOff(5000, chance=0.0), BackOff(5000, chance=1.0)

    assert one.delay(0) == other.delay(0) == 5000
    assert (one.delay(1), other.delay(1)) == (10_000, 11_000)


def test_a_first_wait_over_a_minute_is_kept() -> None:
    assert [BackOff(600_000, chance=0.0).delay(failures) for failures in (0, 1, 9)] == [600_000] * 3
