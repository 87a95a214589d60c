"""The port for nftables."""

from contextlib import AbstractAsyncContextManager
from copy import copy
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.ports.nftables import NftThing
from netstrata.system.held import NO_RECOVERY, Recovery, WaitQueues
from netstrata.system.nftables.held import HeldThing
from netstrata.system.nftables.netlink import ROOM
from netstrata.system.nftables.records import journal_kind
from netstrata.system.nftables.store import NftStore

if TYPE_CHECKING:
    from netstrata.system.children import RealChildren
    from netstrata.system.nftables.entries import FilterEntries


class RealNftables:
    """The nftables of one network namespace."""

    __slots__ = ("_store", "_who")

    def __init__(
        self,
        children: "RealChildren",
        room: int = ROOM,
        entries: "FilterEntries | None" = None,
        recovery: Recovery = NO_RECOVERY,
        wait_queues: WaitQueues | None = None,
    ) -> None:
        """Take who starts nft, and where what was made is remembered for the next daemon: see `NftStore`."""
        self._who: Holder | None = None
        self._store = NftStore(children, room, entries, wait_queues)
        recovery.knows_slow(journal_kind("element"), self._store.delete_left_elements)
        if entries is not None:
            entries.can_make("rule", self._store.make_in)

    def on_behalf_of(self, who: Holder) -> "RealNftables":
        """Return the port for a statement."""
        port = copy(self)
        port._who = who
        return port

    def held(self, thing: NftThing) -> AbstractAsyncContextManager[None]:
        """Make something, and delete it on the way back: see `ports.Nftables`."""
        return HeldThing(self._store, thing, self._who)
