"""What becomes of rules, chains and policies that the programs have put into nftables, told by the kernel.

The programs of today (iptables-nft and its like) write to nftables, whose messages carry a handle for each rule and
chain, and who asked.  So we know which rule is ours, also among equal ones; we hear when somebody deletes it; and we
delete it ourselves by its handle, in 0.1 ms, where the program would take the first rule that looks the same.
The legacy programs write to tables that tell nothing: theirs is not noticed.
"""

import asyncio
import os
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from netstrata.protocols.nftables import NftObject
from netstrata.system.nftables.netlink import ROOM, NftSocket, Requests
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


@cache
def writes_nftables(program: str) -> bool:
    """Say whether a program is one of those that write to nftables, by the name of what it is a link to."""
    return "nft" in os.path.basename(os.path.realpath(program))


class FilterMonitor:
    """One for all changes that are held; its sockets are open while there are any."""

    __slots__ = ("_listener", "_lost", "_news", "_requests", "_running", "_users", "entries")

    def __init__(self, entries: "FilterEntries | None" = None) -> None:
        """Take where what was made is remembered for the next daemon."""
        self.entries = entries
        self._users = 0
        self._listener: NftSocket | None = None
        self._requests: Requests | None = None
        self._running = False
        self._news: list[NftObject] = []
        self._lost: dict[Spot, Callable[[], None]] = {}  # in the order of their coming

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

    def hold(self, spot: Spot, lost: Callable[[], None]) -> None:
        """Have something called when somebody else takes away what is held, or changes it."""
        self._lost[spot] = lost
        self.read_messages()  # it may have been taken away before we knew it

    def let_go(self, spot: Spot) -> None:
        """Notify no more, after what has been read until now."""
        self.read_messages()
        self._lost.pop(spot, None)

    def delete(self, spot: Spot) -> int:
        """Delete a rule by its handle, and return the error number, 0 for none."""
        assert self._requests is not None
        return self._requests.delete(spot.kind, spot.family, spot.table, spot.chain, spot.handle)

    def read_messages(self) -> None:
        """Read messages, and notify whose objects were deleted or changed."""
        if self._running:
            self._news += self._read()
        else:
            news, self._news = [*self._news, *self._read()], []
            self._notify(news)

    def _read(self) -> list[NftObject]:
        objects = self._listener.read() if self._listener is not None else []
        if self.entries is not None:
            self.entries.on_objects(objects)
            if self._listener is not None and self._listener.overrun:
                self.entries.on_overrun()
        return objects

    def _notify(self, news: list[NftObject]) -> None:
        gone = {spot for one in news for spot in self._hit(one)}
        if self._listener is not None and self._listener.overrun:
            self._listener.overrun = False
            gone |= self._missing()
        for spot in [spot for spot in self._lost if spot in gone]:  # who came first is told first
            self._lost.pop(spot)()

    def _hit(self, one: NftObject) -> list[Spot]:
        """Return what a message takes away."""
        place = (one.family, one.table, one.name)
        if one.kind == "chain" and not one.deleted:
            held = [spot for spot in self._lost if spot.kind == "policy" and spot[1:4] == place]
            return [spot for spot in held if one.policy not in (-1, spot.policy)]
        if not one.deleted:
            return []
        found = [Spot(one.kind, *place, one.handle)]
        if one.kind == "chain":
            found += [spot for spot in self._lost if spot.kind == "policy" and spot[1:4] == place]
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
        return {spot for spot in self._lost if spot not in there}
