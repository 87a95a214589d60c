"""When routers are asked."""

from math import inf

import pytest

from netstrata.protocols.ndp import Solicitation, solicitation


def times(chance: float, most: int = 14) -> list[float]:
    asking, found, now = Solicitation(), [], 0.0
    asking.begin(now)
    for _ in range(most):
        now = asking.due_s
        found.append(now)
        asking.sent(now, chance)
    return found


def test_it_is_asked_at_once_then_less_and_less_often_up_to_once_an_hour() -> None:
    assert times(0.5) == [0, 4, 12, 28, 60, 124, 252, 508, 1020, 2044, 4092, 7692, 11292, 14892]


@pytest.mark.parametrize("chance", [0, 1])
def test_chance_moves_each_time_by_a_tenth_or_so(chance: float) -> None:
    share = 0.2 * chance - 0.1
    first, last = 4 * (1 + share), 3600 * (1 + share)
    found = times(chance)

    assert found[1] == pytest.approx(first)
    assert found[2] - found[1] == pytest.approx(first * (2 + share))
    assert found[-1] - found[-2] == pytest.approx(last)


def test_nobody_is_asked_any_more_once_a_router_has_answered_until_it_is_gone() -> None:
    asking = Solicitation()
    asking.begin(0)
    asking.sent(0, 0.5)

    asking.end()

    assert asking.due_s == inf
    asking.begin(100)
    assert (asking.due_s, asking.count) == (100, 0)


def test_what_could_not_be_sent_is_tried_again_soon_and_was_not_asked() -> None:
    asking = Solicitation()
    asking.begin(0)

    asking.could_not_be_sent(0)

    assert (asking.due_s, asking.count) == (1, 0)


def test_a_solicitation_names_the_mac_of_an_ethernet_link() -> None:
    assert solicitation(bytes.fromhex("020000000a01")).hex() == "85000000000000000101020000000a01"
    assert solicitation(b"").hex() == "8500000000000000"
