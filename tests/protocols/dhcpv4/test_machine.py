"""The client as a machine: what happens in each state, the walks, and garbage."""

from collections.abc import Iterable
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.protocols import dhcpv4 as d
from netstrata.protocols.dhcpv4.machine import LONGEST_WAIT

US = bytes.fromhex("020000000c01")
SERVER_MAC = bytes.fromhex("020000000501")
SERVER = bytes((192, 0, 2, 1))
OTHER_SERVER = bytes((192, 0, 2, 2))
ADDRESS = bytes((192, 0, 2, 50))
CLIENT = d.Client(US, 1500)
CARELESS = CLIENT._replace(conflict_check="never")
XID = 0x80000000  # what a chance of one half makes


def reply(kind: int = 5, **changed: Any) -> d.Reply:
    good = d.Reply(kind, XID, US, SERVER, "", ADDRESS, 24, 100, None, None, (SERVER,), (), b"", None)
    return good._replace(**changed)


DEFAULT = (bytes(4), 0, SERVER)
GRANT = d.Grant(ADDRESS, 24, SERVER, (), b"", (DEFAULT,), SERVER, SERVER_MAC, 0.0, 50.0, 87.5, 100.0)
STANDING = d.Standing(0.0, 0)
STATES: dict[str, d.State] = {
    "idle": d.Idle(),
    "rebooting": d.Rebooting(XID, ADDRESS, 0.0, 1),
    "selecting": d.Selecting(XID, b"", b"", 0.0, 1, 0),
    "requesting": d.Requesting(XID, ADDRESS, SERVER, 0, 0.0, 1, 0),
    "probing": d.Probing(GRANT, 0),
    "bound": d.Bound(GRANT, STANDING),
    "renewing": d.Renewing(GRANT, STANDING, XID, 50.0, 50.0),
    "rebinding": d.Rebinding(GRANT, STANDING, XID, 50.0, 88.0),
    "pausing": d.Pausing(2),
}
EVENTS: dict[str, d.Event] = {
    "start": d.Start(b""),
    "resume": d.Resume(ADDRESS),
    "continue": d.Continue(d.Bound(GRANT, STANDING)),
    "timeout": d.Timeout(),
    "offer": d.Offer(reply(2), SERVER_MAC),
    "ack": d.Ack(reply(5), SERVER_MAC),
    "nak": d.Nak(reply(6), SERVER_MAC),
    "free": d.Free(),
    "conflict": d.Conflict(SERVER_MAC),
    "close": d.Close(),
}
# Where each event leads; what is not here is ignored.
LEADS = """
idle       start    Selecting
idle       resume   Rebooting
idle       continue Renewing
rebooting  timeout  Rebooting
rebooting  ack      Probing
rebooting  nak      Selecting
rebooting  close    Idle
selecting  timeout  Selecting
selecting  offer    Requesting
selecting  close    Idle
requesting timeout  Requesting
requesting ack      Probing
requesting nak      Selecting
requesting close    Idle
probing    free     Bound
probing    conflict Pausing
probing    close    Idle
bound      timeout  Renewing
bound      conflict Pausing
bound      close    Idle
renewing   timeout  Renewing
renewing   ack      Bound
renewing   nak      Selecting
renewing   conflict Pausing
renewing   close    Idle
rebinding  timeout  Renewing
rebinding  ack      Bound
rebinding  nak      Selecting
rebinding  conflict Pausing
rebinding  close    Idle
pausing    timeout  Selecting
pausing    close    Idle
"""
LEADING = {(state, event): to for state, event, to in (line.split() for line in LEADS.strip().splitlines())}
HOLDING = {"probing", "bound", "renewing", "rebinding"}


def step(state: d.State, event: d.Event, now: float = 60.0, client: d.Client = CLIENT, chance: float = 0.5) -> d.Step:
    return d.step(client, state, event, now, chance)


def said(taken: d.Step) -> list[int]:
    """The message types sent, in order."""
    return [d.decode(effect.payload).options[53][0] for effect in taken.effects if isinstance(effect, d.Send)]


def wake(taken: d.Step) -> float:
    (after,) = [effect.after for effect in taken.effects if isinstance(effect, d.Wake)]
    return after


def names(effects: Iterable[d.Effect]) -> list[str]:
    return [type(effect).__name__ for effect in effects]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS)
def test_every_event_in_every_state_leads_where_the_table_says(state: str, event: str) -> None:
    taken = step(STATES[state], EVENTS[event])

    if (state, event) in LEADING:
        assert type(taken.state).__name__ == LEADING[state, event]
        assert names(taken.effects).count("Wake") == 1
    else:
        assert taken == d.Step(STATES[state], (d.Ignored(EVENTS[event]),))


@pytest.mark.parametrize("state", STATES)
def test_close_releases_exactly_what_is_held(state: str) -> None:
    assert said(step(STATES[state], d.Close())) == ([7] if state in HOLDING else [])


@pytest.mark.parametrize("state", ["rebooting", "selecting", "requesting", "bound", "renewing", "rebinding"])
@pytest.mark.parametrize("event", ["offer", "ack", "nak"])
def test_another_transactions_answer_is_ignored(state: str, event: str) -> None:
    kinds: dict[str, type[d.Offer] | type[d.Ack] | type[d.Nak]] = {"offer": d.Offer, "ack": d.Ack, "nak": d.Nak}
    foreign = kinds[event](reply(xid=XID ^ 1), SERVER_MAC)

    assert step(STATES[state], foreign) == d.Step(STATES[state], (d.Ignored(foreign),))


@pytest.mark.parametrize("state", ["requesting", "renewing"])
@pytest.mark.parametrize("event", [d.Ack, d.Nak])
def test_another_servers_answer_is_ignored_by_who_asked_one(state: str, event: type[d.Ack] | type[d.Nak]) -> None:
    foreign = event(reply(server=OTHER_SERVER), SERVER_MAC)

    assert step(STATES[state], foreign).state == STATES[state]


@pytest.mark.parametrize("state", ["rebooting", "requesting", "renewing", "rebinding"])
def test_another_address_than_the_one_asked_for_is_ignored(state: str) -> None:
    foreign = d.Ack(reply(address=bytes((192, 0, 2, 51))), SERVER_MAC)

    assert step(STATES[state], foreign).state == STATES[state]


def test_the_walk_from_nothing_to_a_lease_and_back() -> None:
    asked = step(d.Idle(), d.Start(b""), now=0)
    offered = step(asked.state, EVENTS["offer"], now=1)
    granted = step(offered.state, EVENTS["ack"], now=2)
    bound = step(granted.state, d.Free(), now=2.2)
    renewing = step(bound.state, d.Timeout(), now=50.5)
    renewed = step(renewing.state, EVENTS["ack"], now=50.6)
    closed = step(renewed.state, d.Close(), now=60)

    assert [said(taken) for taken in (asked, offered, granted, bound, renewing, renewed, closed)] == [
        [1], [3], [], [], [3], [], [7],
    ]  # fmt: skip
    assert "Probe" in names(granted.effects)
    assert "Granted" not in names(granted.effects)
    assert "Granted" in names(bound.effects)
    assert "Granted" not in names(renewed.effects)
    assert wake(bound) == pytest.approx(49.5 - 1.2)  # the lease counts from the REQUEST
    assert isinstance(renewed.state, d.Bound)
    assert renewed.state.grant.since == 50.5


def test_a_lost_discover_costs_a_quarter_of_a_second_and_then_ever_more_up_to_a_minute() -> None:
    taken = step(d.Idle(), d.Start(b""))
    waits = [wake(taken)]
    for _ in range(10):
        taken = step(taken.state, d.Timeout())
        waits.append(wake(taken))

    assert waits == pytest.approx([0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 64, 64])
    assert len({d.decode(e.payload).xid for e in taken.effects if isinstance(e, d.Send)} | {XID}) == 1


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 1000))
def test_chance_moves_a_wait_by_a_tenth_at_most(chance: float, sent: int) -> None:
    state = d.Selecting(XID, b"", b"", 0.0, sent, 0)
    plain = min(LONGEST_WAIT, 0.25 * 2.0 ** min(sent, 16))

    assert wake(step(state, d.Timeout(), chance=chance)) == pytest.approx(plain, rel=0.101)


def test_people_are_told_how_many_discovers_are_unanswered() -> None:
    taken = step(d.Selecting(XID, b"", b"", 0.0, 5, 0), d.Timeout())

    assert d.Note("dhcp: 5 DISCOVERs unanswered, next in 8 s") in taken.effects


def test_a_server_that_offers_but_never_acks_is_passed_over_for_another_one() -> None:
    taken = step(d.Selecting(XID, b"", b"", 0.0, 1, 0), EVENTS["offer"])
    for _ in range(5):
        assert isinstance(taken.state, d.Requesting)
        taken = step(taken.state, d.Timeout())
    assert said(taken) == [1]

    again = step(taken.state, EVENTS["offer"])
    other = step(taken.state, d.Offer(reply(2, server=OTHER_SERVER), SERVER_MAC))

    assert again.state == taken.state
    assert isinstance(other.state, d.Requesting)


def test_a_passed_over_server_that_is_alone_is_heard_after_the_next_discover() -> None:
    alone = d.Selecting(XID, b"", SERVER, 0.0, 2, 0)

    assert isinstance(step(alone, EVENTS["offer"]).state, d.Requesting)


def test_naks_in_a_row_slow_a_client_down() -> None:
    waits = []
    for setbacks in range(1, 12):
        requesting = d.Requesting(XID, ADDRESS, SERVER, 0, 0.0, 1, setbacks)
        waits.append(wake(step(requesting, EVENTS["nak"])))

    assert waits == sorted(waits)
    assert waits[0] == 1
    assert waits[-1] == LONGEST_WAIT


def test_an_unconfirmed_address_is_wished_for_in_the_discover_that_follows() -> None:
    taken = step(d.Idle(), d.Resume(ADDRESS))
    assert "REQUEST for 192.0.2.50" in str(taken.effects)
    for _ in range(3):
        assert said(taken) == [3]
        taken = step(taken.state, d.Timeout())

    (sent,) = [d.decode(effect.payload) for effect in taken.effects if isinstance(effect, d.Send)]
    assert sent.options[53] == b"\1"
    assert sent.options[50] == ADDRESS


AGES = {
    "young": (20.0, "Bound", [], 30.0),
    "after T1": (60.0, "Renewing", [3], 13.75),
    "after T2": (90.0, "Rebinding", [3], 5.0),
    "at its end": (100.0, "Selecting", [1], 0.25),
    "of a clock that was set back": (-1.0, "Selecting", [1], 0.25),
}


@pytest.mark.parametrize("age", AGES)
def test_a_lease_of_a_client_before_us_goes_on_by_its_age(age: str) -> None:
    now, state, messages, wait = AGES[age]

    taken = step(d.Idle(), EVENTS["continue"], now=now)

    assert type(taken.state).__name__ == state
    assert said(taken) == messages
    assert wake(taken) == wait
    granted = [effect.grant for effect in taken.effects if isinstance(effect, d.Granted)]
    assert granted == ([GRANT] if state != "Selecting" else [])
    assert d.held(taken.state) == (d.Bound(GRANT, STANDING) if granted else None)


def test_a_lease_without_end_is_gone_on_with_and_never_renewed() -> None:
    grant = GRANT._replace(t1=inf, t2=inf, seconds=inf)

    taken = step(d.Idle(), d.Continue(d.Bound(grant, STANDING)), now=1e9)

    assert taken.state == d.Bound(grant, STANDING)
    assert wake(taken) == inf


def test_a_conflict_is_declined_and_the_next_try_is_ten_seconds_later() -> None:
    taken = step(d.Probing(GRANT, 0), d.Conflict(SERVER_MAC), chance=0.0)

    (sent,) = [effect for effect in taken.effects if isinstance(effect, d.Send)]
    message = d.decode(sent.payload)
    assert (message.options[53], message.options[50], message.options[54]) == (b"\4", ADDRESS, SERVER)
    assert message.client == bytes(4)
    assert wake(taken) == 10
    assert "Lost" not in names(taken.effects)


def test_a_conflict_of_an_address_in_use_takes_the_lease_down() -> None:
    assert "Lost" in names(step(d.Bound(GRANT, STANDING), d.Conflict(SERVER_MAC)).effects)


def test_beside_grants_at_once_and_probes_meanwhile() -> None:
    client = CLIENT._replace(conflict_check="beside")

    taken = step(STATES["requesting"], EVENTS["ack"], client=client)

    assert names(taken.effects)[-3:] == ["Granted", "Wake", "Probe"]


def test_never_does_not_probe() -> None:
    assert "Probe" not in names(step(STATES["requesting"], EVENTS["ack"], client=CARELESS).effects)


@pytest.mark.parametrize(
    ("now", "state", "destination"),
    [
        (49.0, "Bound", None),
        (50.0, "Renewing", SERVER),
        (87.5, "Rebinding", b"\xff" * 4),
        (100.0, "Selecting", b"\xff" * 4),
    ],
)
def test_the_age_of_a_lease_says_what_is_done_with_it_even_after_a_long_sleep(
    now: float, state: str, destination: bytes | None
) -> None:
    taken = step(d.Bound(GRANT, STANDING), d.Timeout(), now=now)

    assert type(taken.state).__name__ == state
    assert [e.destination for e in taken.effects if isinstance(e, d.Send)] == ([destination] if destination else [])
    assert ("Lost" in names(taken.effects)) == (now >= 100)


def test_a_renewal_is_asked_from_the_address_of_the_server_itself() -> None:
    (sent,) = [e for e in step(d.Bound(GRANT, STANDING), d.Timeout(), now=50).effects if isinstance(e, d.Send)]
    message = d.decode(sent.payload)

    assert (sent.source, sent.destination, sent.mac) == (ADDRESS, SERVER, SERVER_MAC)
    assert message.client == ADDRESS
    assert not {50, 54} & set(message.options)


def test_renewals_come_ever_closer_to_the_end_and_then_the_lease_is_lost() -> None:
    taken = step(d.Bound(GRANT, STANDING), d.Timeout(), now=50)
    now = 50.0
    kinds = [type(taken.state).__name__]
    while isinstance(taken.state, d.Renewing | d.Rebinding):
        now += wake(taken)
        taken = step(taken.state, d.Timeout(), now=now)
        kinds.append(type(taken.state).__name__)

    assert now == 100
    assert kinds == ["Renewing"] * 4 + ["Rebinding"] * 3 + ["Selecting"]


@pytest.mark.parametrize(
    "changed",
    [{"routers": ()}, {"dns_servers": (SERVER,)}, {"prefix": 25}, {"domain": b"example.org"}, {"routes": ()}],
)  # fmt: skip
def test_a_renewal_with_other_terms_grants_again(changed: dict[str, Any]) -> None:
    taken = step(d.Renewing(GRANT, STANDING, XID, 50.0, 50.0), d.Ack(reply(**changed), SERVER_MAC))

    assert "Granted" in names(taken.effects)


NAMED = (SERVER, OTHER_SERVER)
ROUTES = ((bytes((198, 51, 100, 0)), 24, SERVER), (bytes((203, 0, 113, 0)), 24, OTHER_SERVER))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"dns_servers": NAMED}, {"dns_servers": NAMED[::-1]}),
        ({"dns_servers": NAMED}, {"dns_servers": NAMED + NAMED}),
        ({"domain": b"example.org"}, {"domain": b"Example.ORG"}),
        ({"routes": ROUTES}, {"routes": ROUTES[::-1]}),
        ({"routes": ROUTES}, {"routes": ROUTES + ROUTES}),
    ],
)
def test_a_renewal_with_the_same_in_another_order_changes_nothing(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    grant = granted(**before)

    taken = step(d.Renewing(grant, STANDING, XID, 50.0, 50.0), d.Ack(reply(**after), SERVER_MAC))

    assert "Granted" not in names(taken.effects)
    assert isinstance(taken.state, d.Bound)
    assert (taken.state.grant.dns_servers, taken.state.grant.routes) == (grant.dns_servers, grant.routes)


def test_of_two_routes_to_one_network_the_first_counts() -> None:
    to = bytes((198, 51, 100, 0))
    grant = granted(routes=((to, 24, SERVER), (to, 24, OTHER_SERVER)))
    other = reply(routes=((to, 24, OTHER_SERVER), (to, 24, SERVER)))

    taken = step(d.Renewing(grant, STANDING, XID, 50.0, 50.0), d.Ack(other, SERVER_MAC))

    assert "Granted" in names(taken.effects)


def test_a_renewal_by_another_server_or_for_another_time_changes_nothing_that_is_seen() -> None:
    taken = step(d.Rebinding(GRANT, STANDING, XID, 50.0, 90.0), d.Ack(reply(server=OTHER_SERVER, seconds=7), US))

    assert "Granted" not in names(taken.effects)
    assert isinstance(taken.state, d.Bound)
    assert (taken.state.grant.server, taken.state.grant.server_mac, taken.state.grant.seconds) == (OTHER_SERVER, US, 7)


def granted(**changed: Any) -> d.Grant:
    taken = step(STATES["requesting"], d.Ack(reply(**changed), SERVER_MAC), client=CARELESS, chance=0.0)
    (grant,) = [effect.grant for effect in taken.effects if isinstance(effect, d.Granted)]
    return grant


def test_the_servers_times_count_if_they_make_sense() -> None:
    assert (granted(t1=10, t2=20).t1, granted(t1=10, t2=20).t2) == (10, 20)
    assert (granted(t1=90, t2=20).t1, granted(t1=90, t2=20).t2) == (50, 87.5)
    assert (granted(t1=10, t2=1000).t1, granted(t2=1000).t2) == (50, 87.5)


def test_a_lease_for_ever_is_never_renewed() -> None:
    taken = step(STATES["requesting"], d.Ack(reply(seconds=0xFFFFFFFF, t1=10), SERVER_MAC), client=CARELESS)

    assert wake(taken) == inf


def test_with_classless_routes_the_router_option_does_not_count() -> None:
    default = (bytes(4), 0, OTHER_SERVER)
    elsewhere = (bytes((198, 51, 100, 0)), 24, OTHER_SERVER)

    assert granted(routes=(elsewhere, default)).gateway == OTHER_SERVER
    assert granted(routes=(elsewhere,)).gateway is None
    assert granted(routes=None).gateway == SERVER


FAR = bytes((203, 0, 113, 1))
NET = bytes((198, 51, 100, 0))
LINK = bytes(4)


@pytest.mark.parametrize(
    ("said", "routes"),
    [
        ({"routers": ()}, ()),
        ({"routers": (SERVER, OTHER_SERVER)}, (DEFAULT,)),
        ({"prefix": 32, "routers": (FAR,)}, ((FAR, 32, LINK), (LINK, 0, FAR))),
        ({"prefix": 31}, ((SERVER, 32, LINK), DEFAULT)),
        ({"routes": ((LINK, 0, FAR), (FAR, 32, LINK))}, ((FAR, 32, LINK), (LINK, 0, FAR))),
        ({"routes": ((NET, 24, FAR), (FAR, 25, LINK))}, ((FAR, 25, LINK), (NET, 24, FAR))),
        ({"routes": ((NET, 24, FAR),)}, ((FAR, 32, LINK), (NET, 24, FAR))),
        ({"routes": ((NET, 24, SERVER), (NET, 24, OTHER_SERVER))}, ((NET, 24, SERVER),)),
        ({"routes": ((NET, 24, ADDRESS), (LINK, 0, bytes((224, 0, 0, 1))), DEFAULT)}, (DEFAULT,)),
        ({"routes": ((LINK, 0, LINK),)}, ((LINK, 0, LINK),)),
    ],
)
def test_routes_are_all_that_a_lease_means_in_an_order_that_works(
    said: dict[str, Any], routes: tuple[object, ...]
) -> None:
    assert granted(**said).routes == routes


def test_an_answer_to_another_client_is_not_heard() -> None:
    options = {53: b"\5", 54: SERVER, 51: b"\0\0\0\1"}
    theirs = d.Message(2, XID, SERVER_MAC, options, yours=ADDRESS)

    assert d.heard(CLIENT, d.encode(theirs), SERVER_MAC) is None
    assert isinstance(d.heard(CLIENT, d.encode(theirs._replace(mac=US)), SERVER_MAC), d.Ack)
