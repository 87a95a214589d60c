"""The short question, before an address is used, whether anybody has it already."""

import asyncio
from collections.abc import Callable

from netstrata.protocols.arp import claims, read_arp, write_probe
from netstrata.system.dhcp.driver.packets import EVERYBODY, PacketSocket
from netstrata.system.dhcp.driver.socket_filters import arp_claims

# RFC 5227 asks three times within seven seconds.  Hosts on an Ethernet answer within milliseconds, so that this is
# shorter, and listens on for those who do not.
PROBES = 3
INTERVAL = 0.07  # seconds
LISTEN_ON = 2.0


class Prober:
    """Asks for one address at a time: `decided` is told None when it seems free, and a MAC whenever it is not."""

    def __init__(
        self, packets: PacketSocket, mac: bytes, decided: Callable[[bytes | None], None],
        fail: Callable[[OSError], None],
    ) -> None:  # fmt: skip
        """Take over a socket for ARP."""
        self._packets = packets
        self._mac = mac
        self._decided = decided
        self._fail = fail
        self._address = b""
        self._sent = 0
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def ask(self, address: bytes) -> None:
        """Send the first probe for an address, and forget the one of before.

        Raises: OSError.
        """
        self._rest()
        self._address = address
        self._sent = 0
        self._packets.listen(arp_claims(address), self._heard)
        self._next()

    def close(self) -> None:
        """Ask no more, and listen no more."""
        self._rest()
        self._packets.close()

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop(self) -> None:
        self._rest()
        if not self._packets.closed:
            self._packets.ignore()

    def _next(self) -> None:
        if self._sent < PROBES:
            self._sent += 1
            self._timer = self._loop.call_later(INTERVAL, self._next)
            try:
                self._packets.send(write_probe(self._mac, self._address), EVERYBODY)
            except OSError as error:
                self._fail(error)
            return
        self._timer = self._loop.call_later(LISTEN_ON, self._stop)
        self._decided(None)

    def _heard(self, packet: bytes, sender: bytes, pending: bool) -> None:
        arp = read_arp(packet)
        if arp is not None and claims(arp, self._mac, self._address):
            self._stop()
            self._decided(arp.sender_mac)
