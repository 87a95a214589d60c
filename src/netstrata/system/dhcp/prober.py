"""The short question, before an address is used, whether anybody has it already."""

import asyncio
from collections.abc import Callable

from netstrata.protocols.arp import claims, read_arp, write_probe
from netstrata.system.dhcp.packets import ETH_P_ARP, EVERYBODY, PacketSocket
from netstrata.system.dhcp.socket_filters import arp_claims

# RFC 5227 asks three times within seven seconds.  Hosts on an Ethernet answer within milliseconds, so that this is
# shorter, and listens on for those who do not.
PROBES = 3
INTERVAL = 0.07  # seconds
LISTEN_ON = 2.0


class Prober:
    """Ask for one address: `decided` is called with None when it seems free, and with a MAC whenever it is not."""

    def __init__(
        self,
        ifindex: int,
        mac: bytes,
        address: bytes,
        decided: Callable[[bytes | None], None],
        fail: Callable[[OSError], None],
    ) -> None:
        """Send the first probe.

        Raises: OSError.
        """
        self._mac = mac
        self._address = address
        self._decided = decided
        self._fail = fail
        self._sent = 0
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._socket = PacketSocket(ifindex, ETH_P_ARP, arp_claims(address), self._heard, fail)
        self._next()

    def close(self) -> None:
        """Ask no more, and listen no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._socket.close()

    def _next(self) -> None:
        if self._sent < PROBES:
            self._sent += 1
            self._timer = self._loop.call_later(INTERVAL, self._next)
            try:
                self._socket.send(write_probe(self._mac, self._address), EVERYBODY)
            except OSError as error:
                self._fail(error)
            return
        self._timer = self._loop.call_later(LISTEN_ON, self.close)
        self._decided(None)

    def _heard(self, packet: bytes, sender: bytes, pending: bool) -> None:
        arp = read_arp(packet)
        if arp is not None and claims(arp, self._mac, self._address):
            self.close()
            self._decided(arp.sender_mac)
