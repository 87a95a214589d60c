"""Trying again when a link changes."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, cast

from netstrata.daemon.running.link_retries import LinkRetries
from netstrata.ports import Ports
from netstrata.testing.play import Play
from netstrata.values import Unavailable


class LinksLater:
    """Links that cannot be listened to the first time."""

    def __init__(self) -> None:
        self.asked = 0
        self.actions: list[Callable[[], None]] = []

    @property
    def links(self) -> "LinksLater":
        """Return itself: it is all ports."""
        return self

    def call_on_change(self, action: Callable[[], None]) -> None:
        """Refuse once."""
        self.asked += 1
        if self.asked == 1:
            raise Unavailable("listen to the kernel", "too many open files")
        self.actions.append(action)


def test_listening_that_was_refused_is_tried_again_at_the_next_failure() -> None:
    links = LinksLater()
    nudge = LinkRetries(cast(Ports, cast(Any, links)))
    process = Play('process main { net.up("eth0"); }').engine.roots["main"]
    error = Unavailable("set eth0 up", "there is no link eth0")

    for _ in range(3):
        nudge.failed(process, process.code.slots[0], error)

    assert (links.asked, len(links.actions)) == (2, 1)


class Restless:
    """Links that change with each attempt to set one up, which fails."""

    def __init__(self) -> None:
        self.attempts: list[int] = []
        self.play: Play | None = None
        self.action: Callable[[], None] | None = None

    @property
    def links(self) -> "Restless":
        """Return itself: it is all ports."""
        return self

    def call_on_change(self, action: Callable[[], None]) -> None:
        """Remember who is to be told."""
        self.action = action

    def held_up(self, _link: str) -> "Restless":
        """Return itself: it is what is entered."""
        return self

    async def __aenter__(self) -> None:
        if self.play is not None and self.action is not None:
            self.attempts.append(self.play.clock.now())
            self.play.engine.event(self.action)  # the kernel's word of it is heard later
        raise Unavailable("set eth0 up", "no")

    async def __aexit__(self, *_: object) -> None:
        """Leave nothing behind."""


def test_an_attempt_that_changes_links_itself_is_not_made_again_and_again_without_a_pause() -> None:
    links = Restless()
    nudge = LinkRetries(cast(Ports, cast(Any, links)))
    links.play = Play('process main { net.up("eth0"); }', links, observer=nudge)

    links.play.pass_time(9000)
    pauses = [after - before for before, after in pairwise(links.attempts)]

    assert pauses[:7] == [0, 10, 20, 40, 80, 160, 250]
    assert set(pauses[7:]) == {250}
