"""Trying again when a link changes."""

from collections.abc import Callable
from typing import Any, cast

from netstrata.daemon.nudging import Nudge
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
    nudge = Nudge(cast(Ports, cast(Any, links)))
    process = Play('process main { net.up("eth0"); }').engine.roots[0]
    error = Unavailable("set eth0 up", "there is no link eth0")

    for _ in range(3):
        nudge.failed(process, process.code.slots[0], error)

    assert (links.asked, len(links.actions)) == (2, 1)
