"""A DHCPv4 client: when to speak, whom to believe and when to give up.  No sockets, no clock, no dice.

    Idle --start--> SELECTING --offer--> REQUESTING --ack--> PROBING --free--> BOUND
      |                 ^  ^                 | nak              | conflict       | T1
      +--resume--> REBOOTING                 v                  v (DECLINE)      v
                        |  |             PAUSING <--------------+            RENEWING --ack--> BOUND
                        |  +--ack--> PROBING |                                   | T2
                        +--nak, silence------+--> SELECTING <--nak, expiry-- REBINDING --ack--> BOUND

Close from wherever a lease is held says RELEASE.  Everything in a reply is checked before it gets here (`heard`);
here are the checks that need a state: the transaction, the server, the address.

Shapes: `now` is seconds on a clock that does not stop while the machine sleeps; `chance` is 0 up to, not including, 1.
Source: RFC 2131 section 4.4, figure 5; RFC 5227 section 2.1; RFC 3442 (which routes count).
"""

from math import inf

from netstrata.protocols.dhcpv4 import requests
from netstrata.protocols.dhcpv4.message import FOREVER, Reply
from netstrata.protocols.dhcpv4.states import (
    BEFORE,
    BESIDE,
    Ack,
    Bound,
    Client,
    Close,
    Conflict,
    Effect,
    Event,
    Forget,
    Free,
    Grant,
    Granted,
    Idle,
    Ignored,
    Lost,
    Nak,
    Note,
    Offer,
    Pausing,
    Probe,
    Probing,
    Rebinding,
    Rebooting,
    Remember,
    Renewing,
    Requesting,
    Resume,
    Selecting,
    Start,
    State,
    Step,
    Timeout,
    Wake,
)
from netstrata.values import format_ipv4

FIRST_WAIT = 0.25  # seconds: a packet lost right after a link came up is to cost no more than this
LONGEST_WAIT = 64.0
REQUESTS_MOST = 5  # 7.75 s of asking for what was offered
REBOOTS_MOST = 3  # 1.75 s of asking for what we had
DECLINED_WAIT = 10.0  # RFC 2131 section 3.1, step 5
RENEW_WAIT_LEAST = 60.0  # RFC 2131 section 4.4.5; shorter for leases under twenty minutes


def step(client: Client, state: State, event: Event, now: float, chance: float) -> Step:
    """Say where a client goes from here, and what must be done on the way."""
    taken: Step | None = None
    if isinstance(event, Close):
        taken = _close(client, state, chance)
    elif isinstance(event, Timeout):
        taken = _wait_is_over(client, state, now, chance)
    elif isinstance(event, Offer):
        taken = _offered(client, state, event.reply, now, chance)
    elif isinstance(event, Ack):
        taken = _acknowledged(client, state, event, now, chance)
    elif isinstance(event, Nak):
        taken = _refused(client, state, event.reply, now, chance)
    elif isinstance(event, Free):
        taken = _bind(state.grant, now) if isinstance(state, Probing) else None
    elif isinstance(event, Conflict):
        taken = _conflict(client, state, event.mac, chance)
    elif isinstance(state, Idle):
        taken = _start(client, event, now, chance)
    return taken if taken is not None else Step(state, (Ignored(event),))


def _start(client: Client, event: Start | Resume, now: float, chance: float) -> Step:
    if isinstance(event, Resume):
        return _reboot(client, Rebooting(_xid(chance), event.address, now, 0), now, chance)
    return _discover(client, Selecting(_xid(chance), event.wanted, b"", now, 0, 0), now, chance)


def _wait_is_over(client: Client, state: State, now: float, chance: float) -> Step | None:
    if isinstance(state, Selecting):
        return _discover(client, state, now, chance)
    if isinstance(state, Requesting):
        return _request(client, state, now, chance)
    if isinstance(state, Rebooting):
        return _reboot(client, state, now, chance)
    if isinstance(state, Pausing):
        return _discover(client, Selecting(_xid(chance), b"", b"", now, 0, state.setbacks), now, chance)
    if isinstance(state, Bound | Renewing | Rebinding):
        return _hold(client, state.grant, now, chance)
    return None


# Getting a lease.


def _discover(client: Client, state: Selecting, now: float, chance: float) -> Step:
    wait = _back_off(state.sent, chance)
    line = "dhcp: DISCOVER" if not state.sent else f"dhcp: {_unanswered('DISCOVER', state.sent, wait)}"
    said = requests.discover(client, state.xid, now - state.began, state.wanted)
    return Step(state._replace(sent=state.sent + 1), (said, Note(line), Wake(wait)))


def _offered(client: Client, state: State, reply: Reply, now: float, chance: float) -> Step | None:
    """The first offer wins; from the server that just failed us, only if it is still alone after the first wait."""
    if not isinstance(state, Selecting) or reply.xid != state.xid:
        return None
    if reply.server == state.shunned and state.sent < 2:
        return None
    asking = Requesting(state.xid, reply.address, reply.server, state.began, now, 0, state.setbacks)
    return _request(client, asking, now, chance)


def _request(client: Client, state: Requesting, now: float, chance: float) -> Step:
    if state.sent >= REQUESTS_MOST:
        line = f"dhcp: {_text(state.server)} offered {_text(state.address)}, but does not answer"
        again = _discover(client, Selecting(_xid(chance), b"", state.server, now, 0, state.setbacks), now, chance)
        return Step(again.state, (Note(line), *again.effects))
    wait = _back_off(state.sent, chance)
    if state.sent:
        line = f"dhcp: {_unanswered('REQUEST', state.sent, wait)}"
    else:
        line = f"dhcp: OFFER of {_text(state.address)} from {_text(state.server)}; REQUEST"
    said = requests.request_offer(client, state, now)
    return Step(state._replace(sent=state.sent + 1), (said, Note(line), Wake(wait)))


def _reboot(client: Client, state: Rebooting, now: float, chance: float) -> Step:
    if state.sent >= REBOOTS_MOST:
        line = f"dhcp: nobody confirms {_text(state.address)}"
        again = _discover(client, Selecting(_xid(chance), state.address, b"", state.began, 0, 0), now, chance)
        return Step(again.state, (Note(line), *again.effects))
    wait = _back_off(state.sent, chance)
    line = f"dhcp: REQUEST for {_text(state.address)}, which we had before"
    if state.sent:
        line = f"dhcp: {_unanswered('REQUEST', state.sent, wait)}"
    said = requests.request_again(client, state.xid, now - state.began, state.address)
    return Step(state._replace(sent=state.sent + 1), (said, Note(line), Wake(wait)))


def _acknowledged(client: Client, state: State, event: Ack, now: float, chance: float) -> Step | None:
    reply = event.reply
    if isinstance(state, Requesting):
        if (reply.xid, reply.address, reply.server) != (state.xid, state.address, state.server):
            return None
        return _granted(client, grant_from(reply, event.mac, state.asked, chance), state.setbacks, now)
    if isinstance(state, Rebooting):
        if (reply.xid, reply.address) != (state.xid, state.address):
            return None
        return _granted(client, grant_from(reply, event.mac, state.began, chance), 0, now)
    if isinstance(state, Renewing | Rebinding):
        known = state.grant
        if (reply.xid, reply.address) != (state.xid, known.address):
            return None
        if isinstance(state, Renewing) and reply.server != known.server:
            return None
        return _renewed(known, grant_from(reply, event.mac, state.asked, chance), now)
    return None


def _granted(client: Client, grant: Grant, setbacks: int, now: float) -> Step:
    note = Note(f"dhcp: ACK of {_text(grant.address)}/{grant.prefix} from {_text(grant.server)}{_for(grant.seconds)}")
    if client.conflict_check == BEFORE:
        return Step(Probing(grant, setbacks), (note, Wake(inf), Probe(grant.address)))
    bound = _bind(grant, now)
    if client.conflict_check == BESIDE:
        return Step(bound.state, (note, *bound.effects, Probe(grant.address)))
    return Step(bound.state, (note, *bound.effects))


# Holding it.


def _bind(grant: Grant, now: float) -> Step:
    wait = max(0.0, grant.since + grant.t1 - now)
    return Step(Bound(grant), (Remember(grant), Granted(grant), Wake(wait)))


def _renewed(known: Grant, grant: Grant, now: float) -> Step:
    wait = max(0.0, grant.since + grant.t1 - now)
    note = Note(f"dhcp: {_text(grant.address)} renewed by {_text(grant.server)}{_for(grant.seconds)}")
    if _terms(known) == _terms(grant):
        return Step(Bound(grant), (note, Remember(grant), Wake(wait)))
    return Step(Bound(grant), (note, Remember(grant), Granted(grant), Wake(wait)))


def _hold(client: Client, grant: Grant, now: float, chance: float) -> Step:
    """Renew, rebind or lose a lease: whatever its age says, also after a night's sleep of the machine."""
    age = now - grant.since
    if age >= grant.seconds:
        again = _discover(client, Selecting(_xid(chance), grant.address, b"", now, 0, 0), now, chance)
        lost = Lost(f"the lease of {_text(grant.address)} ran out")
        return Step(again.state, (Forget(), lost, *again.effects))
    if age < grant.t1:
        return Step(Bound(grant), (Wake(grant.t1 - age),))
    renewing = age < grant.t2
    end = grant.t2 if renewing else grant.seconds
    least = min(RENEW_WAIT_LEAST, grant.seconds / 20)
    wait = min(end - age, max((end - age) / 2, least))
    xid = _xid(chance)
    if renewing:
        note = Note(f"dhcp: asking {_text(grant.server)} to renew {_text(grant.address)}")
        return Step(Renewing(grant, xid, now), (requests.renew(client, xid, grant), note, Wake(wait)))
    note = Note(f"dhcp: asking any server to renew {_text(grant.address)}, which ends in {grant.seconds - age:.0f} s")
    return Step(Rebinding(grant, xid, now), (requests.rebind(client, xid, grant), note, Wake(wait)))


# Losing it.


def _refused(client: Client, state: State, reply: Reply, now: float, chance: float) -> Step | None:
    why = f": {reply.text}" if reply.text else ""
    if isinstance(state, Requesting) and (reply.xid, reply.server) == (state.xid, state.server):
        note = Note(f"dhcp: NAK of {_text(state.address)} from {_text(reply.server)}{why}")
        return _after_setback(client, state.setbacks + 1, reply.server, note, now, chance)
    if isinstance(state, Rebooting) and reply.xid == state.xid:
        note = Note(f"dhcp: NAK of {_text(state.address)} from {_text(reply.server)}{why}")
        again = _discover(client, Selecting(_xid(chance), b"", b"", state.began, 0, 0), now, chance)
        return Step(again.state, (note, Forget(), *again.effects))
    if isinstance(state, Renewing | Rebinding) and reply.xid == state.xid:
        if isinstance(state, Renewing) and reply.server != state.grant.server:
            return None
        reason = f"{_text(reply.server)} takes {_text(state.grant.address)} back (NAK){why}"
        again = _discover(client, Selecting(_xid(chance), b"", b"", now, 0, 0), now, chance)
        return Step(again.state, (Forget(), Lost(reason), *again.effects))
    return None


def _after_setback(client: Client, setbacks: int, server: bytes, note: Note, now: float, chance: float) -> Step:
    """Try again at once after the first setback, later and later after the next ones."""
    if setbacks == 1:
        again = _discover(client, Selecting(_xid(chance), b"", server, now, 0, setbacks), now, chance)
        return Step(again.state, (note, Forget(), *again.effects))
    return Step(Pausing(setbacks), (note, Forget(), Wake(_back_off(setbacks, chance))))


def _conflict(client: Client, state: State, mac: bytes, chance: float) -> Step | None:
    if not isinstance(state, Probing | Bound | Renewing | Rebinding):
        return None
    grant = state.grant
    setbacks = state.setbacks + 1 if isinstance(state, Probing) else 1
    wait = min(LONGEST_WAIT, DECLINED_WAIT * 2.0 ** min(setbacks - 1, 8)) * (1 + chance / 10)
    reason = f"{_text(grant.address)} is used by {mac.hex(':')} too; DECLINE, next try in {wait:.0f} s"
    declined: Effect = requests.decline(client, _xid(chance), grant)
    said: Effect = Note(f"dhcp: {reason}") if isinstance(state, Probing) else Lost(reason)
    return Step(Pausing(setbacks), (declined, Forget(), said, Wake(wait)))


def _close(client: Client, state: State, chance: float) -> Step | None:
    if isinstance(state, Idle):
        return None
    if not isinstance(state, Probing | Bound | Renewing | Rebinding):
        return Step(Idle(), (Wake(inf),))
    grant = state.grant
    note = Note(f"dhcp: RELEASE of {_text(grant.address)} to {_text(grant.server)}")
    return Step(Idle(), (requests.release(client, _xid(chance), grant), Forget(), note, Wake(inf)))


# Small change.


def grant_from(reply: Reply, mac: bytes, since: float, chance: float) -> Grant:
    """Return what an ACK grants, counted from when it was asked for.

    The server's T1 and T2 are taken if they make sense, else half and seven eighths; both a little early by chance,
    so that many clients do not renew at once.  With classless routes the router option does not count.
    """
    seconds = t1 = t2 = inf
    if reply.seconds != FOREVER:
        seconds = float(reply.seconds)
        t1 = float(reply.t1 or 0) or seconds * 0.5
        t2 = float(reply.t2 or 0) or seconds * 0.875
        if not t1 < t2 < seconds:
            t1, t2 = seconds * 0.5, seconds * 0.875
        t1 *= 1 - chance / 50
        t2 *= 1 - chance / 50
    gateway = reply.routers[0] if reply.routers else None
    routes = reply.routes if reply.routes is not None else ()
    if reply.routes is not None:
        defaults = [route[2] for route in routes if route[1] == 0 and route[2] != b"\0\0\0\0"]
        gateway = defaults[0] if defaults else None
    return Grant(
        reply.address, reply.prefix, gateway, reply.dns_servers, reply.domain, routes,
        reply.server, mac, since, t1, t2, seconds,
    )  # fmt: skip


def _terms(grant: Grant) -> tuple[object, ...]:
    """What a program can see of a grant; who granted it, and for how long, does not take anything down."""
    return (grant.address, grant.prefix, grant.gateway, grant.dns_servers, grant.domain, grant.routes)


def _xid(chance: float) -> int:
    return int(chance * 0x100000000) & 0xFFFFFFFF


def _back_off(sent: int, chance: float) -> float:
    """0.25, 0.5, 1, 2 … 64 s, a tenth more or less."""
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(sent, 16)) * (0.9 + chance / 5))


def _unanswered(what: str, sent: int, wait: float) -> str:
    plural = "s" if sent > 1 else ""
    return f"{sent} {what}{plural} unanswered, next in {wait:.2g} s"


def _for(seconds: float) -> str:
    return ", for ever" if seconds == inf else f", for {seconds:.0f} s"


def _text(address: bytes) -> str:
    return format_ipv4(address).decode()
