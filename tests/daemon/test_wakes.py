"""Being woken when what is in the way changes."""

from collections.abc import Callable
from itertools import pairwise
from typing import cast

from netstrata.daemon.running.wakes import CanWake, Wakes
from netstrata.system.held import WaitQueues
from netstrata.testing.play import RETRY_MS, Play
from netstrata.values import Awaited, Unavailable


class Outside:
    """An outside where setting a link up fails, for a reason that is given."""

    def __init__(self, reason: Unavailable) -> None:
        self.reason = reason
        self.wait_queues = WaitQueues()
        self.wait_queues.knows("thing", self.listen)
        self.listened: list[str] = []  # to which things, at present
        self.attempts: list[int] = []
        self.works = False
        self.fails_to_listen = 0  # so many times
        self.then: Callable[[], None] = lambda: None  # is done with each attempt
        self.play: Play | None = None

    @property
    def links(self) -> "Outside":
        """Return itself: it is all ports."""
        return self

    def call_on_change(self, action: Callable[[], None]) -> Callable[[], None]:
        """Listen to any link."""
        self.wait_queues.knows("links", self.listen)
        return self.wait_queues.wait(Awaited("links", "any"), action)

    def listen(self, key: str) -> Callable[[], None]:
        """Listen to one thing."""
        if self.fails_to_listen:
            self.fails_to_listen -= 1
            raise Unavailable("listen to the kernel", "too many open files")
        self.listened.append(key)
        return lambda: self.listened.remove(key)

    def held_up(self, _link: str) -> "Outside":
        """Return itself: it is what is entered."""
        return self

    async def __aenter__(self) -> None:
        if self.play is not None:
            self.attempts.append(self.play.clock.now())
            self.play.engine.event(self.then)  # the kernel's word of it is heard later
        if not self.works:
            raise self.reason

    async def __aexit__(self, *_: object) -> None:
        """Leave nothing behind."""

    def played(self, program: str = 'process main { net.up("eth0"); println("up"); }') -> Play:
        """Play a program."""
        self.play = Play(program, self, observer=Wakes(cast(CanWake, self)))
        return self.play


def awaiting(*keys: str) -> Outside:
    """Return an outside that names what is waited for."""
    return Outside(Unavailable("set eth0 up", "it is in the way", awaits=tuple(Awaited("thing", key) for key in keys)))


def test_who_waits_begins_again_when_what_it_waits_for_has_changed_and_not_before() -> None:
    outside = awaiting("a", "b")
    play = outside.played()
    outside.works = True

    outside.wait_queues.changed("thing", "c")
    play.work_off()
    assert (play.output, outside.listened) == ("", ["a", "b"])
    outside.wait_queues.changed("thing", "b")
    play.work_off()

    assert (play.output, outside.listened) == ("up\n", [])


def test_what_names_nothing_waits_for_any_link() -> None:
    outside = Outside(Unavailable("set eth0 up", "no"))
    play = outside.played()
    assert outside.listened == ["any"]
    outside.works = True

    outside.wait_queues.changed("links", "any")
    play.work_off()

    assert (play.output, outside.listened) == ("up\n", [])


def test_who_has_ended_listens_no_more() -> None:
    outside = awaiting("a")
    play = outside.played()

    play.end()

    assert outside.listened == []


def test_listening_that_was_refused_is_tried_again_at_the_next_failure_and_leaves_nothing_half_done() -> None:
    outside = awaiting("a", "b")
    outside.fails_to_listen = 1
    play = outside.played()
    assert outside.listened == []

    play.pass_time(RETRY_MS)

    assert outside.listened == ["a", "b"]


def test_many_changes_at_once_are_one_attempt() -> None:
    outside = awaiting("a", "b")
    play = outside.played()
    play.pass_time(100)

    for _ in range(10_000):
        outside.wait_queues.changed("thing", "a")
        outside.wait_queues.changed("thing", "b")
    play.work_off()

    assert outside.attempts == [100]  # the first was made before there was a play to ask for the time
    assert play.engine.roots["main"].retries == 2


def test_an_attempt_that_changes_what_it_waits_for_is_not_made_again_and_again_without_a_pause() -> None:
    outside = awaiting("a")
    outside.then = lambda: outside.wait_queues.changed("thing", "a")
    play = outside.played()
    outside.wait_queues.changed("thing", "a")
    play.work_off()

    play.pass_time(9000)
    pauses = [after - before for before, after in pairwise(outside.attempts)]

    assert pauses[:6] == [10, 20, 40, 80, 160, 250]
    assert set(pauses[6:]) == {250}


def test_who_is_woken_in_vain_goes_on_with_its_growing_retry_time() -> None:
    outside = awaiting("a")
    play = outside.played()

    outside.wait_queues.changed("thing", "a")
    play.work_off()
    play.pass_time(RETRY_MS)

    assert play.engine.roots["main"].retries == 3
