"""The driver of the DHCPv4 machine: it does what a step says, and nothing else changes the state."""

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncGenerator
from errno import ENETDOWN, ENODEV, ENXIO, EPERM
from math import inf
from socket import socket

from netstrata.contract import DHCP, Holder
from netstrata.ports import DhcpOptions, Lease
from netstrata.protocols import dhcpv4
from netstrata.system.dhcp.facts import LinkFacts, has_carrier, read_link
from netstrata.system.dhcp.packets import ETH_P_IP, EVERYBODY, PacketSocket, quiet_port
from netstrata.system.dhcp.prober import Prober
from netstrata.system.dhcp.socket_filters import NOTHING, dhcp_answers
from netstrata.system.dhcp.store import Kept, LeaseFile
from netstrata.system.permission import takes
from netstrata.values import Unavailable, format_ipv4

STATE_DIRECTORY = "/var/lib/netstrata"
_MTU_LEAST = 28  # an IP and a UDP header
_CHUNK = 60.0  # the loop's clock stops while the machine sleeps; ours does not, so that it is looked at this often
_COMPLAINTS_MOST = 8


class DhcpClients:
    """DHCP on any link of this network namespace."""

    def __init__(self, directory: str = STATE_DIRECTORY, who: Holder | None = None) -> None:
        """Keep leases in a directory, which is made when the first one is kept; who is told what is said."""
        self._directory = directory
        self._who = who

    def on_behalf_of(self, who: Holder) -> "DhcpClients":
        """Return the port for a statement."""
        return DhcpClients(self._directory, who)

    async def leases(self, link: str, options: DhcpOptions) -> AsyncGenerator[Lease | None, None]:
        """Yield leases as they come, change and go; see `netstrata.ports.Dhcp`."""
        conversation = _Conversation(link, options, self._directory, self._who)
        try:
            conversation.start()
            while True:
                yield await conversation.next()
        finally:
            conversation.close()


class _Conversation:
    """One client on one link."""

    def __init__(self, link: str, options: DhcpOptions, directory: str, told: Holder | None) -> None:
        self._link = link
        self._told = told
        self._facts = _usable(link)
        mac = self._facts.mac
        self._client = dhcpv4.Client(
            mac,
            self._facts.mtu,
            options.hostname,
            options.vendor_class,
            b"\1" + mac if options.auto_client_id else b"",
            options.conflict_check,
        )
        self._state: dhcpv4.State = dhcpv4.Idle()
        self._file = LeaseFile(directory, link, mac)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = inf
        self._socket: PacketSocket | None = None
        self._awaited: int | None = None  # the transaction that the socket lets in
        self._prober: Prober | None = None
        self._quiet: socket | None = None
        self._outcomes: deque[Lease | Exception | None] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._complaints: set[str] = set()

    def start(self) -> None:
        """Open the link and say the first word.

        Raises: Unavailable.
        """
        try:
            self._socket = PacketSocket(self._facts.ifindex, ETH_P_IP, NOTHING, self._heard, self._failed)
        except OSError as error:
            raise _unavailable(self._link, error) from None
        self._quiet = quiet_port(self._link)
        kept = self._file.read()
        if kept is None:
            self._step(dhcpv4.Start(b""))
        elif kept.expires > time.time():
            self._step(dhcpv4.Resume(kept.address))
        else:
            self._step(dhcpv4.Start(kept.address))

    async def next(self) -> Lease | None:
        """Wait for the next lease, or for the loss of one.

        Raises: Unavailable.
        """
        while not self._outcomes:
            self._waiter = self._loop.create_future()
            await self._waiter
        outcome = self._outcomes.popleft()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def close(self) -> None:
        """Give back a lease that is held, if the link can still carry that; else keep it for the next time."""
        if self._socket is not None and has_carrier(self._facts.ifindex):
            self._step(dhcpv4.Close())
        self._shut()

    def _shut(self) -> None:
        self._arm(inf)
        if self._prober is not None:
            self._prober.close()
            self._prober = None
        if self._quiet is not None:
            self._quiet.close()
            self._quiet = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    # What happens.

    def _heard(self, packet: bytes, mac: bytes, pending: bool) -> None:
        try:
            event = dhcpv4.heard(self._client, dhcpv4.read_datagram(packet, pending).payload, mac)
        except dhcpv4.Malformed as error:
            self._complain(f"dhcp: a packet from {mac.hex(':')} is ignored: {error}")
            return
        if event is not None:
            self._step(event)

    def _complain(self, line: str) -> None:
        """Say each thing once: what a network sends must not fill the time line."""
        if line not in self._complaints and len(self._complaints) < _COMPLAINTS_MOST:
            self._complaints.add(line)
            self._note(line)

    def _probed(self, mac: bytes | None) -> None:
        self._step(dhcpv4.Free() if mac is None else dhcpv4.Conflict(mac))

    def _awake(self) -> None:
        left = self._deadline - _now()
        if left > 0:
            self._timer = self._loop.call_later(min(left, _CHUNK), self._awake)
        else:
            self._deadline = inf
            self._step(dhcpv4.Timeout())

    def _failed(self, error: OSError) -> None:
        self._end(_unavailable(self._link, error))

    def _end(self, error: Exception) -> None:
        self._shut()
        self._tell(error)

    # What is done.

    def _step(self, event: dhcpv4.Event) -> None:
        try:
            taken = dhcpv4.step(self._client, self._state, event, _now(), _chance())
            self._state = taken.state
            self._await(dhcpv4.awaited(taken.state))
            for effect in taken.effects:
                self._act(effect)
        except OSError as error:
            self._failed(error)
        except Exception as error:  # our bug: it fails this statement, not the loop
            self._end(error)

    def _await(self, xid: int | None) -> None:
        """Let in the answers to one transaction, or nothing: before it is asked for, so that no answer is missed."""
        if xid != self._awaited and self._socket is not None:
            self._socket.filter(NOTHING if xid is None else dhcp_answers(self._client.mac, xid))
            self._awaited = xid

    def _act(self, effect: dhcpv4.Effect) -> None:
        if isinstance(effect, dhcpv4.Send):
            self._send(effect)
        elif isinstance(effect, dhcpv4.Wake):
            self._arm(effect.after)
        elif isinstance(effect, dhcpv4.Note):
            self._note(effect.line)
        elif isinstance(effect, dhcpv4.Probe):
            if self._prober is not None:
                self._prober.close()
            ifindex, mac = self._facts.ifindex, self._facts.mac
            prober = Prober(ifindex, mac, effect.address, self._probed, self._failed)
            if self._socket is None:  # the first probe could not leave, and that was the end
                prober.close()
            else:
                self._prober = prober
        elif isinstance(effect, dhcpv4.Granted):
            self._tell(_lease(effect.grant))
        elif isinstance(effect, dhcpv4.Lost):
            self._note(f"dhcp: {effect.reason}")
            self._tell(None)
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
        if self._socket is not None:
            packet = dhcpv4.write_datagram(effect.source, effect.destination, effect.payload)
            self._socket.send(packet, effect.mac or EVERYBODY)

    def _keep(self, effect: dhcpv4.Remember | dhcpv4.Forget) -> None:
        try:
            if isinstance(effect, dhcpv4.Remember):
                left = effect.grant.since + effect.grant.seconds - _now()
                self._file.write(Kept(effect.grant.address, time.time() + left))
            else:
                self._file.remove()
        except OSError as error:
            self._complain(f"dhcp: the lease cannot be kept: {error.strerror}; after a restart a new one is asked for")

    def _arm(self, after: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._deadline = inf
        if after != inf:
            self._deadline = _now() + after
            self._timer = self._loop.call_later(min(after, _CHUNK), self._awake)

    def _tell(self, outcome: Lease | Exception | None) -> None:
        self._outcomes.append(outcome)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _note(self, line: str) -> None:
        if self._told is not None:
            self._told.note(line, DHCP)


def _usable(link: str) -> LinkFacts:
    facts = read_link(link)
    operation = f"ask for a lease on {link}"
    if not facts.ethernet:
        raise Unavailable(operation, "it is not an Ethernet link")
    if facts.mtu < _MTU_LEAST:
        raise Unavailable(operation, f"its MTU of {facts.mtu} bytes is too small")
    if not facts.up:
        raise _unavailable(link, OSError(ENETDOWN, ""))
    return facts


def _unavailable(link: str, error: OSError) -> Unavailable:
    reason = error.strerror or str(error)
    if error.errno == ENETDOWN:
        reason = "the link is down"
    elif error.errno in (ENODEV, ENXIO):
        reason = "the link is gone"
    elif error.errno == EPERM:
        reason = takes("CAP_NET_RAW")
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
    )


def _text(address: bytes) -> str:
    return format_ipv4(address).decode()


def _now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _chance() -> float:
    return (int.from_bytes(os.urandom(7), "big") >> 3) / 2**53
