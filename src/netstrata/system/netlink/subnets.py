"""Which IPv4 addresses of a link stand in whose shadow: the first one of a network is primary, the others secondary.

Many may leave in one turn of the event loop, so a link is read once in a turn, and what is deleted is crossed out.
"""

from collections.abc import Callable, Iterable

from netstrata.protocols.rtnetlink import AddressMessage
from netstrata.protocols.rtnetlink.constants import AF_INET, IFA_F_SECONDARY
from netstrata.system.netlink.monitor import Monitor
from netstrata.values import mask_bits

Network = tuple[bytes, int]  # masked, prefix length


class Subnets:
    """The addresses of links by network, the primary one first."""

    __slots__ = ("_links", "_monitor", "_read")

    def __init__(self, monitor: Monitor, read: Callable[[int], Iterable[AddressMessage] | None]) -> None:
        """Take how the addresses of a link are read; None is what cannot be read now."""
        self._monitor = monitor
        self._read = read
        self._links: dict[int, dict[Network, dict[bytes, None]]] = {}

    def forget(self) -> None:
        """Read again."""
        self._links.clear()

    def has_secondaries(self, one: AddressMessage) -> bool:
        """Say whether others would go with an address, or may, because that cannot be known."""
        networks = self._of(one.ifindex)
        if networks is None:
            return True
        network = networks.get(_network(one), {})
        return len(network) > 1 and next(iter(network)) == one.local

    def cross_out(self, one: AddressMessage) -> None:
        """Know that an address is gone, and that the next one of its network took its place."""
        self._links.get(one.ifindex, {}).get(_network(one), {}).pop(one.local, None)

    def _of(self, ifindex: int) -> dict[Network, dict[bytes, None]] | None:
        networks = self._links.get(ifindex)
        if networks is None:
            read = self._read(ifindex)
            if read is None:
                return None
            networks = {}
            there = [one for one in read if one.family == AF_INET]
            for one in sorted(there, key=lambda one: one.flags & IFA_F_SECONDARY):
                networks.setdefault(_network(one), {})[one.local] = None
            if self._links or self._monitor.soon(self.forget):
                self._links[ifindex] = networks
        return networks


def _network(one: AddressMessage) -> Network:
    return mask_bits(one.address, one.prefix), one.prefix
