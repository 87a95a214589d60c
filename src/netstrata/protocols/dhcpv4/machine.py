"""A DHCPv4 client: when to speak, whom to believe and when to give up.  No sockets, no clock, no dice.

    Idle --start--> SELECTING --offer--> REQUESTING --ack--> PROBING --free--> BOUND
      |                 ^  ^                 | nak              | conflict       | T1
      +--resume--> REBOOTING                 v                  v (DECLINE)      v
                        |  |             PAUSING <--------------+            RENEWING --ack--> BOUND
                        |  +--ack--> PROBING |                                   | T2
                        +--nak, silence------+--> SELECTING <--nak, expiry-- REBINDING --ack--> BOUND

An offer, or an ACK while rebooting, that prefers IPv6 alone leads to PAUSING, if that is wanted.

Idle --continue--> BOUND, RENEWING, REBINDING or SELECTING, by the age of a lease that another client has had.
Close from wherever a lease is held says RELEASE.  Everything in a reply is checked before it gets here (`heard`);
here are the checks that need a state: the transaction, the server, the address.  What keeps going wrong soon after it
went well (NAK, expiry, conflict, other terms) is tried again ever more slowly.

Shapes: `now` is seconds on a clock that does not stop while the machine sleeps; `chance` is 0 up to, not including, 1.
Source: RFC 2131 section 4.4, figure 5; RFC 5227 section 2.1.
"""

from math import inf

from netstrata.protocols.conflict import decoys
from netstrata.protocols.dhcpv4 import requests
from netstrata.protocols.dhcpv4.message import NOWHERE, Reply
from netstrata.protocols.dhcpv4.states import (
    BEFORE,
    BESIDE,
    Ack,
    Bound,
    Client,
    Close,
    Conflict,
    Continue,
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
    Standing,
    Start,
    State,
    Step,
    Timeout,
    Wake,
)
from netstrata.protocols.dhcpv4.terms import grant_from, same_terms, with_times_of
from netstrata.values import format_ipv4

FIRST_WAIT = 0.25  # seconds: a packet lost right after a link came up is to cost no more than this
LONGEST_WAIT = 64.0
REQUESTS_MOST = 5  # 7.75 s of asking for what was offered
REBOOTS_MOST = 3  # 1.75 s of asking for what we had
DECLINED_WAIT = 10.0  # RFC 2131 section 3.1, step 5
RENEW_WAIT_LEAST = 60.0  # RFC 2131 section 4.4.5; shorter for leases under twenty minutes
IPV6_ONLY_LEAST = 300.0  # RFC 8925 section 3.4, MIN_V6ONLY_WAIT
SHORTEST_WAIT = 0.001  # of two floating point times one may be just short of the other for ever
LASTING = 2 * LONGEST_WAIT  # what has stood for so long begins anew with its setbacks
_REMEDY = ' (["conflict_check": "never"] takes it nevertheless)'
TOLD_LEAST = 10.0  # renewals that come more often would fill the time line, and wear out the disk


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
        taken = _refused(client, state, event, now, chance)
    elif isinstance(event, Free):
        taken = _bind(state.grant, state.setbacks, now) if isinstance(state, Probing) else None
    elif isinstance(event, Conflict):
        taken = _conflict(client, state, event.mac, now, chance)
    elif isinstance(state, Idle):
        taken = _start(client, event, now, chance)
    return taken if taken is not None else Step(state, (Ignored(event),))


def _start(client: Client, event: Start | Resume | Continue, now: float, chance: float) -> Step:
    if isinstance(event, Continue):
        return _continue(client, event.lease, now, chance)
    if isinstance(event, Resume):
        return _reboot(client, Rebooting(_xid(chance), event.address, now, 0), now, chance)
    return _discover(client, Selecting(_xid(chance), event.wanted, b"", now, 0, 0), now, chance)


def _continue(client: Client, lease: Bound, now: float, chance: float) -> Step:
    """Go on with a lease as if it had been ours all the time; nothing is said before its time."""
    grant = lease.grant
    if not 0 <= now - grant.since < grant.seconds:
        return _start(client, Start(grant.address), now, chance)
    again = _hold(client, lease, now, chance)
    line = f"dhcp: going on with the lease of {_text(grant.address)} from {_text(grant.server)}"
    return Step(again.state, (Note(line), Granted(grant), *again.effects))


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
        return _hold(client, state, now, chance)
    return None


# Getting a lease.


def _discover(client: Client, state: Selecting, now: float, chance: float) -> Step:
    wait = _back_off(state.sent, chance)
    line = "dhcp: DISCOVER" if not state.sent else f"dhcp: {_unanswered('DISCOVER', state.sent, wait)}"
    asking = state._replace(sent=state.sent + 1, secs=requests.passed(state.began, now))
    return Step(asking, (requests.discover(client, asking), Note(line), Wake(wait)))


def _offered(client: Client, state: State, reply: Reply, now: float, chance: float) -> Step | None:
    """The first offer wins; from the server that just failed us, only if it is still alone after the first wait."""
    if not isinstance(state, Selecting) or reply.xid != state.xid:
        return None
    if client.ipv6_only and reply.ipv6_only is not None:
        return _without(reply)
    if reply.address == NOWHERE or (reply.server == state.shunned and state.sent < 2):
        return None
    asking = Requesting(state.xid, reply.address, reply.server, state.secs, now, 0, state.setbacks)
    return _request(client, asking, now, chance)


def _without(reply: Reply) -> Step:
    """Take no address for a while: the network prefers IPv6 alone.  While one is held that changes nothing.

    Source: RFC 8925 section 3.2.
    """
    wait = max(IPV6_ONLY_LEAST, reply.ipv6_only or 0)
    line = f"dhcp: {_text(reply.server)} prefers IPv6 alone in this network (option 108); next in {wait:.0f} s"
    return Step(Pausing(0), (Note(line), Wake(wait)))


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
    said = requests.request_offer(client, state)
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
    said = requests.request_again(client, state, now)
    return Step(state._replace(sent=state.sent + 1), (said, Note(line), Wake(wait)))


def _acknowledged(client: Client, state: State, event: Ack, now: float, chance: float) -> Step | None:
    reply = event.reply
    if not isinstance(state, Requesting | Rebooting | Renewing | Rebinding) or reply.xid != state.xid:
        return None
    address, server = _asked(state)
    if reply.server != (server or reply.server):
        return Step(state, (Ignored(event, f"only {_text(server)} was asked"),))
    if reply.address != address:
        return Step(state, (Ignored(event, f"{_text(address)} was asked for"),))
    if isinstance(state, Renewing | Rebinding):
        return _renewed(state, grant_from(reply, event.mac, state.asked, chance), now)
    if isinstance(state, Rebooting):
        grant = grant_from(reply, event.mac, state.began, chance)
        if client.ipv6_only and reply.ipv6_only is not None:
            resting = _without(reply)
            return Step(resting.state, (requests.release(client, _xid(chance), grant), Forget(), *resting.effects))
        return _granted(client, grant, 0, now, chance)
    return _granted(client, grant_from(reply, event.mac, state.asked, chance), state.setbacks, now, chance)


def _asked(state: Requesting | Rebooting | Renewing | Rebinding) -> tuple[bytes, bytes]:
    """Return the address that was asked for, and the one server that may answer; empty if any may.

    Source: RFC 2131 section 4.3.2: a REQUEST that selects names its server, one that renews goes to no other; those
    that reboot or rebind are for all.
    """
    if isinstance(state, Requesting):
        return state.address, state.server
    if isinstance(state, Rebooting):
        return state.address, b""
    return state.grant.address, state.grant.server if isinstance(state, Renewing) else b""


def _granted(client: Client, grant: Grant, setbacks: int, now: float, chance: float) -> Step:
    line = f"dhcp: ACK of {_text(grant.address)}/{grant.prefix} from {_text(grant.server)}{_for(grant)}"
    beside = decoys(grant.address, grant.prefix, (grant.gateway, grant.server), chance)
    if client.conflict_check == BEFORE:
        return Step(Probing(grant, setbacks), (Note(line), Wake(inf), Probe(grant.address, beside)))
    bound = _bind(grant, setbacks, now)
    if client.conflict_check == BESIDE:
        return Step(bound.state, (Note(line), *bound.effects, Probe(grant.address, beside)))
    return Step(bound.state, (Note(line), *bound.effects))


# Holding it.


def _bind(grant: Grant, setbacks: int, now: float) -> Step:
    return Step(Bound(grant, Standing(now, setbacks)), (Remember(grant), Granted(grant), _until_t1(grant, now)))


def _renewed(state: Renewing | Rebinding, grant: Grant, now: float) -> Step:
    """Go on with a lease, under its new terms unless they have just changed."""
    known = state.grant
    if same_terms(known, grant):
        line = f"dhcp: {_text(grant.address)} renewed by {_text(grant.server)}{_for(grant)}"
        seldom = max(known.t1, grant.t1) >= TOLD_LEAST
        told: tuple[Effect, ...] = (Note(line), Remember(grant)) if seldom else ()
        return Step(Bound(with_times_of(known, grant), state.standing), (*told, _until_t1(grant, now)))
    setbacks = _setbacks(state.standing, now)
    if setbacks and now - state.standing.since < _back_off(setbacks, 0.5):
        kept = with_times_of(known, grant)
        return Step(Bound(kept, state.standing), (_until_t1(kept, now),))
    line = f"dhcp: {_text(grant.address)} renewed by {_text(grant.server)} with other terms{_for(grant)}"
    if setbacks:
        line += f"; they have changed {setbacks + 1} times, and stay for {_back_off(setbacks + 1, 0.5):.2g} s now"
    bound = _bind(grant, setbacks + 1, now)
    return Step(bound.state, (Note(line), *bound.effects))


def _hold(client: Client, state: Bound | Renewing | Rebinding, now: float, chance: float) -> Step:
    """Renew, rebind or lose a lease: whatever its age says, also after a night's sleep of the machine.

    All of a renewal is one transaction, so that an answer counts that takes longer than we wait for it.
    """
    grant, standing = state.grant, state.standing
    age = now - grant.since
    if age >= grant.seconds:
        again = Selecting(_xid(chance), grant.address, b"", now, 0, _setbacks(standing, now) + 1)
        return _after_setback(client, again, Lost(f"the lease of {_text(grant.address)} ran out"), now, chance)
    if age < grant.t1:
        return Step(Bound(grant, standing), (Wake(max(SHORTEST_WAIT, grant.t1 - age)),))
    xid, began = (_xid(chance), now) if isinstance(state, Bound) else (state.xid, state.began)
    end = grant.t2 if age < grant.t2 else grant.seconds
    least = min(RENEW_WAIT_LEAST, grant.seconds / 20)
    wait = Wake(max(SHORTEST_WAIT, min(end - age, max((end - age) / 2, least))))
    if age < grant.t2:
        renewing = Renewing(grant, standing, xid, began, now)
        note = Note(f"dhcp: asking {_text(grant.server)} to renew {_text(grant.address)}")
        told = (note,) if grant.t1 >= TOLD_LEAST else ()
        return Step(renewing, (requests.renew(client, renewing), *told, wait))
    rebinding = Rebinding(grant, standing, xid, began, now)
    note = Note(f"dhcp: asking any server to renew {_text(grant.address)}, which ends in {grant.seconds - age:.0f} s")
    told = (note,) if grant.t1 >= TOLD_LEAST else ()
    return Step(rebinding, (requests.rebind(client, rebinding), *told, wait))


# Losing it.


def _refused(client: Client, state: State, event: Nak, now: float, chance: float) -> Step | None:
    reply = event.reply
    if not isinstance(state, Requesting | Rebooting | Renewing | Rebinding) or reply.xid != state.xid:
        return None
    address, server = _asked(state)
    if reply.server != (server or reply.server):
        return Step(state, (Ignored(event, f"only {_text(server)} was asked"),))
    why = f": {reply.text}" if reply.text else ""
    note = Note(f"dhcp: NAK of {_text(address)} from {_text(reply.server)}{why}")
    if isinstance(state, Rebooting):
        again = _discover(client, Selecting(_xid(chance), b"", b"", state.began, 0, 0), now, chance)
        return Step(again.state, (note, Forget(), *again.effects))
    if isinstance(state, Requesting):
        shunning = Selecting(_xid(chance), b"", reply.server, now, 0, state.setbacks + 1)
        return _after_setback(client, shunning, note, now, chance)
    lost = Lost(f"{_text(reply.server)} takes {_text(address)} back (NAK){why}")
    asking = Selecting(_xid(chance), b"", b"", now, 0, _setbacks(state.standing, now) + 1)
    return _after_setback(client, asking, lost, now, chance)


def _after_setback(client: Client, again: Selecting, said: Note | Lost, now: float, chance: float) -> Step:
    """Try again at once after the first setback, later and later after the next ones."""
    if again.setbacks == 1:
        taken = _discover(client, again, now, chance)
        return Step(taken.state, (Forget(), said, *taken.effects))
    wait = _back_off(again.setbacks, chance)
    next_try = f"; next try in {wait:.2g} s"
    told: Effect = Note(said.line + next_try) if isinstance(said, Note) else Lost(said.reason + next_try)
    return Step(Pausing(again.setbacks), (Forget(), told, Wake(wait)))


def _conflict(client: Client, state: State, mac: bytes, now: float, chance: float) -> Step | None:
    if not isinstance(state, Probing | Bound | Renewing | Rebinding):
        return None
    grant = state.grant
    setbacks = 1 + (state.setbacks if isinstance(state, Probing) else _setbacks(state.standing, now))
    wait = min(LONGEST_WAIT, DECLINED_WAIT * 2.0 ** min(setbacks - 1, 8)) * (1 + chance / 10)
    reason = f"{_text(grant.address)} is used by {mac.hex(':')} too{_REMEDY}; DECLINE, next try in {wait:.0f} s"
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


def _until_t1(grant: Grant, now: float) -> Wake:
    return Wake(max(0.0, grant.since + grant.t1 - now))


def _setbacks(standing: Standing, now: float) -> int:
    return standing.setbacks if now - standing.since < LASTING else 0


def _xid(chance: float) -> int:
    return int(chance * 0x100000000) & 0xFFFFFFFF


def _back_off(sent: int, chance: float) -> float:
    """0.25, 0.5, 1, 2 … 64 s, a tenth more or less."""
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(sent, 16)) * (0.9 + chance / 5))


def _unanswered(what: str, sent: int, wait: float) -> str:
    plural = "s" if sent > 1 else ""
    return f"{sent} {what}{plural} unanswered, next in {wait:.2g} s"


def _for(grant: Grant) -> str:
    if grant.seconds == inf:
        return ", for ever"
    untold = f": it is renewed every {grant.t1:.2g} s, which is not told" if grant.t1 < TOLD_LEAST else ""
    return f", for {grant.seconds:.0f} s{untold}"


def _text(address: bytes) -> str:
    return format_ipv4(address).decode()
