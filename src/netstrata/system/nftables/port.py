"""The port for nftables."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from netstrata.ports.nftables import NftThing
from netstrata.system.nftables.held import HeldThing
from netstrata.system.nftables.netlink import ROOM
from netstrata.system.nftables.store import NftStore

if TYPE_CHECKING:
    from netstrata.system.children import RealChildren
    from netstrata.system.nftables.journal import FilterJournal


class RealNftables:
    """The nftables of one network namespace."""

    __slots__ = ("_store",)

    def __init__(self, children: "RealChildren", room: int = ROOM, journal: "FilterJournal | None" = None) -> None:
        """Take who starts nft, and where what was made is remembered for the next daemon: see `NftStore`."""
        self._store = NftStore(children, room, journal)

    def held(self, thing: NftThing) -> AbstractAsyncContextManager[None]:
        """Make something, and delete it on the way back: see `ports.Nftables`."""
        return HeldThing(self._store, thing)
