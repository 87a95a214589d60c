"""What answers make of a lease, and what of it is to be used.

Source: RFC 8415 section 18.2.10.1; RFC 9096 sections 3.4 and 3.5.
"""

from math import inf

from netstrata.protocols.dhcpv6.facts import Facts, in_order
from netstrata.protocols.dhcpv6.message import Ia, Reply
from netstrata.protocols.dhcpv6.states import Binding, Lease, Network, Terms

HEARD_FOR = 5400.0  # seconds: how long hosts hear that a prefix of before is none (ND_VALID_LIMIT of RFC 9096)
_T1, _T2 = 0.5, 0.8  # of the shortest preferred lifetime


def lease_from(
    reply: Reply, asked: float, chance: float, before: Lease | None = None, replaced: tuple[Binding, ...] = ()
) -> Lease:
    """Return what is ours after an answer, counted from when it was asked for.

    What an answer does not speak of stays as it was; what it grants for no time is gone.  Renewed is a little early by
    chance, so that many clients do not ask at once.
    """
    had = before or Lease((), (), replaced, b"", asked, inf, inf, Facts())
    addresses = _merged(had.addresses, reply.addresses, asked)
    prefixes = _merged(had.prefixes, reply.prefixes, asked)
    times = [_times(ia) for ia in (reply.addresses, reply.prefixes) if ia is not None and _grants(ia)]
    early = 1 - chance / 50
    renew_at = min((asked + t1 * early for t1, _ in times), default=had.renew_at)
    rebind_at = min((asked + t2 * early for _, t2 in times), default=had.rebind_at)
    lease = Lease(addresses, prefixes, (), reply.server, asked, renew_at, rebind_at, reply.facts)
    return lease._replace(replaced=_replaced(had, lease, asked))


def _merged(had: tuple[Binding, ...], ia: Ia | None, asked: float) -> tuple[Binding, ...]:
    """Return what is ours of one kind: what an answer grants, in its order, and what it does not speak of."""
    granted = {
        (one.address, one.prefix): Binding(one.address, one.prefix, asked + one.preferred, asked + one.valid)
        for one in (ia.granted if ia is not None else ())
    }
    found = {**granted, **{one.network: one for one in had if one.network not in granted}}
    return tuple(one for one in found.values() if one.valid_until > asked)


def _replaced(had: Lease, lease: Lease, now: float) -> tuple[Binding, ...]:
    """Return prefixes that were ours and are not, for as long as hosts may have to hear so."""
    ours = {one.network for one in lease.prefixes}
    gone = [
        one._replace(preferred_until=now, valid_until=min(one.valid_until, now + HEARD_FOR)) for one in had.prefixes
    ]
    found = {one.network: one for one in (*had.replaced, *gone) if one.network not in ours and one.valid_until > now}
    return tuple(found.values())


def _grants(ia: Ia) -> bool:
    return any(one.valid > 0 for one in ia.granted)


def _times(ia: Ia) -> tuple[float, float]:
    """Return T1 and T2: the server's if they make sense, else parts of the shortest preferred lifetime."""
    lives = [one for one in ia.granted if one.valid > 0]
    shortest = min((one.preferred for one in lives if one.preferred > 0), default=min(one.valid for one in lives))
    end = max(one.valid for one in lives)
    t1 = ia.t1 or shortest * _T1
    t2 = ia.t2 or max(t1, shortest * _T2)
    if not t1 <= t2 <= end or (end != inf and t1 >= end):
        return shortest * _T1, shortest * _T2
    return t1, t2


def aged(lease: Lease, now: float) -> Lease:
    """Return what is still ours of a lease.  A prefix whose time is over is none that hosts have to hear of."""

    def alive(bindings: tuple[Binding, ...]) -> tuple[Binding, ...]:
        return tuple(one for one in bindings if one.valid_until > now)

    return lease._replace(
        addresses=alive(lease.addresses), prefixes=alive(lease.prefixes), replaced=alive(lease.replaced)
    )


def shifted(lease: Lease, by: float) -> Lease:
    """Return a lease by a clock that is so many seconds ahead."""

    def moved(bindings: tuple[Binding, ...]) -> tuple[Binding, ...]:
        return tuple(Binding(*one.network, one.preferred_until + by, one.valid_until + by) for one in bindings)

    return lease._replace(
        addresses=moved(lease.addresses), prefixes=moved(lease.prefixes), replaced=moved(lease.replaced),
        since=lease.since + by, renew_at=lease.renew_at + by, rebind_at=lease.rebind_at + by,
    )  # fmt: skip


def ended(lease: Lease, now: float) -> tuple[Binding, ...]:
    """Return what hosts may have to hear of the prefixes of a lease that is not ours any more."""
    return _replaced(lease, lease._replace(prefixes=()), now)


def next_change(lease: Lease, now: float) -> float:
    """Return when something of a lease is not preferred or not valid any more; inf for never."""
    ends = [one.valid_until for one in (*lease.bindings, *lease.replaced)]
    ends += [one.preferred_until for one in lease.bindings]
    return min((end for end in ends if end > now), default=inf)


def terms_of(lease: Lease, now: float) -> Terms:
    """Return what a program sees of a lease: what is preferred; if nothing is, what is valid."""
    return Terms(_best(lease.addresses, now), _best(lease.prefixes, now), lease.facts)


def _best(bindings: tuple[Binding, ...], now: float) -> tuple[Network, ...]:
    preferred = tuple(one.network for one in bindings if one.preferred_until > now)
    return preferred or tuple(one.network for one in bindings)


def same_networks(one: Terms, other: Terms) -> bool:
    """Say whether a program should see no difference in what it may use: another order is none."""
    return set(one.addresses) == set(other.addresses) and set(one.prefixes) == set(other.prefixes)


def same_terms(one: Terms, other: Terms) -> bool:
    """Say whether a program should see no difference at all."""
    return same_networks(one, other) and in_order(one.facts) == in_order(other.facts)


def deprecated(lease: Lease, now: float) -> tuple[Network, ...]:
    """Return what nothing new should use: what is ours and not preferred any more."""
    return tuple(one.network for one in lease.bindings if one.preferred_until <= now)
