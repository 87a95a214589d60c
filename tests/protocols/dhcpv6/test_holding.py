"""A DHCPv6 lease that is held: what renewals, time and other hosts make of it."""

from math import inf
from typing import Any

import pytest
from tests.protocols.dhcpv6.test_machine import (
    CLIENT,
    EVENTS,
    LEASE,
    NEITHER,
    SERVER,
    STATES,
    US,
    XID,
    A,
    B,
    P,
    Q,
    asked,
    messages,
    na,
    names,
    pd,
    reply,
    said,
    step,
    told,
    wake,
)

from netstrata.protocols import dhcpv6 as d
from netstrata.protocols.dhcpv6 import message as m
from netstrata.protocols.dhcpv6.leases import terms_of


def renewed(state: d.State | None = None, **changed: Any) -> d.Step:
    return step(state or STATES["renewing"], d.Answer(reply(**changed)), now=60, chance=0.0)


NEW = d.Terms(((B, 128),), ((Q, 56),), d.Facts())


@pytest.mark.parametrize("turned", [False, True], ids=["new first", "old first"])
def test_zero_lifetimes_and_additions_count_in_any_order(turned: bool) -> None:
    """kea sends the new one first, ISC dhcpd the old one."""
    order = -1 if turned else 1
    addresses = na(*[(B, 100, 200), (A, 0, 0)][::order])
    prefixes = pd(*[(Q, 100, 200), (P, 0, 0)][::order])

    taken = renewed(addresses=addresses, prefixes=prefixes)

    assert told(taken) == NEW
    assert isinstance(taken.state, d.Bound)
    assert taken.state.lease.replaced == (d.Binding(P, 56, 50.0, 200.0),)  # hosts hear of it as long as it was valid


def test_hosts_hear_for_ninety_minutes_that_a_prefix_without_end_is_none() -> None:
    lease = LEASE._replace(prefixes=(d.Binding(P, 56, inf, inf),))
    state = d.Renewing(lease, d.Standing(terms_of(lease, 0), 0, 0), asked(at=50.0))

    taken = renewed(state, prefixes=pd((P, 0, 0), (Q, 100, 200)))

    assert isinstance(taken.state, d.Bound)
    assert taken.state.lease.replaced == (d.Binding(P, 56, 50.0, 50.0 + 5400),)


def test_a_prefix_that_is_not_preferred_any_more_gives_way_to_one_that_is() -> None:
    alone = renewed(prefixes=pd((P, 0, 200)))
    beside = renewed(prefixes=pd((P, 0, 200), (Q, 100, 200)))

    assert told(alone) is None
    assert isinstance(alone.state, d.Bound)
    assert d.deprecated(alone.state.lease, 60) == ((P, 56),)
    terms = told(beside)
    assert terms is not None
    assert terms.prefixes == ((Q, 56),)


def test_time_alone_changes_what_is_best() -> None:
    lease = LEASE._replace(prefixes=(*LEASE.prefixes, d.Binding(Q, 56, 300.0, 300.0)), renew_at=250.0, rebind_at=270.0)
    state = d.Bound(lease, d.Standing(terms_of(lease, 0), 0, 0))
    before = step(state, d.Timeout(), now=99)

    taken = step(before.state, d.Timeout(), now=100)
    later = step(taken.state, d.Timeout(), now=200)

    assert told(before) is None
    assert wake(before) == 1
    assert told(taken) == d.Terms(((A, 128),), ((Q, 56),), d.Facts())
    assert told(later) == d.Terms((), ((Q, 56),), d.Facts())


def test_what_an_answer_does_not_speak_of_stays() -> None:
    """dnsmasq leaves a prefix out."""
    taken = renewed(prefixes=None)

    assert told(taken) is None
    assert isinstance(taken.state, d.Bound)
    assert taken.state.lease.prefixes == LEASE.prefixes


@pytest.mark.parametrize("nothing", [{"addresses": na(), "prefixes": None}, {"addresses": None, "prefixes": None}])
def test_an_answer_without_anything_renews_nothing(nothing: dict[str, Any]) -> None:
    """dnsmasq answers an IA that holds no address with one that holds nothing."""
    assert renewed(**nothing).state == STATES["renewing"]


@pytest.mark.parametrize("state", ["renewing", "rebinding"])
def test_a_server_that_has_forgotten_us_is_asked_for_what_it_had_granted(state: str) -> None:
    forgot = d.Answer(reply(addresses=na(status=m.NO_BINDING), prefixes=pd(status=m.NO_BINDING)))

    asking = step(STATES[state], forgot)
    (request,) = messages(asking)
    again = step(asking.state, EVENTS["answer"], now=60.1)
    refused = step(asking.state, forgot, now=60.1)
    silent = step(asking.state, d.Timeout(), now=61.1)

    assert request.kind == m.REQUEST
    assert A in dict(request.options)[3]
    assert dict(request.options)[2] == SERVER
    assert "Lost" not in names(asking.effects)
    assert told(again) is None
    assert isinstance(again.state, d.Bound)
    assert "Lost" in names(refused.effects)
    assert said(silent)[0] in (m.REQUEST, m.REBIND)


def test_all_that_is_taken_back_is_lost() -> None:
    taken = renewed(addresses=na((A, 0, 0)), prefixes=pd((P, 0, 0)))

    assert "Lost" in names(taken.effects)
    assert said(taken) == [m.SOLICIT]
    assert [one.network for one in d.replaced(taken.state)] == [(P, 56)]


NAMED = (A, B)


@pytest.mark.parametrize(
    ("before", "after", "news"),
    [
        (d.Facts(dns_servers=NAMED), d.Facts(dns_servers=NAMED[::-1]), False),
        (d.Facts(ntp_servers=(b"a", b"b")), d.Facts(ntp_servers=(b"b", b"a")), False),
        (d.Facts(dns_servers=NAMED), d.Facts(dns_servers=(A,)), True),
        (d.Facts(search=(b"a", b"b")), d.Facts(search=(b"b", b"a")), True),
        (d.Facts(), d.Facts(options=((200, b"x"),)), True),
    ],
)
def test_other_facts_are_news_and_another_order_of_servers_is_none(before: Any, after: Any, news: bool) -> None:
    lease = LEASE._replace(facts=before)
    state = d.Renewing(lease, d.Standing(terms_of(lease, 0), 0, 0), asked(at=50.0))

    assert (told(renewed(state, facts=after)) is not None) == news


def test_a_server_that_says_something_else_at_each_renewal_is_believed_ever_more_rarely() -> None:
    state, now, changes = STATES["bound"], 0.0, 0
    for turn in range(100):
        grant: dict[str, Any] = {"addresses": na((A, 2, 4)), "prefixes": pd((P, 2, 4))}
        times = (now + 2, now + 4)
        bindings = (d.Binding(A, 128, *times),), (d.Binding(P, 56, *times),)
        lease = d.Lease(*bindings, (), SERVER, now, now + 1, now + 2, d.Facts())
        assert isinstance(state, d.Bound)
        asking = step(state._replace(lease=lease), d.Timeout(), now=now + 1)
        facts = d.Facts(dns_servers=(bytes(15) + bytes((turn,)),))
        taken = step(asking.state, d.Answer(reply(facts=facts, **grant)), now=now + 1)
        changes += told(taken) is not None
        state, now = taken.state, now + 1

    assert changes < 10


def test_another_hosts_address_is_declined_until_somebody_answers() -> None:
    taken = step(STATES["bound"], d.Conflict(A))
    (decline,) = messages(taken)
    assert (decline.kind, dict(decline.options)[2]) == (m.DECLINE, SERVER)
    assert "Lost" in names(taken.effects)

    kinds = []
    while isinstance(taken.state, d.Declining):
        kinds += said(taken)
        taken = step(taken.state, d.Timeout())

    assert kinds == [m.DECLINE] * 4
    assert wake(taken) == pytest.approx(10.5)


def test_who_wants_no_lease_asks_for_what_is_said_of_the_network_and_again_in_its_time() -> None:
    facts = d.Facts(dns_servers=(A,))
    asking = step(d.Idle(), d.Start(), client=NEITHER)
    (request,) = messages(asking)
    assert request.kind == m.INFORMATION_REQUEST
    assert not {3, 25} & set(dict(request.options))

    nothing: dict[str, Any] = {"addresses": None, "prefixes": None, "facts": facts}
    first = step(asking.state, d.Answer(reply(**nothing)), client=NEITHER)
    second = step(asking.state, d.Answer(reply(refresh=5.0, **nothing)), client=NEITHER)

    assert told(first) == d.Terms((), (), facts)
    assert (wake(first), wake(second)) == (86400, 600)
    assert said(step(first.state, d.Timeout(), client=NEITHER)) == [m.INFORMATION_REQUEST]


TIMES: dict[str, tuple[dict[str, Any], tuple[float, float]]] = {
    "those of the server": ({"t1": 10, "t2": 20}, (10, 20)),
    "none": ({}, (50, 80)),
    "T2 after the end": ({"t1": 10, "t2": 300}, (50, 80)),
    "T1 after the end": ({"t1": 300}, (50, 80)),
    "only T1": ({"t1": 90}, (90, 90)),
    "never": ({"t1": inf, "t2": inf}, (50, 80)),
}


@pytest.mark.parametrize("times", TIMES)
def test_times_that_make_no_sense_are_parts_of_the_shortest_preferred_lifetime(times: str) -> None:
    given, expected = TIMES[times]

    taken = step(
        d.Requesting(asked(), reply(m.ADVERTISE), 0),
        d.Answer(reply(addresses=na((A, 100, 200), (B, 150, 200), **given), prefixes=None)),
        chance=0.0,
    )

    assert isinstance(taken.state, d.Bound)
    assert (taken.state.lease.renew_at, taken.state.lease.rebind_at) == expected


def test_the_times_of_an_ia_that_holds_nothing_do_not_count() -> None:
    taken = step(STATES["requesting"], d.Answer(reply(prefixes=pd(t1=1, t2=2))), chance=0.0)

    assert isinstance(taken.state, d.Bound)
    assert taken.state.lease.renew_at == 50


def test_a_lease_for_ever_is_never_renewed() -> None:
    for_ever: dict[str, Any] = {"addresses": na((A, inf, inf), t1=inf, t2=inf), "prefixes": None}

    assert wake(step(STATES["requesting"], d.Answer(reply(**for_ever)))) == inf


def test_an_answer_to_another_client_is_not_heard() -> None:
    def written(client: bytes) -> bytes:
        return d.encode(d.Message(m.REPLY, XID, ((1, client), (2, SERVER))))

    assert d.heard(CLIENT, written(SERVER)) is None
    assert isinstance(d.heard(CLIENT, written(US)), d.Answer)
