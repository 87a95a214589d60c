"""Addresses and prefixes of IPv6 that are ours for a time, as those say who have them granted: DHCPv6 clients.

An address on a link that lies in what is not preferred any more is deprecated (no connection begins from it) in place,
so that nothing above it is undone.  A prefix that was replaced by another one is known until nobody has to hear of it
any more.  And who has an address granted hears if another host has it.
"""

from asyncio import Event
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import NamedTuple

from netstrata.values import mask_bits

Prefix = tuple[bytes, int]  # packed, and how long


class Leased(NamedTuple):
    """What one client has."""

    preferred: tuple[Prefix, ...] = ()
    deprecated: tuple[Prefix, ...] = ()
    replaced: tuple[Prefix, ...] = ()  # not ours any more


class LeasedNetworks:
    """What all clients have."""

    __slots__ = ("_by", "changed")

    def __init__(self) -> None:
        self._by: dict[Callable[[bytes], None], Leased] = {}
        self.changed: list[Callable[[], None]] = []  # called whenever something is

    def has(self, who: Callable[[bytes], None], leased: Leased) -> None:
        """Know what a client has now; it is told of an address that another host has."""
        before = self._by.get(who, Leased())
        if any(leased):
            self._by[who] = leased
        else:
            self._by.pop(who, None)
        if leased != before:
            for tell in tuple(self.changed):
                tell()

    def is_deprecated(self, address: bytes) -> bool:
        """Say whether no connection should begin from an address: the longest prefix that it lies in decides."""
        found = [(prefix[1], is_preferred) for prefix, is_preferred in self._all() if _holds(prefix, address)]
        return bool(found) and not max(found)[1]

    def replaced_beside(self, prefix: Prefix) -> tuple[Prefix, ...]:
        """Return which prefixes were replaced of the client that has one now."""
        for leased in self._by.values():
            if prefix in leased.preferred or prefix in leased.deprecated:
                return tuple(one for one in (*leased.deprecated, *leased.replaced) if one != prefix and one[1] <= 64)
        return ()

    async def watch_replaced(self, prefix: Prefix) -> AsyncGenerator[tuple[Prefix, ...], None]:
        """Yield what `replaced_beside` is: now, and whenever it is something else."""
        news = Event()
        shown: tuple[Prefix, ...] | None = None
        self.changed.append(news.set)
        try:
            while True:
                found = self.replaced_beside(prefix)
                if found != shown:
                    shown = found
                    yield found
                news.clear()
                if found == self.replaced_beside(prefix):
                    await news.wait()
        finally:
            self.changed.remove(news.set)

    def taken(self, address: bytes) -> None:
        """Tell who has an address granted that another host has it."""
        for tell, leased in tuple(self._by.items()):
            if (address, 8 * len(address)) in (*leased.preferred, *leased.deprecated):
                tell(address)

    def _all(self) -> Iterable[tuple[Prefix, bool]]:
        for leased in self._by.values():
            for one in leased.preferred:
                yield one, True
            for one in (*leased.deprecated, *leased.replaced):
                yield one, False


def _holds(prefix: Prefix, address: bytes) -> bool:
    network, length = prefix
    return len(address) == len(network) and mask_bits(address, length) == network
