"""Whether anything gets through: how soon it is known, and what loss does not fool it."""

from random import Random

import pytest

from netstrata.protocols.reachability import (
    FAST,
    FAST_PAGES,
    PAGES,
    REACHABLE,
    STEADY,
    SUSPECTED,
    UNKNOWN,
    UNREACHABLE,
    Pace,
    Reachability,
)


class World:
    """A far end that answers, or not, in a time that passes only here."""

    def __init__(self, pace: Pace, seed: int = 1, rtt_s: float = 0.02) -> None:
        self.reachability = Reachability(pace)
        self.now_s = 1000.0
        self.loss = 0.0  # of a question or its answer
        self.rtt_s = rtt_s
        self.asked = 0
        self._random = Random(seed)
        self._coming: list[tuple[float, int]] = []

    def run(self, seconds: float) -> list[tuple[float, str]]:
        """Return when the state was another one, and which."""
        end_s = self.now_s + seconds
        seen: list[tuple[float, str]] = []
        began_s = self.now_s
        while self.now_s < end_s:
            before = self.reachability.state
            for come in [one for one in self._coming if one[0] <= self.now_s]:
                self._coming.remove(come)
                self.reachability.answered(come[1], self.now_s)
            number = self.reachability.ask(self.now_s)
            if number is not None:
                self.asked += 1
                if self._random.random() >= self.loss:
                    self._coming.append((self.now_s + self.rtt_s, number))
            if self.reachability.state != before:
                seen.append((self.now_s - began_s, self.reachability.state))
            due_s = min([self.now_s + self.reachability.wait(self.now_s), *(at_s for at_s, _ in self._coming)])
            self.now_s = min(max(due_s, self.now_s + 1e-4), end_s)
        return seen

    def until(self, state: str) -> float:
        """Return how long it took to be in a state."""
        began_s = self.now_s
        while self.reachability.state != state and self.now_s < began_s + 100:
            self.run(0.1)
        return self.now_s - began_s


@pytest.mark.parametrize(("pace", "most_s"), [(STEADY, 3.0), (FAST, 0.5)])
@pytest.mark.parametrize("phase", range(20))
def test_that_nothing_gets_through_any_more_is_known_in_time(pace: Pace, most_s: float, phase: int) -> None:
    world = World(pace)
    assert [state for _, state in world.run(10 + pace.interval_s * phase / 20)] == [REACHABLE]
    world.loss = 1.0

    states = world.run(20)

    assert [state for _, state in states] == [SUSPECTED, UNREACHABLE]
    assert states[-1][0] <= most_s
    world.loss = 0.0
    assert [state for _, state in world.run(20)] == [REACHABLE]


@pytest.mark.parametrize("seed", range(20))
def test_a_fifth_of_all_packets_lost_each_way_for_ten_minutes_is_no_reason(seed: int) -> None:
    world = World(STEADY, seed)
    world.loss = 1 - 0.8 * 0.8

    states = {state for _, state in world.run(600)}

    assert states == {REACHABLE, SUSPECTED}
    assert world.asked < 600 * 5


def test_one_that_never_answers_is_known_at_once_and_asked_less_then() -> None:
    world = World(STEADY)
    world.loss = 1.0

    ((at_s, state),) = world.run(5)

    assert (at_s < 1.5, state) == (True, UNREACHABLE)
    before = world.asked
    world.run(100)
    assert world.asked - before <= 101


def test_one_that_comes_and_goes_must_answer_longer_each_time() -> None:
    world = World(STEADY)
    world.run(5)
    waits = []
    for _ in range(6):
        world.loss = 1.0
        world.run(4)
        world.loss = 0.0
        waits.append(world.until(REACHABLE))
    assert waits == sorted(waits)
    assert waits[0] < 6
    assert 55 < waits[-1] < 65


def test_answers_that_take_longer_than_patience_are_answers() -> None:
    """As over a satellite: 700 ms, more than twice what is waited at least."""
    world = World(STEADY, rtt_s=0.7)

    states = [state for _, state in world.run(60)]

    assert UNREACHABLE not in states
    assert world.reachability.state == REACHABLE


@pytest.mark.parametrize(("pace", "most_s"), [(PAGES, 45.0), (FAST_PAGES, 10.0)])
@pytest.mark.parametrize("phase", range(10))
def test_pages_that_do_not_come_any_more_are_known_of_in_time(pace: Pace, most_s: float, phase: int) -> None:
    world = World(pace)
    assert [state for _, state in world.run(100 + pace.interval_s * phase / 10)] == [REACHABLE]
    world.loss = 1.0

    states = world.run(100)

    assert [state for _, state in states] == [SUSPECTED, UNREACHABLE]
    assert states[-1][0] <= most_s
    world.loss = 0.0
    assert world.until(REACHABLE) <= 2 * pace.away_s + 1


def test_a_question_that_fails_is_known_at_once_and_counts_as_one_that_is_not_answered() -> None:
    reachability = Reachability(STEADY)
    first = reachability.ask(0.0)
    assert first is not None
    reachability.answered(first, 0.02)
    asked = 0
    now_s = known_s = 1.0
    while reachability.state != UNREACHABLE:
        number = reachability.ask(now_s)
        if number is not None:
            asked, known_s = asked + 1, now_s
            reachability.failed(number, now_s)
            reachability.failed(number, now_s)
        now_s += reachability.wait(now_s) + 1e-6

    assert asked == STEADY.tries
    assert known_s == pytest.approx(1.0 + (asked - 1) * STEADY.hasty_s, abs=0.01)


def test_a_hint_has_it_asked_at_once_and_is_not_believed_by_itself() -> None:
    reachability = Reachability(PAGES)
    first = reachability.ask(0.0)
    assert first is not None
    reachability.answered(first, 0.02)
    assert reachability.wait(5.0) == 25.0

    reachability.suspect()

    assert reachability.wait(5.0) == 0.0
    again = reachability.ask(5.0)
    assert again is not None
    reachability.answered(again, 5.02)
    assert (reachability.state, reachability.wait(5.0)) == (REACHABLE, 30.0)
    assert Reachability(PAGES).state == UNKNOWN


def test_questions_are_earlier_by_chance_and_never_later() -> None:
    waits = set()
    for chances in ([0.0], [0.5], [1.0]):
        reachability = Reachability(PAGES, chances.pop)
        first = reachability.ask(0.0)
        assert first is not None
        reachability.answered(first, 0.0)
        waits.add(round(reachability.wait(0.0), 3))
    assert waits == {30.0, 28.5, 27.0}
