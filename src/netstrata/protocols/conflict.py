"""Whether an address is free to be used: when to ask, and what the answers prove.  No socket, no clock.

    ASKING --a stranger claims it--> DOUBTING --the stranger claims both decoys, too--> ASKING (a proxy: no matter)
       | asked often enough              | asked often enough
       v                                 v
     FREE (and listening on)           TAKEN

Decoys are addresses beside the one in question, drawn by chance: who claims them, too, answers for every address
(proxy ARP), and proves nothing.  Our own links answer for all addresses of this machine, whichever link is asked.

Source: RFC 5227 section 2.1; RFC 1027; ip-sysctl, arp_ignore.
"""

from collections.abc import Collection
from typing import NamedTuple

from netstrata.protocols.arp import Arp, claims

# RFC 5227 asks three times within seven seconds.  Hosts on an Ethernet answer within milliseconds, so that this is
# shorter, and listens on for those who do not; gateways may take their time over what is not theirs.
ASKED = 3  # times
INTERVAL = 0.07  # seconds
LATEST_DECOY = 1.0
_SUSPECTS_MOST = 8
_DECOYS = 2


class Ask(NamedTuple):
    """Ask who has addresses, and come back after so many seconds."""

    addresses: tuple[bytes, ...]
    wait: float


class Free(NamedTuple):
    """Nobody claims the address."""


class Taken(NamedTuple):
    """Somebody has the address."""

    mac: bytes


class Question:
    """What is known of one address."""

    __slots__ = ("_asked", "_claimed", "_doubted", "address", "decoys", "proxies")

    def __init__(self, address: bytes, decoys: tuple[bytes, ...]) -> None:
        self.address = address
        self.decoys = decoys
        self.proxies: set[bytes] = set()
        self._asked = 0
        self._doubted = 0
        self._claimed: dict[bytes, set[bytes]] = {}  # which decoys each suspect has claimed

    def ask(self) -> Ask | Free | Taken:
        """Return what to ask now, or the verdict if it was asked often enough."""
        if self._claimed:
            self._doubted += 1
            if self._doubted > ASKED:
                return Taken(next(iter(self._claimed)))
            return Ask(self.decoys, INTERVAL if self._doubted < ASKED else LATEST_DECOY)
        self._asked += 1
        return Ask((self.address,), INTERVAL) if self._asked <= ASKED else Free()

    def heard(self, packet: Arp, ours: Collection[bytes]) -> bool:
        """Know a packet; say whether it has changed what is to be asked.

        Shapes: ours are the MACs of this machine.
        """
        mac = packet.sender_mac
        if mac in ours or mac in self.proxies:
            return False
        claimed = self._claimed.get(mac)
        if claimed is not None and packet.sender in self.decoys:
            claimed.add(packet.sender)
            if len(claimed) < len(self.decoys):
                return False
            self.proxies.add(mac)
            del self._claimed[mac]
            return True
        if claimed is not None or len(self._claimed) >= _SUSPECTS_MOST or not claims(packet, self.address):
            return False
        self._claimed[mac] = set()
        self._doubted = 0
        return True


def decoys(address: bytes, prefix: int, others: Collection[bytes | None], chance: float) -> tuple[bytes, ...]:
    """Return addresses beside one, such as a proxy answers for that answers for it.

    They are of its network if that has at least 14 hosts, of 256 addresses around it otherwise; none of others.
    """
    bits = 32 - prefix if 24 <= prefix <= 28 else 8
    network = int.from_bytes(address, "big") >> bits << bits
    hosts = [(network + host).to_bytes(4, "big") for host in range(1, (1 << bits) - 1)]
    free = [host for host in hosts if host != address and host not in others]
    at = int(chance * len(free))
    return tuple(free[(at + step * (len(free) // _DECOYS)) % len(free)] for step in range(_DECOYS))
