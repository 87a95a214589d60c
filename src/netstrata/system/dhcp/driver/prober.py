"""The short question, before an address is used, whether anybody has it already."""

import asyncio
from collections.abc import Callable

from netstrata.protocols.arp import read_arp, write_probe
from netstrata.protocols.conflict import Free, Question, Taken
from netstrata.system.dhcp.driver.packets import EVERYBODY, PacketSocket, unheard
from netstrata.system.dhcp.driver.socket_filters import arp_claims

LISTEN_ON = 2.0  # seconds after an address seemed free


class Prober:
    """Asks for one address at a time: `decided` is told Free when it seems so, and Taken whenever it is."""

    def __init__(
        self,
        packets: PacketSocket,
        mac: bytes,
        own_macs: Callable[[], frozenset[bytes]],
        decided: Callable[[Free | Taken, Question], None],
        fail: Callable[[OSError], None],
    ) -> None:
        """Take over a socket for ARP.

        Shapes: own_macs reads which MACs this machine has now.
        """
        self._packets = packets
        self._mac = mac
        self._own_macs = own_macs
        self._decided = decided
        self._fail = fail
        self._question = Question(b"", ())
        self._ours: frozenset[bytes] | None = None  # not read before somebody claims the address
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def ask(self, question: Question) -> None:
        """Send the first probe for an address, and forget the one of before.

        Raises: OSError.
        """
        self._rest()
        self._question = question
        self._ours = None
        self._packets.listen(arp_claims(question.address, *question.decoys), self._heard)
        self._next()

    def close(self) -> None:
        """Ask no more, and listen no more."""
        self._rest()
        self._packets.close()
        self._decided = self._fail = unheard  # no circle with whoever has it is left

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop(self) -> None:
        self._rest()
        if not self._packets.closed:
            self._packets.ignore()

    def _next(self) -> None:
        self._rest()
        said = self._question.ask()
        if isinstance(said, Taken):
            self._stop()
            self._decided(said, self._question)
        elif isinstance(said, Free):
            self._timer = self._loop.call_later(LISTEN_ON, self._stop)
            self._decided(said, self._question)
        else:
            self._timer = self._loop.call_later(said.wait, self._next)
            try:
                for address in said.addresses:
                    self._packets.send(write_probe(self._mac, address), EVERYBODY)
            except OSError as error:
                self._fail(error)

    def _heard(self, packet: bytes, sender: bytes, pending: bool) -> None:
        arp = read_arp(packet)
        if arp is None:
            return
        if self._ours is None:
            self._ours = self._own_macs() | {self._mac}
        if self._question.heard(arp, self._ours):
            self._next()
