"""What a DHCPv6 client can be, what can happen to it, and what it may ask to be done.

Times called `since`, `…_at` and `…_until` are of a clock of the driver's that goes on while the machine sleeps.
"""

from typing import NamedTuple, Union

from netstrata.protocols.dhcpv6 import message
from netstrata.protocols.dhcpv6.facts import Facts
from netstrata.protocols.dhcpv6.message import Granted, Reply, read_reply
from netstrata.protocols.dhcpv6.retransmission import Exchange

Network = tuple[bytes, int]  # packed, and its prefix length


class Client(NamedTuple):
    """Who is asking, and for what: an address, a prefix, both, or nothing but what is said of the network."""

    duid: bytes
    iaid: int
    address: bool = True
    prefix: bool = False
    length: int = 0  # of the prefix that is wished for; 0: any
    rapid: bool = False
    hostname: bytes = b""
    user_class: bytes = b""
    vendor_class: tuple[int, bytes] | None = None  # an enterprise number, and what it says
    sent: tuple[tuple[int, bytes], ...] = ()  # more options, by number; they win
    asked_for: tuple[int, ...] = ()  # numbers of options; empty are the usual ones


class Binding(NamedTuple):
    """An address or a prefix that is ours for a time; inf has no end."""

    address: bytes
    prefix: int
    preferred_until: float
    valid_until: float

    @property
    def network(self) -> Network:
        """What it is, whatever its time."""
        return self.address, self.prefix


class Lease(NamedTuple):
    """All that a server lets us use."""

    addresses: tuple[Binding, ...]
    prefixes: tuple[Binding, ...]
    replaced: tuple[Binding, ...]  # prefixes that are not to be used any more, as long as hosts may have to hear so
    server: bytes
    since: float
    renew_at: float
    rebind_at: float
    facts: Facts

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """What is ours of both kinds."""
        return self.addresses + self.prefixes


class Terms(NamedTuple):
    """What a program sees: what is best used of the addresses and of the prefixes, and what is said of the network."""

    addresses: tuple[Network, ...]
    prefixes: tuple[Network, ...]
    facts: Facts


class Standing(NamedTuple):
    """The terms that were told, since when, and after how many setbacks: refusal, conflict, loss, other terms."""

    terms: Terms
    since: float
    setbacks: int


# States.  `setbacks` counts what went wrong since the last lease that lasted; it is what slows a hopeless client down.


class Idle(NamedTuple):
    """Not started yet, or closed."""


class Soliciting(NamedTuple):
    """Asking who has something to offer.  A server that failed us a moment ago is shunned at first."""

    exchange: Exchange
    wished: tuple[Granted, ...]
    best: Reply | None
    shunned: bytes
    setbacks: int
    longest: int  # seconds between two questions, as a server may say
    replaced: tuple[Binding, ...] = ()  # of a lease of before


class Requesting(NamedTuple):
    """Asking for what one server offered."""

    exchange: Exchange
    offer: Reply
    setbacks: int
    replaced: tuple[Binding, ...] = ()


class Confirming(NamedTuple):
    """Asking whether a lease of before is still good on this link."""

    exchange: Exchange
    lease: Lease


class Bound(NamedTuple):
    """The lease is ours."""

    lease: Lease
    standing: Standing


class Renewing(NamedTuple):
    """Ours; the server that granted it is asked for more time, or for all of it if it has forgotten us."""

    lease: Lease
    standing: Standing
    exchange: Exchange
    forgotten: bool = False


class Rebinding(NamedTuple):
    """Ours; anyone is asked for more time."""

    lease: Lease
    standing: Standing
    exchange: Exchange


class Declining(NamedTuple):
    """Telling the server that others use its addresses."""

    exchange: Exchange
    server: bytes
    addresses: tuple[Binding, ...]
    setbacks: int


class Informing(NamedTuple):
    """Asking for what is said of the network, and nothing else; `facts` are those of before, if there are any."""

    exchange: Exchange
    facts: Facts | None
    longest: int


class Informed(NamedTuple):
    """It was said."""

    facts: Facts


class Pausing(NamedTuple):
    """Waiting before the next attempt."""

    setbacks: int
    replaced: tuple[Binding, ...] = ()
    shunned: bytes = b""  # a server that has just failed us


InUse = Union[Bound, Renewing, Rebinding]
State = Union[
    Idle, Soliciting, Requesting, Confirming, Bound, Renewing, Rebinding, Declining, Informing, Informed, Pausing
]


# Events.


class Start(NamedTuple):
    """Begin with nothing."""


class Resume(NamedTuple):
    """Begin with a lease of before a restart, perhaps of another network by now."""

    lease: Lease


class Continue(NamedTuple):
    """Begin with a lease that a client before this one held, on the same clock and the same wire."""

    lease: Bound


class Timeout(NamedTuple):
    """The time last asked for by `Wake` has come."""


class Advertise(NamedTuple):
    """A server offers something, or says that it has nothing."""

    reply: Reply


class Answer(NamedTuple):
    """A server answers."""

    reply: Reply


class Conflict(NamedTuple):
    """Another host has an address that we were given."""

    address: bytes


class Close(NamedTuple):
    """The end is wanted."""


Event = Union[Start, Resume, Continue, Timeout, Advertise, Answer, Conflict, Close]


# Effects, in the order in which they are to be done.


class Send(NamedTuple):
    """Send a message to all servers and relays of the link."""

    payload: bytes


class Wake(NamedTuple):
    """Say Timeout after this many seconds, and forget what was asked before; inf is never."""

    after: float


class Tell(NamedTuple):
    """The lease is to be used: a new one, or one whose terms have changed."""

    terms: Terms
    server: bytes


class Lost(NamedTuple):
    """The lease is not to be used any more."""

    reason: str


class Remember(NamedTuple):
    """Keep the lease for after a restart."""

    lease: Lease


class Forget(NamedTuple):
    """There is no lease to be kept."""


class Note(NamedTuple):
    """Tell people."""

    line: str


class Ignored(NamedTuple):
    """The event means nothing here; `why` is for people, and empty where nobody needs to know."""

    event: Event
    why: str = ""


Effect = Union[Send, Wake, Tell, Lost, Remember, Forget, Note, Ignored]


class Step(NamedTuple):
    """Where a client goes, and what is to be done on the way."""

    state: State
    effects: tuple[Effect, ...]


def awaited(state: State) -> int | None:
    """Return the transaction whose answers mean something in a state; None if none do."""
    if isinstance(state, Idle | Bound | Informed | Pausing):
        return None
    return state.exchange.xid


def held(state: State) -> Bound | None:
    """Return what a client after this one can continue with; None if no lease is held."""
    return Bound(state.lease, state.standing) if isinstance(state, Bound | Renewing | Rebinding) else None


def replaced(state: State) -> tuple[Binding, ...]:
    """Return prefixes of before, of which hosts may still have to hear that they are not to be used."""
    if isinstance(state, Bound | Renewing | Rebinding):
        return state.lease.replaced
    return state.replaced if isinstance(state, Soliciting | Requesting | Pausing) else ()


def heard(client: Client, payload: bytes) -> Advertise | Answer | None:
    """Read what a server sent; None if it was meant for another client.

    Raises: Malformed.
    """
    reply = read_reply(payload, client.iaid)
    if reply.client != client.duid:
        return None
    return Advertise(reply) if reply.kind == message.ADVERTISE else Answer(reply)
