"""The driver of the DHCPv6 machine: it does what a step says, and nothing else changes the state."""

import time
from collections.abc import Callable
from socket import socket
from typing import NamedTuple

from netstrata.ports import Dhcpv6Lease
from netstrata.protocols import dhcpv6
from netstrata.system.dhcp.driver.conversation import unavailable
from netstrata.system.dhcp.driver.pieces import Alarm, Complaints, Outcomes, chance, now
from netstrata.system.dhcp.driver.socket_filters import NOTHING, dhcpv6_answers
from netstrata.system.dhcpv6.driver.datagrams import DatagramSocket
from netstrata.system.dhcpv6.driver.lease_text import read_held, read_kept, write_held, write_kept


class Ours(NamedTuple):
    """What is preferred, what is still valid, and prefixes that are not ours any more."""

    preferred: tuple[dhcpv6.Network, ...] = ()
    deprecated: tuple[dhcpv6.Network, ...] = ()
    replaced: tuple[dhcpv6.Network, ...] = ()


class Dhcpv6Handed(NamedTuple):
    """What a client is handed: its link, a socket at its link-local address, and the texts it kept."""

    link: str
    ifindex: int
    datagrams: socket
    kept: bytes
    lease: bytes = b""  # that of a client before it, which is to be gone on with


class Dhcpv6Callbacks(NamedTuple):
    """What a client asks of who handed it its socket.

    Shapes: `keep` writes a text for the next boot, none if it is empty, or raises OSError; `hold` writes the lease that
    is held now, b"" for none, for the client after a crash; `has` is told what is ours now, and what to call if another
    host has an address of it; `note` tells people.
    """

    keep: Callable[[bytes], None]
    hold: Callable[[bytes], None]
    has: Callable[[Callable[[bytes], None], Ours], None]
    note: Callable[[str], None]


class Dhcpv6Conversation:
    """One client on one link."""

    def __init__(self, handed: Dhcpv6Handed, client: dhcpv6.Client, callbacks: Dhcpv6Callbacks) -> None:
        """Take a socket over."""
        self._link = handed.link
        self._kept = handed.kept
        self._held = read_held(handed.lease)  # as the client after a crash will find it
        self._callbacks = callbacks
        self._note = callbacks.note
        self._client = client
        self._state: dhcpv6.State = dhcpv6.Idle()
        self._alarm = Alarm(self._awake)
        self._datagrams = DatagramSocket(handed.datagrams, handed.ifindex, self._heard, self._failed)
        self._awaited: int | None = None  # the transaction that the socket lets in
        self._outcomes: Outcomes[Dhcpv6Lease | None] = Outcomes()
        self._complain = Complaints(callbacks.note).say

    def start(self) -> None:
        """Say the first word."""
        self._datagrams.listen()
        kept = read_kept(self._kept, _since_1970())
        if self._held is not None:
            self._step(dhcpv6.Continue(self._held))
        elif kept is not None:
            self._step(dhcpv6.Resume(kept))
        else:
            self._step(dhcpv6.Start())

    async def next(self) -> Dhcpv6Lease | None:
        """Wait for the next lease, or for the loss of one.

        Raises: Unavailable.
        """
        return await self._outcomes.next()

    def close(self) -> None:
        """Give back a lease that is held, if the link can still carry that; else keep it for the next time."""
        if not self._datagrams.closed and self._datagrams.has_carrier():
            self._step(dhcpv6.Close())
        self._shut()

    def give_back(self) -> None:
        """Release the lease of a client before us, and say nothing else."""
        if self._held is not None:
            self._state = self._held
        self.close()

    def end(self, error: Exception) -> None:
        """Be at the end, for a reason that who waits for a lease is told."""
        self._shut()
        self._outcomes.tell(error)

    def _shut(self) -> None:
        self._alarm.close()
        self._datagrams.close()
        self._callbacks.has(self._taken, Ours())

    # What happens.

    def _heard(self, payload: bytes, sender: str) -> None:
        try:
            event = dhcpv6.heard(self._client, payload)
        except dhcpv6.Malformed as error:
            self._complain(f"dhcpv6: a message from {sender} is ignored: {error}")
            return
        if event is not None:
            self._step(event)

    def _taken(self, address: bytes) -> None:
        self._step(dhcpv6.Conflict(address))

    def _awake(self) -> None:
        self._step(dhcpv6.Timeout())

    def _failed(self, error: OSError) -> None:
        self.end(unavailable(self._link, error))

    # What is done.

    def _step(self, event: dhcpv6.Event) -> None:
        try:
            at = now()
            taken = dhcpv6.step(self._client, self._state, event, at, chance())
            self._state = taken.state
            self._hold(taken.state, at)
            self._await(dhcpv6.awaited(taken.state))
            for effect in taken.effects:
                self._act(effect)
        except OSError as error:
            self._failed(error)
        except Exception as error:  # our bug: it fails this statement, not the loop
            self.end(error)

    def _hold(self, state: dhcpv6.State, at: float) -> None:
        """Have it written down what is ours now, before anybody is told: what is given back is never used."""
        lease = dhcpv6.held(state)
        if lease != self._held:
            self._held = lease
            self._callbacks.hold(write_held(lease) if lease is not None else b"")
        deprecated = dhcpv6.deprecated(lease.lease, at) if lease is not None else ()
        ours = tuple(one.network for one in lease.lease.bindings) if lease is not None else ()
        preferred = tuple(one for one in ours if one not in deprecated)
        replaced = tuple(one.network for one in dhcpv6.replaced(state) if one.valid_until > at)
        self._callbacks.has(self._taken, Ours(preferred, deprecated, replaced))

    def _await(self, xid: int | None) -> None:
        """Let in the answers to one transaction, or nothing: before it is asked for, so that no answer is missed."""
        if xid != self._awaited and not self._datagrams.closed:
            self._datagrams.filter(NOTHING if xid is None else dhcpv6_answers(xid))
            self._awaited = xid

    def _act(self, effect: dhcpv6.Effect) -> None:
        if isinstance(effect, dhcpv6.Send):
            if not self._datagrams.closed:
                self._datagrams.send(effect.payload)
        elif isinstance(effect, dhcpv6.Wake):
            self._alarm.set(effect.after)
        elif isinstance(effect, dhcpv6.Note):
            self._note(effect.line)
        elif isinstance(effect, dhcpv6.Tell):
            terms = effect.terms
            self._outcomes.tell(Dhcpv6Lease(terms.addresses, terms.prefixes, effect.server, *terms.facts))
        elif isinstance(effect, dhcpv6.Lost):
            self._note(f"dhcpv6: {effect.reason}")
            self._outcomes.tell(None)
        elif isinstance(effect, dhcpv6.Remember | dhcpv6.Forget):
            self._keep(effect)
        elif isinstance(effect, dhcpv6.Ignored):
            self._ignored(effect)

    def _ignored(self, effect: dhcpv6.Ignored) -> None:
        event = effect.event
        if isinstance(event, dhcpv6.Advertise | dhcpv6.Answer) and effect.why:
            said = "ADVERTISE" if isinstance(event, dhcpv6.Advertise) else "REPLY"
            self._complain(f"dhcpv6: {said} from {event.reply.server.hex(':')} is not taken: {effect.why}")

    def _keep(self, effect: dhcpv6.Remember | dhcpv6.Forget) -> None:
        try:
            if isinstance(effect, dhcpv6.Remember):
                self._callbacks.keep(write_kept(effect.lease, _since_1970()))
            else:
                self._callbacks.keep(b"")
        except OSError as error:
            self._complain(
                f"dhcpv6: the lease cannot be kept: {error.strerror}; after a restart a new one is asked for"
            )


def _since_1970() -> float:
    """Return how many seconds the clock on the wall is before that of leases."""
    return time.time() - now()
