"""Those who watch links: each is told of every change, so that two in one turn are two and not none."""

from collections import deque
from collections.abc import Callable, Sequence
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


class Carrier:
    """Watches whether one link has carrier."""

    __slots__ = ("_tell", "ifindex", "running")

    def __init__(self, ifindex: int, running: bool, tell: Callable[[bool], None]) -> None:
        self.ifindex = ifindex
        self.running = running
        self._tell = tell

    def becomes(self, running: bool) -> None:
        """Take note of the carrier."""
        if running != self.running:
            self.running = running
            self._tell(running)


class Census(Queue[LinkChange]):
    """Watches which links there are."""

    __slots__ = ("known",)

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, int] = {}  # indexes of links by each name that was told

    def names_of(self, ifindex: int) -> list[str]:
        """Return by which names a link was told."""
        return [name for name, known in self.known.items() if known == ifindex]

    def has(self, name: str, ifindex: int) -> None:
        """Take note that a link has a name; one that had it until now has it no more."""
        if name in self.known:
            self.has_no_more(name)
        self.known[name] = ifindex
        self.put(LinkChange(True, name, ifindex))

    def has_no_more(self, name: str) -> None:
        """Take note that a link does not have that name any more."""
        self.put(LinkChange(False, name, self.known.pop(name)))


class Watchers:
    """All who watch links, found by what they watch.

    A link that is held under another name by this program goes by both, as long as it exists: who waits for it, and
    renames it above, would else take away what it stands on.
    """

    __slots__ = ("_carriers", "_censuses", "_index_of", "_names", "_own_names", "falls")

    def __init__(self, own_names: Callable[[int], Sequence[str]], index_of: Callable[[str], int]) -> None:
        """Take what says how this program has called a link, and how the kernel calls it now."""
        self._own_names = own_names
        self._index_of = index_of
        self._names: dict[str, list[Presence]] = {}
        self._carriers: dict[int, list[Carrier]] = {}
        self._censuses: list[Census] = []
        self.falls = 0  # how often anybody was told that something is not there any more

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
        own = self._own_names(link.ifindex) if self._names or self._censuses else ()
        if self._names:
            names = (link.name, *link.altnames, *own)
            for name in names:
                for presence in self._names.get(name, ()):
                    if not self._keeps(name, presence.ifindex):
                        presence.becomes(link.ifindex)
            self._loses_name(link.ifindex, names)
        for carrier in self._carriers.get(link.ifindex, ()):
            self.falls += carrier.running > link.running
            carrier.becomes(link.running)
        for census in self._censuses:
            self.count(census, link.ifindex, (*own, link.name))

    def count(self, census: Census, ifindex: int, names: Sequence[str]) -> None:
        """Tell a census by which names a link goes now."""
        for name in census.names_of(ifindex):
            if name not in names and (there := self._index_of(name)) != ifindex:  # else it has got it back since
                census.has_no_more(name)
                self.falls += 1
                if there:
                    census.has(name, there)  # it waited for the name
        for name in names:
            known = census.known.get(name, 0)
            if known != ifindex and not self._keeps(name, known):
                census.has(name, ifindex)

    def is_gone(self, ifindex: int) -> None:
        """Tell that a link is not there any more."""
        self._loses_name(ifindex, ())
        for carrier in self._carriers.get(ifindex, ()):
            carrier.becomes(False)
        for census in self._censuses:
            self.count(census, ifindex, ())

    def watched(self) -> set[int]:
        """Return the indexes of the links that somebody believes to be there."""
        believed = {p.ifindex for watching in self._names.values() for p in watching if p.ifindex}
        believed.update(self._carriers)
        for census in self._censuses:
            believed.update(census.known.values())
        return believed

    def _keeps(self, name: str, ifindex: int) -> bool:
        """Say whether a link goes by a name still, although another one has that by now."""
        return ifindex != 0 and name in self._own_names(ifindex)

    def _loses_name(self, ifindex: int, kept: tuple[str, ...]) -> None:
        """Tell those who watch a name that this link had and has no more, but for what was told before it got it back.

        Another link may have it by now.
        """
        for name, watching in self._names.items():
            if name not in kept and any(presence.ifindex == ifindex for presence in watching):
                there = self._index_of(name)
                for presence in watching:
                    if presence.ifindex == ifindex != there:
                        self.falls += 1
                        presence.becomes(0)
                        presence.becomes(there)


K = TypeVar("K")
V = TypeVar("V")


def _take_out(table: dict[K, list[V]], key: K, value: V) -> None:
    kept = [one for one in table[key] if one is not value]
    if kept:
        table[key] = kept
    else:
        del table[key]
