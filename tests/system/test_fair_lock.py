"""Turns: first come, first served."""

from netstrata.system.fair_lock import FairLock


def test_who_comes_first_has_the_turn_and_gives_it_to_the_next() -> None:
    called: list[str] = []
    queue = FairLock()
    first, second, third = (queue.ask(lambda name=name: called.append(name)) for name in "abc")  # type: ignore[misc]

    assert (first.held, second.held, called) == (True, False, [])
    second.close()
    first.close()

    assert (third.held, called) == (True, ["c"])


def test_giving_up_twice_takes_the_turn_from_nobody() -> None:
    queue = FairLock()
    first = queue.ask(lambda: None)
    first.close()
    second = queue.ask(lambda: None)

    first.close()

    assert second.held
    assert not queue.ask(lambda: None).held
