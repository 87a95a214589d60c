"""Whether another host on a link has an address, found out by ARP."""

import asyncio
from collections.abc import AsyncGenerator, Callable

from netstrata.contract import KERNEL, Holder
from netstrata.protocols.arp import REPLY, read_arp, write_probe
from netstrata.protocols.presence import THERE, Presence
from netstrata.system.dhcp.driver.packets import EVERYBODY, PacketSocket
from netstrata.system.dhcp.driver.socket_filters import arp_replies
from netstrata.system.dhcp.facts import LinkFacts, own_macs, read_link
from netstrata.system.dhcp.sockets import ETH_P_ARP, open_packet_socket
from netstrata.system.netlink.watchers import Queue
from netstrata.system.permission import takes
from netstrata.values import Unavailable, format_address

SMALLEST_MTU = 28  # bytes of an ARP packet


class _Probe(Queue["bool | OSError"]):
    """Asks and listens until closed."""

    __slots__ = ("_address", "_facts", "_loop", "_note", "_ours", "_presence", "_socket", "_timer")

    def __init__(self, facts: LinkFacts, address: bytes, note: Callable[[str], None]) -> None:
        """Ask for the first time.

        Raises: OSError.
        """
        super().__init__()
        self._note = note
        self._ours: frozenset[bytes] | None = None  # read when there is an answer, once for each question
        self._facts = facts
        self._address = address
        self._loop = asyncio.get_running_loop()
        self._presence = Presence()
        self._timer: asyncio.TimerHandle | None = None
        self._socket = PacketSocket(open_packet_socket(facts.ifindex, ETH_P_ARP), self._failed)
        try:
            self._socket.listen(arp_replies(address), self._heard)
            self._ask()
        except OSError:
            self.close()
            raise
        self._wait()

    def close(self) -> None:
        """Ask no more, and listen no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._socket.close()

    def _ask(self) -> None:
        self._ours = None
        self._socket.send(write_probe(self._facts.mac, self._address), EVERYBODY)

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._presence.wait(), self._due)

    def _due(self) -> None:
        try:
            self._ask()
        except OSError as error:
            self._failed(error)
            return
        if self._presence.asked():
            self.put(False)
        self._wait()

    def _heard(self, packet: bytes, sender: bytes, pending: bool) -> None:
        arp = read_arp(packet)
        if arp is None or arp.operation != REPLY or arp.sender != self._address:
            return
        if self._ours is None:
            self._ours = own_macs()
        if arp.sender_mac in self._ours:
            return  # Linux answers on each link for the addresses of all
        if self._presence.answered():
            self._note(f"{format_address(self._address).decode()} is at {arp.sender_mac.hex(':')}")
            self.put(self._presence.state == THERE)
        self._wait()

    def _failed(self, error: OSError) -> None:
        self.close()
        self.put(error)


def _noting(who: Holder | None) -> Callable[[str], None]:
    def note(line: str) -> None:
        if who is not None:
            who.note(line, KERNEL)

    return note


async def watch_neighbour(link: str, address: bytes, who: Holder | None) -> AsyncGenerator[bool, None]:
    """Say whether a host on an Ethernet link has an IPv4 address: see `ports.Events`."""
    operation = f"ask for {format_address(address).decode()} on {link}"
    try:
        facts = read_link(link)
    except Unavailable as error:
        raise Unavailable(operation, error.reason, error.errno) from None
    if not facts.ethernet:
        raise Unavailable(operation, "it is no Ethernet link")
    if facts.mtu < SMALLEST_MTU:
        raise Unavailable(operation, f"its MTU is {facts.mtu}, and ARP needs {SMALLEST_MTU} bytes")
    try:
        probe = _Probe(facts, address, _noting(who))
    except PermissionError as error:
        raise Unavailable(operation, takes("CAP_NET_RAW"), error.errno or 0) from None
    except OSError as error:
        raise Unavailable(operation, error.strerror or str(error), error.errno or 0) from None
    try:
        while True:
            found = await probe.take()
            if isinstance(found, OSError):
                raise Unavailable(operation, found.strerror or str(found), found.errno or 0)
            yield found
    finally:
        probe.close()
