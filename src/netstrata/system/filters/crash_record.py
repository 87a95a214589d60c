"""What is remembered of one change of a packet filter, so that the next daemon can take it over if we are killed."""

from typing import TYPE_CHECKING

from netstrata.system.filters.monitor import Spot
from netstrata.system.nftables.records import JournalEntry

if TYPE_CHECKING:
    from netstrata.system.nftables.journal import FilterJournal


class CrashRecord:
    """That of one change in the journal; without one, nothing is remembered."""

    __slots__ = ("_journal", "_key", "_place")

    def __init__(self, journal: "FilterJournal | None", key: str, kind: str, place: tuple[str, str, str]) -> None:
        """Take the words of the change, and what it makes.

        Shapes: kind is rule, chain or BY_WORDS; place is family, table and chain.
        """
        self._journal = journal
        self._key = key
        self._place = (kind, *place)

    @property
    def remembers(self) -> bool:
        """Whether anything is."""
        return self._journal is not None

    def claim(self) -> Spot | None:
        """Take over what a daemon before us has made by the same words, as nftables knows it."""
        entry = self._journal.claim(self._key) if self._journal is not None else None
        return Spot(entry.kind, entry.family, entry.table, entry.name, entry.handle) if entry is not None else None

    def find_left(self) -> JournalEntry | None:
        """Return what a daemon before us has made by the same words, or was about to make."""
        journal = self._journal
        return (journal.claim(self._key) or journal.find_uncertain(self._key)) if journal is not None else None

    def intend(self, mark: int = 0) -> None:
        """Remember it before it is done.

        Shapes: mark, for BY_WORDS, is -1 if there was nothing like it, else how many rules there were.
        """
        if self._journal is not None:
            self._journal.intend(self._key, *self._place, mark)

    def drop(self) -> None:
        """Record that it was not done."""
        if self._journal is not None:
            self._journal.drop(self._key)

    def made(self, spot: Spot) -> Spot:
        """Record that it was done, and where; return where it is, if it had been done before."""
        if self._journal is None or not spot.handle:
            return spot
        return spot._replace(handle=self._journal.made(self._key, *self._place, spot.handle))

    def made_unseen(self) -> None:
        """Record that it was done, by a program that does not tell where."""
        if self._journal is not None:
            self._journal.made(self._key, *self._place, 0)

    def undoing(self, mark: int) -> None:
        """Remember that it is about to be undone: from now on it is there only if more rules are than the mark says."""
        if self._journal is not None:
            self.intend(mark)
            self._journal.gone(self._key, 0)

    def undone(self, spot: Spot | None) -> None:
        """Record that it is undone, or no longer ours."""
        if spot is None:
            self.drop()  # of what nobody has told where it is
        self.gone(spot)

    def gone(self, spot: Spot | None) -> None:
        """Record that it is no longer there."""
        if self._journal is not None:
            self._journal.gone(self._key, spot.handle if spot is not None else 0)

    def leave(self, spot: Spot | None) -> None:
        """Record that it could not be undone."""
        if self._journal is not None:
            self._journal.leave(self._key, spot.handle if spot is not None else 0)
