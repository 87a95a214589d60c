"""The DHCPv6 client as a machine: what happens in each state, and the walks."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.protocols import dhcpv6 as d
from netstrata.protocols.dhcpv6 import message as m
from netstrata.protocols.dhcpv6.leases import terms_of
from netstrata.values import parse_ipv6

US = bytes.fromhex("00030001020000000c01")
SERVER = bytes.fromhex("00030001020000000501")
OTHER_SERVER = bytes.fromhex("00030001020000000502")
CLIENT = d.Client(US, 7, address=True, prefix=True)
ONLY_ADDRESS = CLIENT._replace(prefix=False)
NEITHER = CLIENT._replace(address=False, prefix=False)
XID = 0x800000  # what a chance of one half makes


def packed(address: str) -> bytes:
    found = parse_ipv6(address.encode())
    assert found is not None
    return found


A, B = packed("2001:db8::a"), packed("2001:db8::b")
P, Q = packed("2001:db8:1::"), packed("2001:db8:2::")


def na(*granted: tuple[bytes, float, float], t1: float = 0, t2: float = 0, status: int = 0) -> d.Ia:
    return d.Ia(t1, t2, tuple(d.Granted(address, 128, *times) for address, *times in granted), d.Status(status))


def pd(*granted: tuple[bytes, float, float], t1: float = 0, t2: float = 0, status: int = 0) -> d.Ia:
    return d.Ia(t1, t2, tuple(d.Granted(address, 56, *times) for address, *times in granted), d.Status(status))


def reply(kind: int = m.REPLY, **changed: Any) -> d.Reply:
    good = d.Reply(kind, XID, US, SERVER, addresses=na((A, 100, 200)), prefixes=pd((P, 100, 200)))
    return good._replace(**changed)


def asked(sent: int = 1, at: float = 0.0, wait: float = 1.0) -> d.Exchange:
    return d.Exchange(XID, at, at, sent, wait)


LEASE = d.Lease(
    (d.Binding(A, 128, 100.0, 200.0),), (d.Binding(P, 56, 100.0, 200.0),), (), SERVER, 0.0, 50.0, 80.0, d.Facts()
)
STANDING = d.Standing(terms_of(LEASE, 0.0), 0.0, 0)
STATES: dict[str, d.State] = {
    "idle": d.Idle(),
    "soliciting": d.Soliciting(asked(), (), None, b"", 0, 3600),
    "requesting": d.Requesting(asked(), reply(m.ADVERTISE), 0),
    "confirming": d.Confirming(asked(at=59.0), LEASE),
    "bound": d.Bound(LEASE, STANDING),
    "renewing": d.Renewing(LEASE, STANDING, asked(at=50.0, wait=10.0)),
    "rebinding": d.Rebinding(LEASE, STANDING, asked(at=80.0)),
    "declining": d.Declining(asked(), SERVER, LEASE.addresses, 1),
    "informing": d.Informing(asked(), None, 3600),
    "informed": d.Informed(d.Facts()),
    "pausing": d.Pausing(2),
}
EVENTS: dict[str, d.Event] = {
    "start": d.Start(),
    "resume": d.Resume(LEASE),
    "continue": d.Continue(d.Bound(LEASE, STANDING)),
    "timeout": d.Timeout(),
    "advertise": d.Advertise(reply(m.ADVERTISE)),
    "answer": d.Answer(reply()),
    "conflict": d.Conflict(A),
    "close": d.Close(),
}
# Where each event leads 60 seconds after the beginning; what is not here is ignored.
LEADS = """
idle       start     Soliciting
idle       resume    Confirming
idle       continue  Renewing
soliciting timeout   Soliciting
soliciting advertise Soliciting
soliciting close     Idle
requesting timeout   Requesting
requesting answer    Bound
requesting close     Idle
confirming timeout   Confirming
confirming answer    Bound
confirming close     Idle
bound      timeout   Renewing
bound      conflict  Declining
bound      close     Idle
renewing   timeout   Renewing
renewing   answer    Bound
renewing   conflict  Declining
renewing   close     Idle
rebinding  timeout   Renewing
rebinding  answer    Bound
rebinding  conflict  Declining
rebinding  close     Idle
declining  timeout   Declining
declining  answer    Pausing
declining  close     Idle
informing  timeout   Informing
informing  answer    Informed
informing  close     Idle
informed   timeout   Informing
informed   close     Idle
pausing    timeout   Soliciting
pausing    close     Idle
"""
LEADING = {(state, event): to for state, event, to in (line.split() for line in LEADS.strip().splitlines())}
HOLDING = {"bound", "renewing", "rebinding"}


def step(state: d.State, event: d.Event, now: float = 60.0, client: d.Client = CLIENT, chance: float = 0.5) -> d.Step:
    return d.step(client, state, event, now, chance)


def messages(taken: d.Step) -> list[d.Message]:
    return [d.decode(effect.payload) for effect in taken.effects if isinstance(effect, d.Send)]


def said(taken: d.Step) -> list[int]:
    """The message types sent, in order."""
    return [message.kind for message in messages(taken)]


def wake(taken: d.Step) -> float:
    (after,) = [effect.after for effect in taken.effects if isinstance(effect, d.Wake)]
    return after


def names(effects: Iterable[d.Effect]) -> list[str]:
    return [type(effect).__name__ for effect in effects]


def told(taken: d.Step) -> d.Terms | None:
    found = [effect.terms for effect in taken.effects if isinstance(effect, d.Tell)]
    return found[0] if found else None


def notes(taken: d.Step) -> str:
    return "\n".join(effect.line for effect in taken.effects if isinstance(effect, d.Note))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_every_event_in_every_state_leads_where_the_table_says(state: str, event: str) -> None:
    taken = step(STATES[state], EVENTS[event])

    if (state, event) in LEADING:
        assert type(taken.state).__name__ == LEADING[state, event]
        assert names(taken.effects).count("Wake") == 1
    elif (state, event) == ("soliciting", "answer"):  # nobody asked for a rapid commit
        assert names(taken.effects) == ["Ignored"]
    else:
        assert taken == d.Step(STATES[state], (d.Ignored(EVENTS[event]),))


@pytest.mark.parametrize("state", STATES)
def test_close_releases_exactly_what_is_held(state: str) -> None:
    assert said(step(STATES[state], d.Close())) == ([m.RELEASE] if state in HOLDING else [])


@pytest.mark.parametrize("state", ["soliciting", "requesting", "confirming", "renewing", "rebinding", "declining"])
@pytest.mark.parametrize("event", [d.Advertise, d.Answer])
def test_another_transactions_answer_is_ignored(state: str, event: type[d.Advertise] | type[d.Answer]) -> None:
    foreign = event(reply(xid=XID ^ 1))

    assert step(STATES[state], foreign) == d.Step(STATES[state], (d.Ignored(foreign),))


@pytest.mark.parametrize("state", ["requesting", "renewing", "declining"])
def test_another_servers_answer_is_ignored_by_who_asked_one(state: str) -> None:
    foreign = d.Answer(reply(server=OTHER_SERVER))

    assert step(STATES[state], foreign).state == STATES[state]


def test_the_walk_from_nothing_to_a_lease_and_back() -> None:
    solicited = step(d.Idle(), d.Start(), now=0)
    offered = step(solicited.state, EVENTS["advertise"], now=0.1)
    asking = step(offered.state, d.Timeout(), now=1)
    bound = step(asking.state, EVENTS["answer"], now=1.2)
    renewing = step(bound.state, d.Timeout(), now=51)
    renewed = step(renewing.state, EVENTS["answer"], now=51.1)
    closed = step(renewed.state, d.Close(), now=60)

    steps = (solicited, offered, asking, bound, renewing, renewed, closed)
    assert [said(taken) for taken in steps] == [
        [m.SOLICIT], [], [m.REQUEST], [], [m.RENEW], [], [m.RELEASE],
    ]  # fmt: skip
    assert told(bound) == d.Terms(((A, 128),), ((P, 56),), d.Facts())
    assert told(renewed) is None
    assert wake(bound) == pytest.approx(49.5 - 0.2)  # the lease counts from the REQUEST
    assert isinstance(renewed.state, d.Bound)
    assert renewed.state.lease.since == 51


def test_retransmissions_double_up_to_an_hour_or_what_the_server_says() -> None:
    taken = step(d.Idle(), d.Start())
    waits = [wake(taken)]
    for _ in range(13):
        taken = step(taken.state, d.Timeout())
        waits.append(wake(taken))
    assert waits == pytest.approx([*(2.0**n for n in range(12)), 3600, 3600])

    longer = step(taken.state, d.Advertise(reply(m.ADVERTISE, addresses=None, prefixes=None, sol_max=7200)))

    assert wake(step(longer.state, d.Timeout())) == 7200


@given(st.floats(0, 1, exclude_max=True))
def test_the_first_second_is_never_shorter_and_the_others_differ_by_a_tenth(chance: float) -> None:
    first = step(d.Idle(), d.Start(), chance=chance)
    second = step(first.state, d.Timeout(), chance=chance)

    assert 1 <= wake(first) <= 1.1
    assert 1.9 * wake(first) <= wake(second) <= 2.1 * wake(first)


def test_people_are_told_how_many_solicits_are_unanswered() -> None:
    taken = step(d.Soliciting(asked(5, wait=16.0), (), None, b"", 0, 3600), d.Timeout())

    assert "dhcpv6: 5 SOLICITs unanswered, next in 32 s" in notes(taken)


def test_the_best_offer_of_the_first_second_is_taken() -> None:
    offers = [
        reply(m.ADVERTISE, server=b"low", preference=1),
        reply(m.ADVERTISE, server=b"half", preference=9, prefixes=pd(status=m.NO_PREFIX)),
        reply(m.ADVERTISE, server=b"high", preference=2),
        reply(m.ADVERTISE, server=b"last", preference=2),
    ]
    state: d.State = STATES["soliciting"]
    for offer in offers:
        state = step(state, d.Advertise(offer), now=0.5).state

    taken = step(state, d.Timeout(), now=1.0)

    assert isinstance(taken.state, d.Requesting)
    assert taken.state.offer.server == b"high"


@pytest.mark.parametrize(
    ("offer", "sent", "at_once"),
    [
        (reply(m.ADVERTISE), 1, False),
        (reply(m.ADVERTISE), 2, True),
        (reply(m.ADVERTISE, preference=255), 1, True),
        (reply(m.ADVERTISE, preference=255, prefixes=None), 1, False),
    ],
)
def test_an_offer_is_taken_at_once_if_nobody_need_be_waited_for(offer: d.Reply, sent: int, at_once: bool) -> None:
    taken = step(d.Soliciting(asked(sent), (), None, b"", 0, 3600), d.Advertise(offer))

    assert (said(taken) == [m.REQUEST]) == at_once


@pytest.mark.parametrize(
    "nothing",
    [
        {"addresses": None, "prefixes": None},
        {"addresses": na(status=m.NO_ADDRESSES), "prefixes": pd(status=m.NO_PREFIX)},
        {"addresses": na(), "prefixes": None, "status": d.Status(m.NO_ADDRESSES, "none left")},
        {"addresses": na((A, 0, 0)), "prefixes": None},
    ],
)
def test_an_advertise_of_nothing_is_no_offer_and_is_named(nothing: dict[str, Any]) -> None:
    taken = step(STATES["soliciting"], d.Advertise(reply(m.ADVERTISE, **nothing)))

    assert names(taken.effects) == ["Ignored"]
    assert isinstance(taken.effects[0], d.Ignored)
    assert taken.effects[0].why


def test_a_rapid_commit_is_taken_at_once_if_it_was_asked_for() -> None:
    quick = CLIENT._replace(rapid=True)
    solicited = step(d.Idle(), d.Start(), client=quick)
    assert 14 in dict(messages(solicited)[0].options)

    taken = step(solicited.state, d.Answer(reply(rapid=True)), client=quick)
    plain = step(solicited.state, d.Answer(reply()), client=quick)

    assert isinstance(taken.state, d.Bound)
    assert plain.state == solicited.state


def test_a_server_that_offers_but_does_not_answer_is_passed_over_for_another_one() -> None:
    taken = step(STATES["requesting"], d.Timeout())
    sent = [m.REQUEST]
    while said(taken) == [m.REQUEST]:
        sent += said(taken)
        taken = step(taken.state, d.Timeout())
    assert (len(sent), said(taken)) == (5, [m.SOLICIT])

    same = step(taken.state, EVENTS["advertise"])
    other = step(taken.state, d.Advertise(reply(m.ADVERTISE, server=OTHER_SERVER, preference=255)))

    assert same.state == taken.state
    assert isinstance(other.state, d.Requesting)


def test_a_request_that_is_refused_is_solicited_again_and_the_next_times_more_slowly() -> None:
    refusal = d.Answer(reply(addresses=na(status=m.NOT_ON_LINK), prefixes=None))
    first = step(STATES["requesting"], refusal)
    repeated = [d.Requesting(asked(), reply(m.ADVERTISE), setbacks) for setbacks in range(1, 12)]
    waits = [wake(step(state, refusal)) for state in repeated]

    assert said(first) == [m.SOLICIT]
    assert "that is not for this link" in notes(first)
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (1, 64)


@pytest.mark.parametrize("code", [m.UNSPECIFIED, m.USE_MULTICAST])
@pytest.mark.parametrize("state", ["requesting", "renewing", "rebinding"])
def test_a_server_that_fails_is_asked_again_in_its_time(state: str, code: int) -> None:
    taken = step(STATES[state], d.Answer(reply(status=d.Status(code))))

    assert taken.state == STATES[state]
    assert names(taken.effects) == ["Ignored"]


def test_of_two_kinds_one_is_better_than_nothing_and_the_other_is_asked_for_at_each_renewal() -> None:
    taken = step(STATES["requesting"], d.Answer(reply(prefixes=pd(status=m.NO_PREFIX))))
    assert told(taken) == d.Terms(((A, 128),), (), d.Facts())

    (renew,) = messages(step(taken.state, d.Timeout(), now=51))

    assert renew.kind == m.RENEW
    assert {3, 25} <= set(dict(renew.options))


AGES = {
    "young": (20.0, "Bound", [], 30.0),
    "after T1": (60.0, "Renewing", [m.RENEW], 10.0),
    "after T2": (90.0, "Rebinding", [m.REBIND], 10.0),
    "deprecated": (120.0, "Rebinding", [m.REBIND], 10.0),
    "at its end": (200.0, "Soliciting", [m.SOLICIT], 1.0),
    "of a clock that was set back": (-1.0, "Soliciting", [m.SOLICIT], 1.0),
}


@pytest.mark.parametrize("age", AGES)
def test_a_lease_of_a_client_before_us_goes_on_by_its_age(age: str) -> None:
    now, state, sent, wait = AGES[age]

    taken = step(d.Idle(), EVENTS["continue"], now=now)

    assert type(taken.state).__name__ == state
    assert said(taken) == sent
    assert wake(taken) == pytest.approx(wait)
    assert (told(taken) is not None) == (state != "Soliciting")


@pytest.mark.parametrize(("client", "kind"), [(CLIENT, m.REBIND), (ONLY_ADDRESS, m.CONFIRM)], ids=["prefix", "address"])
def test_a_lease_of_before_a_restart_is_confirmed_or_rebound_and_used_if_nobody_answers(
    client: d.Client, kind: int
) -> None:
    taken = step(d.Idle(), d.Resume(LEASE), now=10, client=client)
    now, sent = 10.0, said(taken)
    while isinstance(taken.state, d.Confirming):
        now += wake(taken)
        taken = step(taken.state, d.Timeout(), now=now, client=client)
        sent += said(taken)

    assert set(sent) == {kind}
    assert now == pytest.approx(20)
    assert isinstance(taken.state, d.Bound)
    assert taken.state.lease.addresses == LEASE.addresses


def test_a_confirm_says_the_addresses_without_times_and_no_server() -> None:
    (confirm,) = messages(step(d.Idle(), d.Resume(LEASE), client=ONLY_ADDRESS))

    said = dict(confirm.options)
    assert 2 not in said
    assert said[3] == bytes((0, 0, 0, 7)) + bytes(8) + bytes((0, 5, 0, 24)) + A + bytes(8)


def test_what_is_confirmed_is_used_and_what_is_not_on_this_link_is_forgotten() -> None:
    state = d.Confirming(asked(), LEASE._replace(prefixes=()))
    nothing = reply(addresses=None, prefixes=None)

    good = step(state, d.Answer(nothing), client=ONLY_ADDRESS)
    bad = step(state, d.Answer(nothing._replace(status=d.Status(m.NOT_ON_LINK))), client=ONLY_ADDRESS)

    assert told(good) is not None
    assert "Forget" in names(bad.effects)
    assert said(bad) == [m.SOLICIT]
    assert A not in b"".join(value for _, value in messages(bad)[0].options)


def test_the_age_of_a_lease_says_what_is_done_with_it_even_after_a_long_sleep() -> None:
    found = {
        now: type(step(d.Bound(LEASE, STANDING), d.Timeout(), now=now).state).__name__ for now in (49, 50, 80, 200)
    }

    assert found == {49: "Bound", 50: "Renewing", 80: "Rebinding", 200: "Soliciting"}


def test_renewals_go_on_until_the_end_and_then_the_lease_is_lost() -> None:
    taken = step(d.Bound(LEASE, STANDING), d.Timeout(), now=50)
    now = 50.0
    kinds = said(taken)
    terms = []
    while isinstance(taken.state, d.Renewing | d.Rebinding):
        now += wake(taken)
        taken = step(taken.state, d.Timeout(), now=now)
        kinds += said(taken)
        terms.append(told(taken))

    assert now == 200
    assert kinds == [m.RENEW] * 2 + [m.REBIND] * 4 + [m.SOLICIT]
    assert any(isinstance(effect, d.Lost) for effect in taken.effects)
    assert set(terms) == {None}  # nothing better is there, so that what is deprecated is used until it ends
