"""A DHCPv6 client: when to speak, whom to believe and when to give up.  No sockets, no clock, no dice.

    Idle --start--> SOLICITING --advertise--> REQUESTING --reply--> BOUND
      |               ^  ^ | reply (rapid commit)  | nothing          | T1
      +--resume--> CONFIRMING +------> BOUND       v                  v
      |               | reply, silence          PAUSING           RENEWING --reply--> BOUND
      |               +--> BOUND                   ^                  | T2
      |                                            |              REBINDING --reply--> BOUND
      |                     another host has it    |                  | all of it ran out
      |                BOUND --> DECLINING --------+                  +--> SOLICITING
      +--start--> INFORMING --reply--> INFORMED --refresh--> INFORMING

CONFIRMING asks by CONFIRM for addresses, and by REBIND for prefixes, whose lease no server would confirm.  A server
that has forgotten us is asked by REQUEST for what it had granted (RENEWING).  Close from wherever a lease is held says
RELEASE.  What keeps going wrong soon after it went well is tried again ever more slowly.

Shapes: `now` is seconds on a clock that does not stop while the machine sleeps; `chance` is 0 up to, not including, 1.
Source: RFC 8415 section 18.2.
"""

from math import inf

from netstrata.protocols.dhcpv6 import holding, message, requests, retransmission
from netstrata.protocols.dhcpv6.holding import back_off, bind
from netstrata.protocols.dhcpv6.leases import aged, ended, lease_from
from netstrata.protocols.dhcpv6.message import Granted, Reply
from netstrata.protocols.dhcpv6.retransmission import SOLICIT, begin, is_over
from netstrata.protocols.dhcpv6.states import (
    Advertise,
    Answer,
    Binding,
    Bound,
    Client,
    Close,
    Confirming,
    Conflict,
    Continue,
    Declining,
    Effect,
    Event,
    Forget,
    Idle,
    Ignored,
    Informed,
    Informing,
    Lease,
    Lost,
    Note,
    Pausing,
    Rebinding,
    Renewing,
    Requesting,
    Resume,
    Soliciting,
    Start,
    State,
    Step,
    Tell,
    Terms,
    Timeout,
    Wake,
)
from netstrata.protocols.dhcpv6.words import (
    granted_words,
    network_words,
    refusal_words,
    server_words,
    time_words,
    unanswered_words,
)

AT_ONCE = 255  # the preference of a server that nobody need wait beside (RFC 8415 section 18.2.1)
DECLINED_WAIT = 10.0  # as with DHCPv4
REFRESH = 86400.0  # IRT_DEFAULT and IRT_MINIMUM: RFC 8415 section 21.23
REFRESH_LEAST = 600.0


def step(client: Client, state: State, event: Event, now: float, chance: float) -> Step:
    """Say where a client goes from here, and what must be done on the way."""
    taken: Step | None = None
    if isinstance(event, Close):
        taken = _close(client, state, now, chance)
    elif isinstance(event, Timeout):
        taken = _wait_is_over(client, state, now, chance)
    elif isinstance(event, Advertise):
        taken = _advertised(client, state, event.reply, now, chance)
    elif isinstance(event, Answer):
        taken = _answered(client, state, event, now, chance)
    elif isinstance(event, Conflict):
        taken = _conflict(client, state, event.address, now, chance)
    elif isinstance(state, Idle):
        taken = _start(client, event, now, chance)
    return _going_on(client, taken, now, chance) if taken is not None else Step(state, (Ignored(event),))


def _going_on(client: Client, taken: Step, now: float, chance: float) -> Step:
    """Ask anew at once where a lease was lost for the first time; the next times there is a pause."""
    state = taken.state
    if not isinstance(state, Pausing) or any(isinstance(effect, Wake) for effect in taken.effects):
        return taken
    wait = back_off(state.setbacks, chance)
    if state.setbacks > 1:
        return Step(state, (*taken.effects, Note(f"dhcpv6: next try in {wait:.2g} s"), Wake(wait)))
    again = _solicit(client, _anew(state, now, chance), now, chance)
    return Step(again.state, (*taken.effects, *again.effects))


def _anew(state: Pausing, now: float, chance: float, wished: tuple[Granted, ...] = ()) -> Soliciting:
    return Soliciting(
        begin(now, chance), wished, None, state.shunned, state.setbacks, int(SOLICIT.most), state.replaced
    )


def _start(client: Client, event: Start | Resume | Continue, now: float, chance: float) -> Step:
    if not client.address and not client.prefix:
        return _inform(client, Informing(begin(now, chance), None, int(SOLICIT.most)), now, chance)
    if isinstance(event, Start):
        return _solicit(client, _anew(Pausing(0), now, chance), now, chance)
    had = event.lease.lease if isinstance(event, Continue) else event.lease
    lease = aged(had, now)._replace(
        addresses=aged(had, now).addresses if client.address else (),
        prefixes=aged(had, now).prefixes if client.prefix else (),
    )
    if not lease.bindings or had.since > now:
        return _solicit(client, _anew(Pausing(0, had.replaced), now, chance), now, chance)
    if isinstance(event, Continue):
        again = holding.hold(client, event.lease._replace(lease=lease), now, chance)
        line = f"dhcpv6: going on with the lease of {network_words(lease.bindings)} from {server_words(lease.server)}"
        tell = Tell(event.lease.standing.terms, lease.server)
        return Step(again.state, (Note(line), tell, *again.effects))
    return _confirm(client, Confirming(begin(now, chance), lease), now, chance)


def _wait_is_over(client: Client, state: State, now: float, chance: float) -> Step | None:
    if isinstance(state, Soliciting):
        if state.best is not None:
            return _request(client, _chosen(state, state.best, now, chance), now, chance)
        return _solicit(client, state, now, chance)
    if isinstance(state, Requesting):
        return _request(client, state, now, chance)
    if isinstance(state, Confirming):
        return _confirm(client, state, now, chance)
    if isinstance(state, Bound | Renewing | Rebinding):
        return holding.hold(client, state, now, chance)
    if isinstance(state, Declining):
        return _decline(client, state, now, chance)
    if isinstance(state, Informing):
        return _inform(client, state, now, chance)
    if isinstance(state, Informed):
        return _inform(client, Informing(begin(now, chance), state.facts, int(SOLICIT.most)), now, chance)
    if isinstance(state, Pausing):
        return _solicit(client, _anew(state, now, chance), now, chance)
    return None


# Getting a lease.


def _solicit(client: Client, state: Soliciting, now: float, chance: float) -> Step:
    exchange = retransmission.ask(state.exchange, SOLICIT._replace(most=state.longest), now, chance)
    sent = state.exchange.sent
    line = "dhcpv6: SOLICIT" if not sent else f"dhcpv6: {unanswered_words('SOLICIT', sent, exchange.wait)}"
    said = requests.solicit(client, exchange, state.wished)
    return Step(state._replace(exchange=exchange), (said, Note(line), Wake(exchange.wait)))


def _advertised(client: Client, state: State, reply: Reply, now: float, chance: float) -> Step | None:
    """Collect offers for the first wait, and take the best; after that the first one wins.

    Source: RFC 8415 sections 18.2.1 and 18.2.9.
    """
    if not isinstance(state, Soliciting) or reply.xid != state.exchange.xid:
        return None
    state = state._replace(longest=reply.sol_max or state.longest)
    if reply.server == state.shunned and state.exchange.sent < 2:
        return Step(state, (Ignored(Advertise(reply), "it has just failed us"),))
    if not _worth(client, reply):
        return Step(state, (Ignored(Advertise(reply), refusal_words(reply)),))
    if state.best is None or _worth(client, reply) > _worth(client, state.best):
        state = state._replace(best=reply)
    whole = _worth(client, reply)[0] == client.address + client.prefix
    if state.exchange.sent > 1 or (reply.preference == AT_ONCE and whole):
        return _request(client, _chosen(state, state.best or reply, now, chance), now, chance)
    left = max(0.0, state.exchange.asked + state.exchange.wait - now)
    return Step(state, (Wake(left),))


def _worth(client: Client, reply: Reply) -> tuple[int, ...]:
    """Return how good an offer is: how many of the kinds that are asked for it has, then its preference."""
    kinds = [ia for wanted, ia in ((client.address, reply.addresses), (client.prefix, reply.prefixes)) if wanted]
    had = sum(ia is not None and any(one.valid > 0 for one in ia.granted) for ia in kinds)
    return (had, reply.preference) if had else ()


def _chosen(state: Soliciting, offer: Reply, now: float, chance: float) -> Requesting:
    return Requesting(begin(now, chance), offer, state.setbacks, state.replaced)


def _request(client: Client, state: Requesting, now: float, chance: float) -> Step:
    offer, timing = state.offer, retransmission.REQUEST
    who = server_words(offer.server)
    if is_over(state.exchange, timing, now):
        line = f"dhcpv6: {who} offered {granted_words(offer)}, but does not answer"
        again = _anew(Pausing(state.setbacks, state.replaced, offer.server), now, chance)
        taken = _solicit(client, again, now, chance)
        return Step(taken.state, (Note(line), *taken.effects))
    exchange = retransmission.ask(state.exchange, timing, now, chance)
    sent = state.exchange.sent
    line = f"dhcpv6: ADVERTISE of {granted_words(offer)} from {who}; REQUEST"
    if sent:
        line = f"dhcpv6: {unanswered_words('REQUEST', sent, exchange.wait)}"
    wished = [one for ia in (offer.addresses, offer.prefixes) if ia is not None for one in ia.granted if one.valid > 0]
    said = requests.ask(client, message.REQUEST, exchange, wished, offer.server)
    return Step(state._replace(exchange=exchange), (said, Note(line), Wake(exchange.wait)))


def _confirm(client: Client, state: Confirming, now: float, chance: float) -> Step:
    lease = aged(state.lease, now)
    if not lease.bindings:
        return _solicit(client, _anew(Pausing(0, lease.replaced), now, chance), now, chance)
    what = network_words(lease.bindings)
    if is_over(state.exchange, retransmission.CONFIRM, now):
        return bind(lease, 0, now, f"dhcpv6: nobody says whether {what} is still good: its time is not over")
    exchange = retransmission.ask(state.exchange, retransmission.CONFIRM, now, chance)
    kind = message.REBIND if client.prefix else message.CONFIRM
    sent = state.exchange.sent
    line = f"dhcpv6: {message.NAMES[kind]} of {what}, which we had before"
    if sent:
        line = f"dhcpv6: {unanswered_words(message.NAMES[kind], sent, exchange.wait)}"
    said = requests.ask(client, kind, exchange, lease.bindings)
    return Step(Confirming(exchange, lease), (said, Note(line), Wake(exchange.wait)))


# Answers.


def _answered(client: Client, state: State, event: Answer, now: float, chance: float) -> Step | None:
    reply = event.reply
    if isinstance(state, Idle | Bound | Informed | Pausing) or reply.xid != state.exchange.xid:
        return None
    if isinstance(state, Soliciting):
        if not client.rapid or not reply.rapid or not _worth(client, reply):
            return Step(state, (Ignored(event, refusal_words(reply)),))
        return _granted(reply, state.exchange.asked, state.replaced, state.setbacks, now, chance)
    if isinstance(state, Requesting):
        return _requested(client, state, event, now, chance)
    if isinstance(state, Confirming):
        return _confirmed(client, state, event, now, chance)
    if isinstance(state, Renewing | Rebinding):
        return holding.renewed(state, client, event, now, chance)
    if isinstance(state, Informing):
        return _informed(state, event)
    if reply.server != state.server:
        return Step(state, (Ignored(event, f"only {server_words(state.server)} was asked"),))
    return _declined(state, chance)


def _requested(client: Client, state: Requesting, event: Answer, now: float, chance: float) -> Step:
    reply = event.reply
    who = server_words(reply.server)
    if reply.server != state.offer.server:
        return Step(state, (Ignored(event, f"only {server_words(state.offer.server)} was asked"),))
    if reply.status.code in (message.UNSPECIFIED, message.USE_MULTICAST):
        return Step(state, (Ignored(event, reply.status.words),))
    if not _worth(client, reply):
        note = Note(f"dhcpv6: {who} does not grant {granted_words(state.offer)}: {refusal_words(reply)}")
        return Step(Pausing(state.setbacks + 1, state.replaced, reply.server), (Forget(), note))
    return _granted(reply, state.exchange.asked, state.replaced, state.setbacks, now, chance)


def _granted(
    reply: Reply, asked: float, replaced: tuple[Binding, ...], setbacks: int, now: float, chance: float
) -> Step:
    lease = lease_from(reply, asked, chance, replaced=replaced)
    line = f"dhcpv6: REPLY with {network_words(lease.bindings)} from {server_words(lease.server)}"
    return bind(lease, setbacks, now, line + time_words(lease, now))


def _confirmed(client: Client, state: Confirming, event: Answer, now: float, chance: float) -> Step:
    reply, lease = event.reply, state.lease
    who = server_words(reply.server)
    if reply.status.code == message.UNSPECIFIED:
        return Step(state, (Ignored(event, reply.status.words),))
    if not client.prefix and not reply.status.code:
        return bind(lease, 0, now, f"dhcpv6: {who} confirms {network_words(lease.bindings)}")
    update = lease_from(reply, state.exchange.asked, chance, lease) if client.prefix else lease
    if client.prefix and _worth(client, reply) and update.bindings:
        line = f"dhcpv6: REPLY with {network_words(update.bindings)} from {who}{time_words(update, now)}"
        return bind(update, 0, now, line)
    note = Note(f"dhcpv6: {who} does not confirm {network_words(lease.bindings)}: {refusal_words(reply)}")
    there = reply.status.code != message.NOT_ON_LINK
    wished = tuple(Granted(one.address, one.prefix, 0, 0) for one in lease.bindings if there)
    again = _solicit(client, _anew(Pausing(0, ended(lease, now)), now, chance, wished), now, chance)
    return Step(again.state, (Forget(), note, *again.effects))


# What is said of the network, and nothing else.


def _inform(client: Client, state: Informing, now: float, chance: float) -> Step:
    timing = retransmission.INFORMATION_REQUEST._replace(most=state.longest)
    exchange = retransmission.ask(state.exchange, timing, now, chance)
    sent = state.exchange.sent
    line = "dhcpv6: INFORMATION-REQUEST"
    if sent:
        line = f"dhcpv6: {unanswered_words('INFORMATION-REQUEST', sent, exchange.wait)}"
    said = requests.ask(client, message.INFORMATION_REQUEST, exchange)
    return Step(state._replace(exchange=exchange), (said, Note(line), Wake(exchange.wait)))


def _informed(state: Informing, event: Answer) -> Step:
    reply = event.reply
    if reply.status.code:
        longest = reply.inf_max or state.longest
        return Step(state._replace(longest=longest), (Ignored(event, reply.status.words),))
    after = max(REFRESH_LEAST, REFRESH if reply.refresh is None else reply.refresh)
    again = "" if after == inf else f"; asked again in {after:.0f} s"
    note = Note(f"dhcpv6: REPLY without a lease from {server_words(reply.server)}{again}")
    tell = Tell(Terms((), (), reply.facts), reply.server)
    return Step(Informed(reply.facts), (note, tell, Wake(after)))


# Giving it back.


def _conflict(client: Client, state: State, address: bytes, now: float, chance: float) -> Step | None:
    if not isinstance(state, Bound | Renewing | Rebinding):
        return None
    lease = state.lease
    taken = tuple(one for one in lease.addresses if one.address == address)
    if not taken:
        return None
    setbacks = 1 + holding.setbacks_of(state.standing, now)
    lost = Lost(f"{network_words(taken)} is used by another host, too; DECLINE")
    declining = Declining(begin(now, chance), lease.server, taken, setbacks)
    again = _decline(client, declining, now, chance)
    return Step(again.state, (Forget(), lost, *again.effects))


def _decline(client: Client, state: Declining, now: float, chance: float) -> Step:
    if is_over(state.exchange, retransmission.DECLINE, now):
        return _declined(state, chance)
    exchange = retransmission.ask(state.exchange, retransmission.DECLINE, now, chance)
    said = requests.ask(client, message.DECLINE, exchange, state.addresses, state.server)
    return Step(state._replace(exchange=exchange), (said, Wake(exchange.wait)))


def _declined(state: Declining, chance: float) -> Step:
    wait = min(holding.LONGEST_PAUSE, DECLINED_WAIT * 2.0 ** min(state.setbacks - 1, 8)) * (1 + chance / 10)
    return Step(Pausing(state.setbacks), (Note(f"dhcpv6: next try in {wait:.0f} s"), Wake(wait)))


def _close(client: Client, state: State, now: float, chance: float) -> Step | None:
    if isinstance(state, Idle):
        return None
    if not isinstance(state, Bound | Renewing | Rebinding):
        return Step(Idle(), (Wake(inf),))
    lease: Lease = state.lease
    note = Note(f"dhcpv6: RELEASE of {network_words(lease.bindings)} to {server_words(lease.server)}")
    said: Effect = requests.give_back(client, begin(now, chance), lease)
    return Step(Idle(), (said, Forget(), note, Wake(inf)))
