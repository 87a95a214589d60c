"""The handles of nftables: those of tables, and the highest one in each.

A table counts its chains, rules, sets and flowtables together, and the kernel counts tables: whatever has a higher
handle than there was at a moment was made later.  Listed once, and from then on known from what the kernel tells.
"""

from collections.abc import Iterable

from netstrata.protocols.nftables import NftObject
from netstrata.system.nftables.netlink import Requests
from netstrata.values import Unavailable

IN_TABLES = ("chain", "rule", "set", "flowtable")
Place = tuple[str, str]  # family and table


class Handles:
    """Those of one network namespace."""

    __slots__ = ("_highest", "_tables")

    def __init__(self) -> None:
        self._tables: dict[Place, int] | None = None
        self._highest: dict[Place, int] | None = None

    def on_overrun(self) -> None:
        """Forget all: a message may have been lost."""
        self._tables = self._highest = None

    def on_objects(self, objects: Iterable[NftObject]) -> None:
        """Follow what the kernel tells."""
        for one in objects:
            place = (one.family, one.table)
            if one.kind == "table":
                self._tables = None
                if self._highest is not None:
                    self._highest.pop(place, None)  # one that is made anew counts anew
            elif self._highest is not None and not one.deleted and one.handle > self._highest.get(place, 0):
                self._highest[place] = one.handle

    def of_table(self, family: str, table: str) -> int:
        """Return the handle of a table, 0 if there is none."""
        return self._all_tables().get((family, table), 0)

    def highest(self, kind: str, family: str, table: str) -> int:
        """Return the highest handle that something of a kind may have now, there or in that table."""
        if kind == "table":
            return max(self._all_tables().values(), default=0)
        if self._highest is None:
            self._highest = {}
            for one in listed(IN_TABLES):
                place = (one.family, one.table)
                self._highest[place] = max(one.handle, self._highest.get(place, 0))
        return self._highest.get((family, table), 0)

    def _all_tables(self) -> dict[Place, int]:
        if self._tables is None:
            self._tables = {(one.family, one.table): one.handle for one in listed(("table",))}
        return self._tables


def listed(kinds: Iterable[str]) -> list[NftObject]:
    """Return all things of some kinds; nothing if the kernel does not say."""
    try:
        requests = Requests()
        try:
            return [one for kind in kinds for one in requests.list(kind)]
        finally:
            requests.socket.close()
    except Unavailable:
        return []
