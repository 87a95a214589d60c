"""When a prober asks, and what it believes."""

from netstrata.protocols.presence import ABSENT, THERE, UNKNOWN, Presence


def waits_until(presence: Presence, count: int) -> list[tuple[float, bool]]:
    """Let so many questions go unanswered; return when each is asked, and whether the belief changes."""
    now = 0.0
    found = []
    for _ in range(count):
        now += presence.wait()
        found.append((now, presence.asked()))
    return found


def test_nobody_is_there_after_seven_questions_in_six_seconds() -> None:
    presence = Presence()

    asked = waits_until(presence, 6)

    assert asked == [(1, False), (2, False), (3, False), (4, False), (5, False), (6, True)]
    assert presence.state == ABSENT


def test_an_answer_shows_at_once_that_somebody_is_there() -> None:
    presence = Presence()
    waits_until(presence, 3)

    assert (presence.answered(), presence.state, presence.wait()) == (True, THERE, 15)
    assert not presence.answered()


def test_somebody_is_gone_41_seconds_after_the_last_answer() -> None:
    presence = Presence()
    presence.answered()

    asked = waits_until(presence, 9)

    assert [when for when, _ in asked] == [15, 25, 35, 36, 37, 38, 39, 40, 41]
    assert [changed for _, changed in asked] == [False] * 8 + [True]


def test_an_answer_in_the_last_second_begins_it_all_again() -> None:
    presence = Presence()
    presence.answered()
    waits_until(presence, 8)

    assert (presence.answered(), presence.wait()) == (False, 15)
    assert waits_until(presence, 9)[-1] == (41, True)


def test_somebody_who_is_not_there_is_asked_for_every_15_seconds() -> None:
    presence = Presence()
    assert presence.state == UNKNOWN
    waits_until(presence, 6)

    assert waits_until(presence, 3) == [(15, False), (30, False), (45, False)]
    assert presence.answered()
