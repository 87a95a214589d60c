"""The life of a default route, pair by pair, and the metrics."""

from itertools import product

from netstrata.protocols.gateways import (
    ACTIVE,
    ADDED,
    ASKED,
    GIVEN_UP,
    GONE,
    IGNORED,
    INACTIVE,
    REMOVED,
    THERE,
    low_metric,
    step,
)

STATES = (INACTIVE, ADDED, ACTIVE, REMOVED)
EVENTS = (ASKED, GIVEN_UP, THERE, GONE)


def test_each_pair_leads_somewhere_or_is_ignored_on_purpose() -> None:
    unchanged = {(state, event) for state, event in product(STATES, EVENTS) if step(state, event) == state}
    assert unchanged == IGNORED


def test_a_route_that_is_asked_for_and_given_up_goes_all_the_way_round() -> None:
    state, seen = INACTIVE, []
    for event in (ASKED, THERE, GIVEN_UP, GONE):
        state = step(state, event)
        seen.append(state)
    assert seen == [ADDED, ACTIVE, REMOVED, INACTIVE]


def test_only_what_the_kernel_says_makes_a_route_active_or_inactive() -> None:
    asked = {step(state, event) for state in STATES for event in (ASKED, GIVEN_UP)}
    for state in STATES:
        assert step(state, ASKED) in (ADDED, state)
        assert step(state, GIVEN_UP) in (REMOVED, state)
    assert asked == set(STATES)


def test_metrics_are_apart_for_each_link_and_gateway_and_worse_than_others() -> None:
    metrics = [low_metric(ifindex, place) for ifindex in range(1, 3000) for place in range(8)]
    assert len(set(metrics)) == len(metrics)
    assert min(metrics) > 2**31 - 1
    assert max(metrics) == 2**32 - 2
