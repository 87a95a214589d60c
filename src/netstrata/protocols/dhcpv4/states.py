"""What a DHCPv4 client can be, what can happen to it, and what it may ask to be done.

Times called `since`, `began` and `asked` are seconds on a clock of the driver's that goes on while the machine sleeps.
"""

from typing import NamedTuple, Union

from netstrata.protocols.dhcpv4 import message
from netstrata.protocols.dhcpv4.extras import Extras
from netstrata.protocols.dhcpv4.message import Reply, read_reply
from netstrata.protocols.dhcpv4.options import Route

BEFORE = "before"  # ask by ARP whether the address is free, then use it
BESIDE = "beside"  # use it at once and ask meanwhile
NEVER = "never"


class Client(NamedTuple):
    """Who is asking."""

    mac: bytes
    mtu: int
    client_id: bytes = b""  # which all that it says bears, also in `sent`
    conflict_check: str = BEFORE
    sent: tuple[tuple[int, bytes], ...] = ()  # options by number, in what wants an answer
    asked_for: bytes = b""  # numbers of options; empty are the usual ones
    broadcast: bool = False  # be answered to everybody
    ipv6_only: bool = False  # go without where the network prefers that


class Grant(NamedTuple):
    """An address that a server lets us use.  t1, t2 and seconds count from `since`; inf has no end."""

    address: bytes
    prefix: int
    gateway: bytes | None
    dns_servers: tuple[bytes, ...]
    domain: bytes
    routes: tuple[Route, ...]
    server: bytes
    server_mac: bytes
    since: float
    t1: float
    t2: float
    seconds: float
    extras: Extras = Extras()


# States.  `setbacks` counts what went wrong since the last lease that lasted; it is what slows a hopeless client down.
# `secs` is what the DISCOVER said: the REQUEST must repeat it (RFC 2131 section 3.1, step 3).


class Standing(NamedTuple):
    """Since when a lease has its terms, and after how many setbacks: NAK, conflict, loss, other terms."""

    since: float
    setbacks: int


class Idle(NamedTuple):
    """Not started yet, or closed."""


class Rebooting(NamedTuple):
    """Asking whether an address of before is still ours (INIT-REBOOT)."""

    xid: int
    address: bytes
    began: float
    sent: int


class Selecting(NamedTuple):
    """Asking who has an address to offer.  A server that failed us a moment ago is shunned at first."""

    xid: int
    wanted: bytes
    shunned: bytes
    began: float
    sent: int
    setbacks: int
    secs: int = 0


class Requesting(NamedTuple):
    """Asking for what one server offered."""

    xid: int
    address: bytes
    server: bytes
    secs: int
    asked: float
    sent: int
    setbacks: int


class Probing(NamedTuple):
    """Granted, but is somebody else using it?"""

    grant: Grant
    setbacks: int


class Bound(NamedTuple):
    """The lease is ours."""

    grant: Grant
    standing: Standing


class Renewing(NamedTuple):
    """Ours; the server that granted it is asked for more time."""

    grant: Grant
    standing: Standing
    xid: int
    began: float
    asked: float  # last


class Rebinding(NamedTuple):
    """Ours; anyone is asked for more time."""

    grant: Grant
    standing: Standing
    xid: int
    began: float
    asked: float  # last


class Pausing(NamedTuple):
    """Waiting before the next attempt."""

    setbacks: int


State = Union[Idle, Rebooting, Selecting, Requesting, Probing, Bound, Renewing, Rebinding, Pausing]


# Events.


class Start(NamedTuple):
    """Begin; `wanted` is an address of before whose time is over, or empty."""

    wanted: bytes


class Resume(NamedTuple):
    """Begin with an address whose time is not over."""

    address: bytes


class Continue(NamedTuple):
    """Begin with a lease that a client before this one held, on the same clock and the same wire."""

    lease: Bound


class Timeout(NamedTuple):
    """The time last asked for by `Wake` has come."""


class Offer(NamedTuple):
    """A server offers an address."""

    reply: Reply
    mac: bytes


class Ack(NamedTuple):
    """A server grants an address."""

    reply: Reply
    mac: bytes


class Nak(NamedTuple):
    """A server refuses an address."""

    reply: Reply
    mac: bytes


class Free(NamedTuple):
    """Nobody answered for the address that was probed."""


class Conflict(NamedTuple):
    """Somebody answered for the address that was probed."""

    mac: bytes


class Close(NamedTuple):
    """The end is wanted."""


Event = Union[Start, Resume, Continue, Timeout, Offer, Ack, Nak, Free, Conflict, Close]


# Effects, in the order in which they are to be done.


class Send(NamedTuple):
    """Send a message; an empty mac is everybody's."""

    payload: bytes
    source: bytes
    destination: bytes
    mac: bytes


class Wake(NamedTuple):
    """Say Timeout after this many seconds, and forget what was asked before; inf is never."""

    after: float


class Probe(NamedTuple):
    """Ask by ARP whether anybody has an address; who has decoys, too, answers for every address."""

    address: bytes
    decoys: tuple[bytes, ...]


class Granted(NamedTuple):
    """The lease is to be used: a new one, or one whose terms have changed."""

    grant: Grant


class Lost(NamedTuple):
    """The lease is not to be used any more."""

    reason: str


class Remember(NamedTuple):
    """Keep the lease for after a restart."""

    grant: Grant


class Forget(NamedTuple):
    """There is no lease to be kept."""


class Note(NamedTuple):
    """Tell people."""

    line: str


class Ignored(NamedTuple):
    """The event means nothing here; `why` is for people, and empty where nobody needs to know."""

    event: Event
    why: str = ""


Effect = Union[Send, Wake, Probe, Granted, Lost, Remember, Forget, Note, Ignored]


class Step(NamedTuple):
    """Where a client goes, and what is to be done on the way."""

    state: State
    effects: tuple[Effect, ...]


def awaited(state: State) -> int | None:
    """Return the transaction whose answers mean something in a state; None if none do."""
    if isinstance(state, Selecting | Requesting | Rebooting | Renewing | Rebinding):
        return state.xid
    return None


def held(state: State) -> Bound | None:
    """Return what a client after this one can continue with; None if no lease is held."""
    return Bound(state.grant, state.standing) if isinstance(state, Bound | Renewing | Rebinding) else None


def heard(client: Client, payload: bytes, mac: bytes) -> Offer | Ack | Nak | None:
    """Read what a server sent; None if it was meant for another client.

    Shapes: mac is the Ethernet sender, 6 bytes.
    Raises: Malformed.
    """
    reply = read_reply(payload)
    if reply.mac != client.mac:
        return None
    if reply.kind == message.OFFER:
        return Offer(reply, mac)
    return Ack(reply, mac) if reply.kind == message.ACK else Nak(reply, mac)
