"""Which of the kernel's news about routes of others are heard: see `protocols/rtnetlink/route_filter`."""

from collections import Counter
from typing import Final, NamedTuple

from netstrata.protocols.rtnetlink.constants import AF_INET, AF_INET6
from netstrata.protocols.rtnetlink.route_filter import Network, route_filter

MOST: Final = 64  # destinations that are compared; of more all networks as long are heard of, or all that is replaced


class Place(NamedTuple):
    """Where a route of ours stands, or one of the kernel's that is needed, which others may replace."""

    destination: bytes  # with its prefix length as one more byte


# Routes to networks of one length, whosever they are; to one destination, with its prefix length as one more byte; of a
# family's without a gateway; whatever is put where something stands.
Heard = Network | bytes | int | Place


class HeardRoutes:
    """All that is to be heard of, counted."""

    __slots__ = ("_counts", "_places")

    def __init__(self) -> None:
        self._counts: Counter[Network | bytes | int] = Counter()
        self._places: Counter[bytes] = Counter()

    def add(self, what: Heard) -> bool:
        """Hear of something; say whether that changes the filter."""
        if isinstance(what, Place):
            self._places[what.destination] += 1
            return self._places[what.destination] == 1 and len(self._places) <= MOST + 1
        self._counts[what] += 1
        return self._counts[what] == 1

    def remove(self, what: Heard) -> bool:
        """Take back one `add`; say whether that changes the filter."""
        if isinstance(what, Place):
            self._places[what.destination] -= 1
            if self._places[what.destination]:
                return False
            del self._places[what.destination]
            return len(self._places) <= MOST
        self._counts[what] -= 1
        if self._counts[what]:
            return False
        del self._counts[what]
        return True

    def filter(self, own_port: int) -> bytes:
        """Return the filter."""
        foreign = {one for one in self._counts if isinstance(one, tuple)}
        awaited = [one for one in self._counts if isinstance(one, bytes)]
        if len(awaited) > MOST:
            foreign |= {(AF_INET if len(one) == 5 else AF_INET6, one[-1]) for one in awaited}
            awaited = []
        near = [one for one in self._counts if isinstance(one, int)]
        places = list(self._places) if len(self._places) <= MOST else None
        return route_filter(own_port, foreign, awaited, near, places)
