"""A lease that is held: when it is renewed, what of it runs out, and what of that a program is told."""

from math import inf

from netstrata.protocols.dhcpv6 import message, requests, retransmission
from netstrata.protocols.dhcpv6.leases import (
    aged,
    ended,
    lease_from,
    next_change,
    same_networks,
    same_terms,
    terms_of,
)
from netstrata.protocols.dhcpv6.message import Reply
from netstrata.protocols.dhcpv6.retransmission import Exchange, Timing, begin
from netstrata.protocols.dhcpv6.states import (
    Answer,
    Bound,
    Client,
    Effect,
    Forget,
    Ignored,
    InUse,
    Lease,
    Lost,
    Note,
    Pausing,
    Rebinding,
    Remember,
    Renewing,
    Standing,
    Step,
    Tell,
    Wake,
)
from netstrata.protocols.dhcpv6.words import (
    TOLD_LEAST,
    network_words,
    refusal_words,
    server_words,
    time_words,
)

LASTING = 128.0  # seconds: what has stood for so long begins anew with its setbacks
LONGEST_PAUSE = 64.0
_FIRST_PAUSE = 0.25
_SHORTEST_WAIT = 0.001  # of two floating point times one may be just short of the other for ever
_ASKED_LEAST = 0.5  # seconds between two questions about a lease that is about to end


def bind(lease: Lease, setbacks: int, now: float, line: str) -> Step:
    """Have a lease used that was just got, unless it came so late that its time is over."""
    lease = aged(lease, now)
    if not lease.bindings:
        return Step(Pausing(setbacks + 1, lease.replaced), (Forget(), Note(f"{line}; but its time is over")))
    terms = terms_of(lease, now)
    tell = Tell(terms, lease.server)
    effects = (Note(line), Remember(lease), tell, _until(lease, lease.renew_at, now))
    return Step(Bound(lease, Standing(terms, now, setbacks)), effects)


def setbacks_of(standing: Standing, now: float) -> int:
    """Return how often it went wrong, which is forgotten after a while."""
    return standing.setbacks if now - standing.since < LASTING else 0


def back_off(setbacks: int, chance: float) -> float:
    """Return 0.5, 1, 2 … 64 s, a tenth more or less."""
    return float(min(LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(setbacks, 16)) * (0.9 + chance / 5))


def hold(client: Client, state: InUse, now: float, chance: float) -> Step:
    """Renew, rebind or lose a lease: whatever its age says, also after a night's sleep of the machine."""
    lease = aged(state.lease, now)
    if not lease.bindings:
        return _lost(state, now, f"the lease of {network_words(state.lease.bindings)} ran out")
    standing, told = _told(state.standing, lease, now)
    if now < lease.renew_at:
        return Step(Bound(lease, standing), (*told, _until(lease, lease.renew_at, now)))
    if now < lease.rebind_at:
        forgotten = isinstance(state, Renewing) and state.forgotten
        timing = retransmission.REQUEST._replace(times=0) if forgotten else retransmission.RENEW
        exchange, is_due = _due(state if isinstance(state, Renewing) else None, now, chance)
        if is_due:
            exchange = retransmission.ask(exchange, _within(timing, lease.rebind_at - now), now, chance)
            kind = message.REQUEST if forgotten else message.RENEW
            line = f"dhcpv6: asking {server_words(lease.server)} to renew {network_words(lease.bindings)}"
            told = (requests.ask(client, kind, exchange, lease.bindings, lease.server), *_noted(lease, line), *told)
        at = min(exchange.asked + exchange.wait, lease.rebind_at)
        return Step(Renewing(lease, standing, exchange, forgotten), (*told, _until(lease, at, now)))
    end = max(one.valid_until for one in lease.bindings)
    exchange, is_due = _due(state if isinstance(state, Rebinding) else None, now, chance)
    if is_due:
        exchange = retransmission.ask(exchange, _within(retransmission.REBIND, end - now), now, chance)
        line = f"dhcpv6: asking any server to renew {network_words(lease.bindings)}, which ends in {end - now:.0f} s"
        told = (requests.ask(client, message.REBIND, exchange, lease.bindings), *_noted(lease, line), *told)
    at = exchange.asked + exchange.wait
    return Step(Rebinding(lease, standing, exchange), (*told, _until(lease, at, now)))


def _due(state: Renewing | Rebinding | None, now: float, chance: float) -> tuple[Exchange, bool]:
    """Return the question that is being asked, or a new one, and whether it is to be asked now."""
    if state is None:
        return begin(now, chance), True
    return state.exchange, now >= state.exchange.asked + state.exchange.wait - _SHORTEST_WAIT


def _within(timing: Timing, left: float) -> Timing:
    """Return a timing with which something is asked twice before a time that is short is over."""
    return timing._replace(initial=max(_ASKED_LEAST, min(timing.initial, left / 2)))


def _noted(lease: Lease, line: str) -> tuple[Effect, ...]:
    return (Note(line),) if lease.renew_at - lease.since >= TOLD_LEAST else ()


def _until(lease: Lease, at: float, now: float) -> Wake:
    """Wake at some time, or when something of a lease runs out, if that is sooner."""
    wake = min(at, next_change(lease, now))
    return Wake(inf if wake == inf else max(_SHORTEST_WAIT, wake - now))


def _told(standing: Standing, lease: Lease, now: float) -> tuple[Standing, tuple[Effect, ...]]:
    """Tell what time has changed of what a program sees."""
    terms = terms_of(lease, now)
    if same_networks(standing.terms, terms):
        return standing, ()
    terms = terms._replace(facts=standing.terms.facts)
    return standing._replace(terms=terms), (Tell(terms, lease.server),)


def renewed(state: Renewing | Rebinding, client: Client, event: Answer, now: float, chance: float) -> Step:
    """Go on with a lease, under its new terms unless they have just changed; or without it."""
    reply, lease = event.reply, state.lease
    if isinstance(state, Renewing) and reply.server != lease.server:
        return Step(state, (Ignored(event, f"only {server_words(lease.server)} was asked"),))
    if reply.status.code in (message.UNSPECIFIED, message.USE_MULTICAST):
        return Step(state, (Ignored(event, reply.status.words),))
    ias = [ia for ia in (reply.addresses, reply.prefixes) if ia is not None]
    was_asked = isinstance(state, Renewing) and state.forgotten
    codes = {reply.status.code, *(ia.status.code for ia in ias if not ia.granted)}
    if message.NO_BINDING in codes and not was_asked:
        return _ask_again(state, client, reply, now, chance)
    if not any(ia.granted for ia in ias):
        if was_asked or message.NOT_ON_LINK in codes:
            return _lost(state, now, f"{server_words(reply.server)} does not renew it: {refusal_words(reply)}")
        return Step(state, (Ignored(event, refusal_words(reply)),))
    update = aged(lease_from(reply, state.exchange.asked, chance, lease), now)
    if not update.bindings:
        return _lost(state, now, f"{server_words(reply.server)} takes {network_words(lease.bindings)} back")
    return _go_on(state, update, now)


def _ask_again(state: Renewing | Rebinding, client: Client, reply: Reply, now: float, chance: float) -> Step:
    """Ask a server that has forgotten us for what we have (RFC 8415 section 18.2.10.1)."""
    lease = lease_from(reply, state.exchange.asked, chance, state.lease)
    line = f"dhcpv6: {server_words(reply.server)}: {refusal_words(reply)}; REQUEST of {network_words(lease.bindings)}"
    rebind_at = max(lease.rebind_at, now + 2 * retransmission.REQUEST.initial)
    lease = lease._replace(renew_at=min(lease.renew_at, now), rebind_at=rebind_at)
    unasked = begin(now, chance)
    again = hold(client, Renewing(lease, state.standing, unasked, forgotten=True), now, chance)
    return Step(again.state, (Note(line), *again.effects))


def _go_on(state: Renewing | Rebinding, lease: Lease, now: float) -> Step:
    standing, terms = state.standing, terms_of(lease, now)
    what = f"{network_words(lease.bindings)} renewed by {server_words(lease.server)}"
    wake = _until(lease, lease.renew_at, now)
    if same_terms(standing.terms, terms):
        seldom = lease.renew_at - now >= TOLD_LEAST
        told: tuple[Effect, ...] = (Note(f"dhcpv6: {what}{time_words(lease, now)}"), Remember(lease)) if seldom else ()
        return Step(Bound(lease, standing), (*told, wake))
    setbacks = setbacks_of(standing, now)
    soon = setbacks and now - standing.since < back_off(setbacks, 0.5)
    if soon and same_networks(standing.terms, terms):
        return Step(Bound(lease, standing), (wake,))
    line = f"dhcpv6: {what} with other terms{time_words(lease, now)}"
    if setbacks:
        line += f"; they have changed {setbacks + 1} times"
    bound = Bound(lease, Standing(terms, now, setbacks + 1))
    return Step(bound, (Note(line), Remember(lease), Tell(terms, lease.server), wake))


def _lost(state: InUse, now: float, reason: str) -> Step:
    """Have a lease used no more; the machine goes on from there."""
    pausing = Pausing(1 + setbacks_of(state.standing, now), ended(state.lease, now))
    return Step(pausing, (Forget(), Lost(reason)))
