"""The client as a machine beside RFC 2131: what each message says, whose answers count, and which of them are named."""

from __future__ import annotations

from typing import Any

import pytest
from tests.protocols.dhcpv4.test_machine import (
    ADDRESS,
    EVENTS,
    GRANT,
    OTHER_SERVER,
    SERVER,
    SERVER_MAC,
    STANDING,
    STATES,
    XID,
    names,
    reply,
    step,
    wake,
)

from netstrata.protocols import dhcpv4 as d

ELSEWHERE = bytes((192, 0, 2, 51))
ANSWERS: dict[str, d.Ack | d.Nak] = {"ack": d.Ack(reply(5), SERVER_MAC), "nak": d.Nak(reply(6), SERVER_MAC)}


def sent(taken: d.Step) -> d.Message:
    (message,) = [d.decode(effect.payload) for effect in taken.effects if isinstance(effect, d.Send)]
    return message


def renewal() -> list[tuple[float, d.Step]]:
    """All that a client says from T1 to the end of its lease when nobody answers, and when."""
    now, taken = 50.0, step(d.Bound(GRANT, STANDING), d.Timeout(), now=50.0)
    said = []
    while isinstance(taken.state, d.Renewing | d.Rebinding):
        said.append((now, taken))
        now += wake(taken)
        taken = step(taken.state, d.Timeout(), now=now, chance=now % 1)  # dice that would show another transaction
    return said


def test_a_renewal_is_one_transaction_from_t1_to_the_end_and_says_how_long_it_has_asked() -> None:
    messages = [(now, sent(taken)) for now, taken in renewal()]

    assert len(messages) == 7
    assert {message.xid for _, message in messages} == {XID}
    assert [message.seconds for _, message in messages] == [int(now - 50.0) for now, _ in messages]


@pytest.mark.parametrize("waits", range(6))
def test_a_server_that_is_slower_than_we_wait_renews_a_lease_all_the_same(waits: int) -> None:
    said = renewal()
    asked, (now, later) = sent(said[0][1]), said[waits]

    taken = step(later.state, d.Ack(reply(xid=asked.xid), SERVER_MAC), now=now + 0.01)

    assert isinstance(taken.state, d.Bound)


def test_the_next_renewal_is_another_transaction() -> None:
    first = step(d.Bound(GRANT, STANDING), d.Timeout(), now=50, chance=0.1)
    second = step(d.Bound(GRANT, STANDING), d.Timeout(), now=50, chance=0.2)

    assert sent(first).xid != sent(second).xid


def test_a_request_says_what_the_discover_said_of_the_time_so_that_relays_treat_it_alike() -> None:
    """RFC 2131 section 3.1, step 3."""
    taken = step(d.Idle(), d.Start(b""), now=0)
    for now in (3.0, 9.0):
        taken = step(taken.state, d.Timeout(), now=now)
    discover = sent(taken)

    requests = [step(taken.state, EVENTS["offer"], now=11.0)]
    requests.append(step(requests[0].state, d.Timeout(), now=17.0))

    assert discover.seconds == 9
    assert [sent(request).seconds for request in requests] == [9, 9]


def test_seconds_do_not_run_over() -> None:
    assert sent(step(STATES["selecting"], d.Timeout(), now=1e6)).seconds == 0xFFFF


REQUESTED, SERVER_ID = 50, 54
# Table 5: message type, ciaddr, requested address, server identifier.
SAYS: dict[str, tuple[d.Step, int, bytes, bytes | None, bytes | None]] = {
    "selecting": (step(d.Idle(), d.Start(b"")), 1, bytes(4), None, None),
    "wishing": (step(d.Idle(), d.Start(ADDRESS)), 1, bytes(4), ADDRESS, None),
    "requesting": (step(STATES["selecting"], EVENTS["offer"]), 3, bytes(4), ADDRESS, SERVER),
    "rebooting": (step(d.Idle(), d.Resume(ADDRESS)), 3, bytes(4), ADDRESS, None),
    "renewing": (step(STATES["bound"], d.Timeout(), now=60), 3, ADDRESS, None, None),
    "rebinding": (step(STATES["bound"], d.Timeout(), now=90), 3, ADDRESS, None, None),
    "declining": (step(STATES["probing"], d.Conflict(SERVER_MAC)), 4, bytes(4), ADDRESS, SERVER),
    "releasing": (step(STATES["bound"], d.Close()), 7, ADDRESS, None, SERVER),
}


@pytest.mark.parametrize("name", SAYS)
def test_messages_say_what_table_5_wants(name: str) -> None:
    taken, kind, client, requested, server = SAYS[name]

    message = sent(taken)

    assert (message.options[53], message.client) == (bytes((kind,)), client)
    assert (message.options.get(REQUESTED), message.options.get(SERVER_ID)) == (requested, server)
    assert 55 in message.options or kind in (4, 7)


# Whose ACK or NAK counts: sections 3.2 step 3, 4.3.2 and 4.4.5.
ANOTHER_SERVERS = {"requesting": False, "renewing": False, "rebooting": True, "rebinding": True}


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize("state", ANOTHER_SERVERS)
def test_another_servers_answer_counts_where_all_were_asked_and_is_named_where_not(state: str, kind: str) -> None:
    good = ANSWERS[kind]
    event = type(good)(good.reply._replace(server=OTHER_SERVER), SERVER_MAC)

    taken = step(STATES[state], event)

    if ANOTHER_SERVERS[state]:
        assert taken.state != STATES[state]
    else:
        assert taken == d.Step(STATES[state], (d.Ignored(event, "only 192.0.2.1 was asked"),))


@pytest.mark.parametrize("state", ANOTHER_SERVERS)
def test_another_address_than_the_one_asked_for_is_named(state: str) -> None:
    event = d.Ack(reply(address=ELSEWHERE), SERVER_MAC)

    assert step(STATES[state], event).effects == (d.Ignored(event, "192.0.2.50 was asked for"),)


@pytest.mark.parametrize("state", STATES)
def test_only_states_that_wait_for_an_answer_let_one_in(state: str) -> None:
    waiting = {"rebooting", "selecting", "requesting", "renewing", "rebinding"}

    assert d.awaited(STATES[state]) == (XID if state in waiting else None)


@pytest.mark.parametrize(
    ("times", "t1", "t2"),
    [
        ({}, 50, 87.5),
        ({"t1": 0, "t2": 0}, 50, 87.5),
        ({"t1": 10}, 10, 87.5),
        ({"t2": 60}, 50, 60),
        ({"t2": 40}, 50, 87.5),
        ({"t1": 60, "t2": 60}, 50, 87.5),
        ({"t1": 80, "t2": 20}, 50, 87.5),
        ({"t1": 10, "t2": 100}, 50, 87.5),
        ({"t1": 0xFFFFFFFF, "t2": 0xFFFFFFFF}, 50, 87.5),
        ({"seconds": 1}, 0.5, 0.875),
        ({"seconds": 1, "t1": 1, "t2": 1}, 0.5, 0.875),
        ({"seconds": 0xFFFFFFFF, "t1": 1, "t2": 2}, float("inf"), float("inf")),
        ({"seconds": 0xFFFFFFFE}, 0xFFFFFFFE / 2, 0xFFFFFFFE * 0.875),
    ],
)
def test_times_that_make_no_sense_are_those_that_the_rfc_gives(times: dict[str, Any], t1: float, t2: float) -> None:
    taken = step(STATES["renewing"], d.Ack(reply(**times), SERVER_MAC), chance=0.0)

    assert isinstance(taken.state, d.Bound)
    assert (taken.state.grant.t1, taken.state.grant.t2) == (t1, t2)


def test_a_duplicate_of_an_answer_is_not_named() -> None:
    bound = step(STATES["renewing"], ANSWERS["ack"])

    assert names(step(bound.state, ANSWERS["ack"]).effects) == ["Ignored"]
    assert step(bound.state, ANSWERS["ack"]).effects == (d.Ignored(ANSWERS["ack"]),)
