"""What becomes of rules, chains and policies that the programs have put into nftables, told by the kernel.

The programs of today (iptables-nft and its like) write to nftables, whose messages carry a handle for each rule and
chain, and who asked.  So we know which rule is ours, also among equal ones; we hear when somebody deletes it; and we
delete it ourselves by its handle, in 0.1 ms, where the program would take the first rule that looks the same.
The legacy programs write to tables that tell nothing: theirs is not noticed.
"""

import asyncio
import os
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from netstrata.protocols.nftables import NftObject
from netstrata.system.nftables.netlink import ROOM, NftSocket, Requests
from netstrata.system.nftables.reloads import Copies, Segments
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.system.nftables.entries import FilterEntries

FAMILIES = {"iptables": "ip", "ip6tables": "ip6", "ebtables": "bridge"}
POLICIES = {b"DROP": 0, b"ACCEPT": 1}  # NF_DROP, NF_ACCEPT


class Spot(NamedTuple):
    """Something that is held: a rule or a chain by its handle, or a chain's policy."""

    kind: str  # rule, chain or policy
    family: str
    table: str
    chain: str
    handle: int = 0
    policy: int = -1


class SpotHolder(Protocol):
    """Who holds a spot."""

    rule: NftObject | None  # what the kernel has told of it, if it is a rule that we have made

    def on_lost(self) -> None:
        """Somebody else has taken it away, or changed it."""

    def on_moved(self, spot: Spot) -> None:
        """Somebody else has deleted it, and made it again in the same transaction."""


@cache
def writes_nftables(program: str) -> bool:
    """Say whether a program is one of those that write to nftables, by the name of what it is a link to."""
    return "nft" in os.path.basename(os.path.realpath(program))


class FilterMonitor:
    """One for all changes that are held; its sockets are open while there are any."""

    __slots__ = ("_held", "_listener", "_news", "_requests", "_running", "_segments", "_users", "entries")

    def __init__(self, entries: "FilterEntries | None" = None) -> None:
        """Take where what was made is remembered for the next daemon."""
        self.entries = entries
        self._users = 0
        self._listener: NftSocket | None = None
        self._requests: Requests | None = None
        self._running = False
        self._news: list[NftObject] = []
        self._segments = Segments()
        self._held: dict[Spot, SpotHolder] = {}  # in the order of their coming

    def enter(self) -> None:
        """Begin to listen, if nobody does yet.  Where that cannot be, nothing is heard."""
        self._users += 1
        if self._listener is None:
            try:
                self._listener = NftSocket(ROOM)
                self._requests = Requests()
                if self.entries is not None:
                    self.entries.on_overrun()
            except Unavailable:
                self._close()
            else:
                asyncio.get_running_loop().add_reader(self._listener.socket.fileno(), self.read_messages)

    def leave(self) -> None:
        """Unsubscribe when the last one leaves."""
        self._users -= 1
        if not self._users:
            if self._listener is not None:
                asyncio.get_running_loop().remove_reader(self._listener.socket.fileno())
            self._close()

    def _close(self) -> None:
        for one in (self._listener, self._requests):
            if one is not None:
                one.socket.close()
        self._listener = self._requests = None

    def begin(self) -> None:
        """Put off what is told from now on: one of our own programs runs, and its changes are ours."""
        self.read_messages()
        self._running = True

    def ended(self, pid: int) -> list[NftObject]:
        """Return what our own program has done; what others did meanwhile is told with the next `read_messages`.

        If that is nothing, it may be a script that has the real program do it: then all that was done is returned.
        """
        self._running = False
        news = [*self._news, *self._read()]
        self._news = [one for one in news if one.port != pid]
        return [one for one in news if one.port == pid] or news

    def hold(self, spot: Spot, holder: SpotHolder) -> None:
        """Have a holder told when somebody else takes away what is held, or changes it."""
        self._held[spot] = holder
        self.read_messages()  # it may have been taken away before we knew it

    def let_go(self, spot: Spot) -> None:
        """Notify no more, after what has been told until now."""
        self.read_messages(at_once=True)
        self._held.pop(spot, None)

    def delete(self, spot: Spot) -> int:
        """Delete a rule by its handle, and return the error number, 0 for none."""
        assert self._requests is not None
        return self._requests.delete(spot.kind, spot.family, spot.table, spot.chain, spot.handle)

    def read_messages(self, *, at_once: bool = False) -> None:
        """Read messages, and notify whose objects were deleted or changed.

        What has been told only in part waits for the rest, but at once.
        """
        if self._running:
            self._news += self._read()
        else:
            news, self._news = [*self._news, *self._read()], []
            self._notify(news, at_once=at_once)

    def _read(self) -> list[NftObject]:
        objects = self._listener.read() if self._listener is not None else []
        if self.entries is not None:
            self.entries.on_objects(objects)
            if self._listener is not None and self._listener.overrun:
                self.entries.on_overrun()
        return objects

    def _notify(self, news: list[NftObject], *, at_once: bool) -> None:
        gone: set[Spot] = set()
        for transaction in self._segments.cut(news, at_once=at_once):
            gone |= self._lost_in(transaction)
        if self._listener is not None and self._listener.overrun:
            self._listener.overrun = False
            gone |= self._missing()
        for spot in [spot for spot in self._held if spot in gone]:  # who came first is told first
            self._held.pop(spot).on_lost()

    def _lost_in(self, transaction: list[NftObject]) -> set[Spot]:
        """Return what a transaction takes away and does not bring back; follow what it does."""
        copies = Copies(transaction)
        lost = {spot for one in copies.made() for spot in self._hit(one)}
        moved: dict[Spot, Spot] = {}
        for one in transaction:
            hit = [spot for spot in self._hit(one) if spot in self._held] if one.deleted else []
            copy = copies.take(one, self._held[hit[0]].rule) if hit else None
            if copy is None:
                lost.update(hit)
            else:
                moved.update({spot: spot._replace(handle=copy.handle) for spot in hit if spot.kind != "policy"})
        if moved:
            self._held = {moved.get(spot, spot): holder for spot, holder in self._held.items()}
            for spot in moved.values():
                self._held[spot].on_moved(spot)
        return lost

    def _hit(self, one: NftObject) -> list[Spot]:
        """Return what a message takes away."""
        place = (one.family, one.table, one.name)
        if one.kind == "chain" and not one.deleted:
            held = [spot for spot in self._held if spot.kind == "policy" and spot[1:4] == place]
            return [spot for spot in held if one.policy not in (-1, spot.policy)]
        if not one.deleted:
            return []
        found = [Spot(one.kind, *place, one.handle)]
        if one.kind == "chain":
            found += [spot for spot in self._held if spot.kind == "policy" and spot[1:4] == place]
        return found

    def _missing(self) -> set[Spot]:
        """Return what is not there, when not all was told."""
        there: set[Spot] = set()
        try:
            for kind in ("rule", "chain"):
                for one in self._requests.list(kind) if self._requests is not None else []:
                    there.add(Spot(kind, one.family, one.table, one.name, one.handle))
                    if kind == "chain":
                        there.add(Spot("policy", one.family, one.table, one.name, policy=one.policy))
        except Unavailable:
            return set()
        return {spot for spot in self._held if spot not in there}
