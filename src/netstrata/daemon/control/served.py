"""What clients of the control socket ask."""

from typing import Protocol

from netstrata.daemon.events.event import Event, EventSubscriber
from netstrata.daemon.pyramid.questions import View


class Timeline(Protocol):
    """Events in memory, and those to come."""

    @property
    def seq(self) -> int:
        """The number of the last event."""

    @property
    def id(self) -> str:
        """The id of the log, "" if it is a recording."""

    @property
    def oldest(self) -> int:
        """The number of the oldest event in memory, or that of the first to come."""

    def after(self, seq: int, most: int) -> list[Event]:
        """Return the oldest events in memory that are younger than a number, at most so many."""

    def subscribe(self, subscriber: EventSubscriber) -> None:
        """Call a subscriber with every event from now on."""

    def unsubscribe(self, subscriber: EventSubscriber) -> None:
        """Call it no more."""


class Served(Protocol):
    """What clients ask, a running program or a recording of one: it has a function for each verb that it knows."""

    @property
    def stream(self) -> Timeline:
        """What happens."""

    @property
    def view(self) -> View:
        """What stands."""
