"""Those who watch links, each with a queue of its own, so that two changes in one turn are two and not none."""

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from netstrata.ports.kernel import LinkChange
from netstrata.protocols.rtnetlink import LinkMessage

if TYPE_CHECKING:
    from asyncio import Future

T = TypeVar("T")


class Queue(Generic[T]):
    """What one watcher has still to be told."""

    __slots__ = ("_values", "_waiting")

    def __init__(self) -> None:
        self._values: deque[T] = deque()
        self._waiting: Future[None] | None = None

    def put(self, value: T) -> None:
        """Add a value and wake the watcher."""
        self._values.append(value)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def take(self) -> T:
        """Return the oldest value; waits only if there is none."""
        while not self._values:
            from asyncio import get_running_loop

            self._waiting = get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return self._values.popleft()


class Presence(Queue[bool]):
    """Watches whether a link of some name exists."""

    __slots__ = ("ifindex", "name")

    def __init__(self, name: str, ifindex: int) -> None:
        super().__init__()
        self.name = name
        self.ifindex = ifindex

    def becomes(self, ifindex: int) -> None:
        """Take note of which link has the name now, 0 for none."""
        if ifindex != self.ifindex:
            if self.ifindex:
                self.put(False)
            self.ifindex = ifindex
            if ifindex:
                self.put(True)


class Carrier(Queue[bool]):
    """Watches whether one link has carrier."""

    __slots__ = ("ifindex", "running")

    def __init__(self, ifindex: int, running: bool) -> None:
        super().__init__()
        self.ifindex = ifindex
        self.running = running

    def becomes(self, running: bool) -> None:
        """Take note of the carrier."""
        if running != self.running:
            self.running = running
            self.put(running)


class Census(Queue[LinkChange]):
    """Watches which links there are."""

    __slots__ = ("known",)

    def __init__(self, known: dict[int, str]) -> None:
        super().__init__()
        self.known = known

    def is_there(self, ifindex: int, name: str) -> None:
        """Take note of a link; one that had the name until now is gone."""
        if self.known.get(ifindex) == name:
            return
        self.is_gone(ifindex)
        for other in [index for index, known in self.known.items() if known == name]:
            self.is_gone(other)
        self.known[ifindex] = name
        self.put(LinkChange(True, name, ifindex))

    def is_gone(self, ifindex: int) -> None:
        """Take note that a link is not there any more."""
        name = self.known.pop(ifindex, None)
        if name is not None:
            self.put(LinkChange(False, name, ifindex))


class Watchers:
    """All who watch links, found by what they watch."""

    __slots__ = ("_carriers", "_censuses", "_names")

    def __init__(self) -> None:
        self._names: dict[str, list[Presence]] = {}
        self._carriers: dict[int, list[Carrier]] = {}
        self._censuses: list[Census] = []

    def add(self, watcher: Presence | Carrier | Census) -> None:
        """Tell a watcher from now on."""
        if isinstance(watcher, Presence):
            self._names.setdefault(watcher.name, []).append(watcher)
        elif isinstance(watcher, Carrier):
            self._carriers.setdefault(watcher.ifindex, []).append(watcher)
        else:
            self._censuses.append(watcher)

    def remove(self, watcher: Presence | Carrier | Census) -> None:
        """Tell a watcher no more."""
        if isinstance(watcher, Presence):
            _take_out(self._names, watcher.name, watcher)
        elif isinstance(watcher, Carrier):
            _take_out(self._carriers, watcher.ifindex, watcher)
        else:
            self._censuses.remove(watcher)

    def is_there(self, link: LinkMessage) -> None:
        """Tell what a link is like now."""
        if self._names:
            names = (link.name, *link.altnames)
            for name in names:
                for presence in self._names.get(name, ()):
                    presence.becomes(link.ifindex)
            self._loses_name(link.ifindex, names)
        for carrier in self._carriers.get(link.ifindex, ()):
            carrier.becomes(link.running)
        for census in self._censuses:
            census.is_there(link.ifindex, link.name)

    def is_gone(self, ifindex: int) -> None:
        """Tell that a link is not there any more."""
        self._loses_name(ifindex, ())
        for carrier in self._carriers.get(ifindex, ()):
            carrier.becomes(False)
        for census in self._censuses:
            census.is_gone(ifindex)

    def watched(self) -> set[int]:
        """Return the indexes of the links that somebody believes to be there."""
        believed = {p.ifindex for watching in self._names.values() for p in watching if p.ifindex}
        believed.update(self._carriers)
        for census in self._censuses:
            believed.update(census.known)
        return believed

    def _loses_name(self, ifindex: int, kept: tuple[str, ...]) -> None:
        """Tell those who watch a name that this link had and has no more."""
        for name, watching in self._names.items():
            if name not in kept:
                for presence in watching:
                    if presence.ifindex == ifindex:
                        presence.becomes(0)


K = TypeVar("K")
V = TypeVar("V")


def _take_out(table: dict[K, list[V]], key: K, value: V) -> None:
    kept = [one for one in table[key] if one is not value]
    if kept:
        table[key] = kept
    else:
        del table[key]
