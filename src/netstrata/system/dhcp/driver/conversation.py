"""The driver of the DHCPv4 machine: it does what a step says, and nothing else changes the state."""

import time
from collections.abc import Callable
from errno import ENETDOWN, ENODEV, ENXIO
from socket import socket
from typing import NamedTuple

from netstrata.ports import DhcpOptions, Lease
from netstrata.protocols import dhcpv4
from netstrata.protocols.conflict import Free, Question, Taken
from netstrata.system.dhcp.driver.kept import Kept, read_kept, write_kept
from netstrata.system.dhcp.driver.lease_record import read_lease, write_lease
from netstrata.system.dhcp.driver.packets import EVERYBODY, PacketSocket
from netstrata.system.dhcp.driver.pieces import Alarm, Complaints, Outcomes, chance, now
from netstrata.system.dhcp.driver.prober import Prober
from netstrata.system.dhcp.driver.socket_filters import NOTHING, dhcp_answers
from netstrata.values import Unavailable, format_ipv4


class Handed(NamedTuple):
    """What a client is handed: its link, two packet sockets bound to it that let nothing in, and the texts it kept."""

    link: str
    mac: bytes
    mtu: int
    packets: socket  # of IPv4
    arp: socket
    kept: bytes
    lease: bytes = b""  # that of a client before it, which is to be gone on with


class AnotherMac(Exception):
    """The link has another MAC than the client that asked: answers do not reach it any more."""


class Callbacks(NamedTuple):
    """What a client asks of who handed it its sockets.

    Shapes: `own_macs` reads which MACs this machine has now; `keep` writes a text for the next boot, none if it is
    empty, or raises OSError; `hold` writes the lease that is held now, b"" for none, for the client after a crash;
    `note` tells people.
    """

    own_macs: Callable[[], frozenset[bytes]]
    keep: Callable[[bytes], None]
    hold: Callable[[bytes], None]
    note: Callable[[str], None]


class Conversation:
    """One client on one link."""

    def __init__(self, handed: Handed, options: DhcpOptions, callbacks: Callbacks) -> None:
        """Take sockets over; the client id of the options is what is sent."""
        self._link = handed.link
        self._kept = handed.kept
        self._held = read_lease(handed.lease)  # as the client after a crash will find it
        self._releases = bool(options.release)
        self._callbacks = callbacks
        self._note = callbacks.note
        self._client = dhcpv4.Client(
            handed.mac,
            handed.mtu,
            options.client_id,
            options.conflict_check,
            dhcpv4.said_of(options),
            options.request,
            bool(options.broadcast),
            bool(options.ipv6_only),
        )
        self._state: dhcpv4.State = dhcpv4.Idle()
        self._alarm = Alarm(self._awake)
        self._packets = PacketSocket(handed.packets, self._failed)
        self._awaited: int | None = None  # the transaction that the socket lets in
        arp = PacketSocket(handed.arp, self._failed)
        self._prober = Prober(arp, handed.mac, callbacks.own_macs, self._probed, self._failed)
        self._outcomes: Outcomes[Lease | None] = Outcomes()
        self._complain = Complaints(callbacks.note).say

    def start(self) -> None:
        """Say the first word."""
        try:
            self._packets.listen(NOTHING, self._heard)
        except OSError as error:
            self._failed(error)
            return
        kept = read_kept(self._kept)
        if self._held is not None:
            self._step(dhcpv4.Continue(self._held))
        elif kept is None:
            self._step(dhcpv4.Start(b""))
        elif kept.expires > time.time():
            self._step(dhcpv4.Resume(kept.address))
        else:
            self._step(dhcpv4.Start(kept.address))

    async def next(self) -> Lease | None:
        """Wait for the next lease, or for the loss of one.

        Raises: Unavailable, AnotherMac.
        """
        return await self._outcomes.next()

    def close(self) -> None:
        """Give back a lease that is held, if that is wanted and the link can carry it; else keep it for later."""
        if self._releases and not self._packets.closed and self._packets.has_carrier():
            self._step(dhcpv4.Close())
        self._shut()

    def give_back(self) -> None:
        """Release the lease of a client before us, and say nothing else."""
        if self._held is not None:
            self._state = self._held
        self.close()

    def _shut(self) -> None:
        self._alarm.close()
        self._prober.close()
        self._packets.close()

    # What happens.

    def _heard(self, packet: bytes, mac: bytes, pending: bool) -> None:
        try:
            event = dhcpv4.heard(self._client, dhcpv4.read_datagram(packet, pending).payload, mac)
        except dhcpv4.Malformed as error:
            self._complain(f"dhcp: a packet from {mac.hex(':')} is ignored: {error}")
            return
        if event is not None:
            self._step(event)

    def _probed(self, verdict: Free | Taken, question: Question) -> None:
        for mac in sorted(question.proxies):
            also = f"{mac.hex(':')} answers ARP for every address, also for {_text(question.address)}"
            self._complain(f"dhcp: {also}: that is no conflict (proxy ARP)")
        self._step(dhcpv4.Free() if isinstance(verdict, Free) else dhcpv4.Conflict(verdict.mac))

    def _awake(self) -> None:
        if self._has_another_mac():
            self._end(AnotherMac())
        else:
            self._step(dhcpv4.Timeout())

    def _has_another_mac(self) -> bool:
        """Say whether the link's MAC has changed, as that of a bridge does with its ports."""
        try:
            return not self._packets.closed and self._packets.mac() != self._client.mac
        except OSError:  # it is gone: that is told by who reads
            return False

    def _failed(self, error: OSError) -> None:
        self._end(unavailable(self._link, error))

    def _end(self, error: Exception) -> None:
        self._shut()
        self._outcomes.tell(error)

    # What is done.

    def _step(self, event: dhcpv4.Event) -> None:
        try:
            taken = dhcpv4.step(self._client, self._state, event, now(), chance())
            self._state = taken.state
            self._hold(dhcpv4.held(taken.state))
            self._await(dhcpv4.awaited(taken.state))
            for effect in taken.effects:
                self._act(effect)
        except OSError as error:
            self._failed(error)
        except Exception as error:  # our bug: it fails this statement, not the loop
            self._end(error)

    def _hold(self, lease: dhcpv4.Bound | None) -> None:
        """Have it written down what is held now, before anybody is told: a lease that is given back is never used."""
        if lease != self._held:
            self._held = lease
            self._callbacks.hold(write_lease(lease) if lease is not None else b"")

    def _await(self, xid: int | None) -> None:
        """Let in the answers to one transaction, or nothing: before it is asked for, so that no answer is missed."""
        if xid != self._awaited and not self._packets.closed:
            self._packets.filter(NOTHING if xid is None else dhcp_answers(self._client.mac, xid))
            self._awaited = xid

    def _act(self, effect: dhcpv4.Effect) -> None:
        if isinstance(effect, dhcpv4.Send):
            self._send(effect)
        elif isinstance(effect, dhcpv4.Wake):
            self._alarm.set(effect.after)
        elif isinstance(effect, dhcpv4.Note):
            self._note(effect.line)
        elif isinstance(effect, dhcpv4.Probe):
            if not self._packets.closed:  # what was said before could not leave, and that was the end
                self._prober.ask(Question(effect.address, effect.decoys))
        elif isinstance(effect, dhcpv4.Granted):
            self._outcomes.tell(_lease(effect.grant))
        elif isinstance(effect, dhcpv4.Lost):
            self._note(f"dhcp: {effect.reason}")
            self._outcomes.tell(None)
        elif isinstance(effect, dhcpv4.Remember | dhcpv4.Forget):
            self._keep(effect)
        elif isinstance(effect, dhcpv4.Ignored):
            self._ignored(effect)

    def _ignored(self, effect: dhcpv4.Ignored) -> None:
        event = effect.event
        if isinstance(event, dhcpv4.Offer) or (isinstance(event, dhcpv4.Ack | dhcpv4.Nak) and effect.why):
            of = f" of {_text(event.reply.address)}" if not isinstance(event, dhcpv4.Nak) else ""
            why = f": {effect.why}" if effect.why else ""
            said = type(event).__name__.upper()
            self._complain(f"dhcp: {said}{of} from {_text(event.reply.server)} is not taken{why}")

    def _send(self, effect: dhcpv4.Send) -> None:
        if not self._packets.closed:
            packet = dhcpv4.write_datagram(effect.source, effect.destination, effect.payload)
            self._packets.send(packet, effect.mac or EVERYBODY)

    def _keep(self, effect: dhcpv4.Remember | dhcpv4.Forget) -> None:
        try:
            if isinstance(effect, dhcpv4.Remember):
                left = effect.grant.since + effect.grant.seconds - now()
                self._callbacks.keep(write_kept(Kept(effect.grant.address, time.time() + left)))
            else:
                self._callbacks.keep(b"")
        except OSError as error:
            self._complain(f"dhcp: the lease cannot be kept: {error.strerror}; after a restart a new one is asked for")


def unavailable(link: str, error: OSError) -> Unavailable:
    """Return why a client on a link is at its end, for people."""
    reason = error.strerror or str(error)
    if error.errno == ENETDOWN:
        reason = "the link is down"
    elif error.errno in (ENODEV, ENXIO):
        reason = "the link is gone"
    return Unavailable(f"ask for a lease on {link}", reason, error.errno or 0)


def _lease(grant: dhcpv4.Grant) -> Lease:
    return Lease(
        grant.address,
        grant.prefix,
        grant.gateway,
        grant.dns_servers,
        grant.server_mac,
        grant.server,
        grant.seconds,
        grant.domain,
        grant.routes,
        *grant.extras,
    )


def _text(address: bytes) -> str:
    return format_ipv4(address).decode()
