"""What is remembered of one change of a packet filter, so that the next daemon can take it over if we are killed."""

from typing import TYPE_CHECKING

from netstrata.system.filters.monitor import Spot
from netstrata.system.nftables.records import FilterEntry

if TYPE_CHECKING:
    from netstrata.protocols.nftables import NftObject
    from netstrata.system.nftables.entries import FilterEntries


class CrashRecord:
    """That of one change in the undo journal; without one, nothing is remembered."""

    __slots__ = ("_entries", "_key", "_place", "_title")

    def __init__(self, entries: "FilterEntries | None", key: str, place: tuple[str, str, str, str], title: str) -> None:
        """Take the words of the change, what it makes, and whose it is.

        Shapes: place is kind (rule, chain or BY_WORDS), family, table and chain.
        """
        self._entries = entries
        self._key = key
        self._place = place
        self._title = title

    @property
    def remembers(self) -> bool:
        """Whether anything is."""
        return self._entries is not None

    def claim(self) -> "tuple[Spot, NftObject | None] | None":
        """Take over what a daemon before us has made by the same words, as nftables knows it, and what that says."""
        entry = self.find_left()
        if entry is None or self._entries is None:
            return None
        spot = Spot(entry.kind, entry.family, entry.table, entry.name, entry.handle)
        return spot, self._entries.seen(entry)

    def find_left(self) -> FilterEntry | None:
        """Take what a daemon before us has made by the same words, or was about to make."""
        entries = self._entries
        return entries.claim(self._place[0], self._key, self._title) if entries is not None else None

    def intend(self, mark: int = 0) -> None:
        """Write it down before it is done.

        Shapes: mark, for BY_WORDS, is -1 if there was nothing like it, else how many rules there were.
        """
        if self._entries is not None:
            self._entries.intend(self._key, self._place, self._title, mark)

    def drop(self) -> None:
        """Record that it was not done."""
        if self._entries is not None:
            self._entries.drop(self._key)

    def made(self, spot: Spot) -> Spot:
        """Record that it was done, and where; return where it is, if it had been done before."""
        if self._entries is None or not spot.handle:
            return spot
        return spot._replace(handle=self._entries.made(self._key, self._place, self._title, spot.handle))

    def moved(self, spot: Spot, now: Spot) -> None:
        """Record that somebody has made it again, under another handle."""
        if self._entries is not None:
            self._entries.follow(self._key, spot.handle, now.handle)

    def made_unseen(self) -> None:
        """Record that it was done, by a program that does not tell where."""
        if self._entries is not None:
            self._entries.made(self._key, self._place, self._title, 0)

    def undoing(self, mark: int) -> None:
        """Write down that it is about to be undone: it is there only if more rules are than the mark says."""
        if self._entries is not None:
            self._entries.undoing(self._key, mark)

    def undone(self, spot: Spot | None) -> None:
        """Record that it is undone, or no longer ours."""
        if spot is None:
            self.drop()  # of what nobody has told where it is
        self.gone(spot)

    def gone(self, spot: Spot | None) -> None:
        """Record that it is no longer there."""
        if self._entries is not None:
            self._entries.gone(self._key, spot.handle if spot is not None else 0)

    def leave(self, spot: Spot | None) -> None:
        """Record that it could not be undone."""
        if self._entries is not None:
            self._entries.leave(self._key, spot.handle if spot is not None else 0)
