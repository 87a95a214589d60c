"""DHCPv6 messages as bytes, from servers good and hostile."""

from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocols.dhcpv6.test_machine import CLIENT, LEASE, SERVER, STANDING, US, XID, A, P, packed

from netstrata.protocols import dhcpv6 as d
from netstrata.protocols.dhcpv6 import message as m
from netstrata.protocols.dhcpv6 import requests
from netstrata.protocols.dhcpv6.facts import read_facts

# What kea 2.2.0 answers to a SOLICIT for an address and a prefix; the client's DUID and IAIDs are 7's.
KEA = bytes.fromhex(
    "02800000"
    "0001000a00030001020000000c01"
    "0002000a00030001020000000501"
    "00030028" "00000007" "00000002" "00000003" "00050018" "20010db8000000000000000000000100" "00000004" "00000008"
    "00170010" "20010db8000000000000000000000053"
    "00190029" "00000007" "00000002" "00000003" "001a0019" "00000004" "00000008" "38" "20010db8000100000000000000000000"
)  # fmt: skip
ENDS = ((1, US), (2, SERVER))


def answer(*options: tuple[int, bytes], kind: int = m.REPLY) -> bytes:
    return d.encode(d.Message(kind, XID, (*ENDS, *options)))


def ia(code: int, inside: bytes = b"", t1: int = 0, t2: int = 0, iaid: int = 7) -> tuple[int, bytes]:
    return code, b"".join(number.to_bytes(4, "big") for number in (iaid, t1, t2)) + inside


def option(code: int, value: bytes) -> bytes:
    return code.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def address(text: str, preferred: int = 10, valid: int = 20, inside: bytes = b"") -> bytes:
    return option(5, packed(text) + preferred.to_bytes(4, "big") + valid.to_bytes(4, "big") + inside)


def prefix(text: str, length: int = 56, preferred: int = 10, valid: int = 20) -> bytes:
    return option(26, preferred.to_bytes(4, "big") + valid.to_bytes(4, "big") + bytes((length,)) + packed(text))


def test_what_kea_says_is_read() -> None:
    reply = d.read_reply(KEA, 7)

    assert (reply.kind, reply.xid, reply.client, reply.server) == (m.ADVERTISE, XID, US, SERVER)
    assert reply.addresses == d.Ia(2, 3, (d.Granted(packed("2001:db8::100"), 128, 4, 8),))
    assert reply.prefixes == d.Ia(2, 3, (d.Granted(packed("2001:db8:1::"), 56, 4, 8),))
    assert reply.facts.dns_servers == (packed("2001:db8::53"),)
    assert reply.facts.options == ((23, packed("2001:db8::53")),)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "too few"),
        (KEA[:3], "too few"),
        (KEA[:-1], "cut short"),
        (KEA + b"\0\1", "cut short"),
        (b"\1" + KEA[1:], "neither"),
        (b"\x0a" + KEA[1:], "neither"),  # RECONFIGURE, which nobody has agreed to
        (d.encode(d.Message(m.REPLY, 1, ((1, US),))), "who it is"),
        (d.encode(d.Message(m.REPLY, 1, ((2, SERVER),))), "whom it is for"),
        (d.encode(d.Message(m.REPLY, 1, ((1, US), (2, bytes(131))))), "who it is"),
        (answer(ia(3, b"\0\5\0\x18")), "cut short"),
    ],
)
def test_what_is_no_answer_is_named(payload: bytes, why: str) -> None:
    with pytest.raises(d.Malformed, match=why):
        d.read_reply(payload, 7)


NONE = d.Ia(0, 0, ())
GRANTS: dict[str, tuple[tuple[int, bytes], d.Ia | None]] = {
    "one": (ia(3, address("2001:db8::1")), d.Ia(0, 0, (d.Granted(packed("2001:db8::1"), 128, 10, 20),))),
    "for ever": (
        ia(3, address("2001:db8::1", 2**32 - 1, 2**32 - 1), 2**32 - 1, 2**32 - 1),
        d.Ia(inf, inf, (d.Granted(packed("2001:db8::1"), 128, inf, inf),)),
    ),
    "of another number": (ia(3, address("2001:db8::1"), iaid=8), None),
    "T1 after T2": (ia(3, address("2001:db8::1"), 5, 4), None),
    "T1 without T2": (ia(3, b"", 5), d.Ia(5, 0, ())),
    "cut short": ((3, bytes(11)), None),
    "preferred for longer than valid": (ia(3, address("2001:db8::1", 21)), NONE),
    "refused by itself": (ia(3, address("2001:db8::1", inside=option(13, b"\0\2"))), NONE),
    "multicast": (ia(3, address("ff02::1")), NONE),
    "nobody's": (ia(3, address("::")), NONE),
    "loopback": (ia(3, address("::1")), NONE),
    "link-local": (ia(3, address("fe80::1")), NONE),
    "mapped": (ia(3, address("::ffff:192.0.2.1")), NONE),
    "a status": (ia(3, option(13, b"\0\2no more")), d.Ia(0, 0, (), d.Status(2, "no more"))),
    "a status that disturbs": (ia(3, option(13, b"\0\2\x1b[2J")), d.Ia(0, 0, (), d.Status(2, "?[2J"))),
    "a prefix with bits behind it": (
        ia(25, prefix("2001:db8:1::7")), d.Ia(0, 0, (d.Granted(packed("2001:db8:1::"), 56, 10, 20),))
    ),
    "a prefix of no length": (ia(25, prefix("2001:db8::", 0)), NONE),
    "a prefix of 129": (ia(25, prefix("2001:db8::", 129)), NONE),
}  # fmt: skip


@pytest.mark.parametrize("name", GRANTS)
def test_a_grant_is_read_or_left_out(name: str) -> None:
    said, expected = GRANTS[name]

    reply = d.read_reply(answer(said), 7)

    assert (reply.addresses if said[0] == 3 else reply.prefixes) == expected


@pytest.mark.parametrize(
    ("said", "field", "value"),
    [
        ((13, b"\0\1\x07sorry"), "status", d.Status(1, "?sorry")),
        ((13, b"\0"), "status", d.Status()),
        ((7, b"\xff"), "preference", 255),
        ((7, b"\xff\xff"), "preference", 0),
        ((14, b""), "rapid", True),
        ((14, b"x"), "rapid", False),
        ((32, b"\0\0\2\x58"), "refresh", 600.0),
        ((32, b"\xff\xff\xff\xff"), "refresh", inf),
        ((32, b"\0"), "refresh", None),
        ((82, b"\0\0\0\x3c"), "sol_max", 60),
        ((82, b"\0\0\0\x3b"), "sol_max", None),
        ((83, b"\0\1\x51\x81"), "inf_max", None),
    ],
)
def test_an_option_of_the_exchange_is_read_or_left_out(said: tuple[int, bytes], field: str, value: Any) -> None:
    assert getattr(d.read_reply(answer(said), 7), field) == value


LINK_LOCAL = packed("fe80::1")


@pytest.mark.parametrize(
    ("said", "field", "value"),
    [
        ({23: A + LINK_LOCAL + A}, "dns_servers", (A, LINK_LOCAL)),
        ({23: A + bytes(16) + packed("ff02::1") + b"x"}, "dns_servers", (A,)),
        ({24: b"\7example\3org\0\1a\0"}, "search", (b"example.org", b"a")),
        ({24: b"\7exam\nle\3org\0"}, "search", ()),
        ({24: b"\7exampl"}, "search", ()),
        ({31: A}, "ntp_servers", (b"2001:db8::a",)),
        ({56: option(1, A) + option(3, b"\4time\1a\0")}, "ntp_servers", (b"2001:db8::a", b"time.a")),
        ({56: option(2, A) + option(9, b"x")}, "ntp_servers", ()),
        ({56: b"\0\1\0\x10x"}, "ntp_servers", ()),
        ({56: option(1, A), 31: A + P}, "ntp_servers", (b"2001:db8::a", b"2001:db8:1::")),
        ({39: b"\0\4host\7example\0"}, "hostname", b"host.example"),
        ({39: b""}, "hostname", b""),
        ({103: b"https://portal.example/"}, "captive_portal", b"https://portal.example/"),
        ({103: b"https://a b"}, "captive_portal", b""),
        ({200: b"raw", 7: b"\xff", 13: b"\0\0"}, "options", ((200, b"raw"),)),
    ],
)
def test_a_fact_is_read_or_left_out(said: dict[int, bytes], field: str, value: Any) -> None:
    assert getattr(read_facts(tuple(said.items())), field) == value


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_malformed(payload: bytes) -> None:
    for text in (payload, b"\7\x80\0\0" + payload, answer() + payload, answer(ia(25, payload))):
        try:
            d.heard(CLIENT, text)
        except d.Malformed:
            continue


@given(st.integers(0, len(KEA) - 1), st.integers(0, 255))
def test_an_answer_with_a_bent_byte_is_read_or_malformed(at: int, byte: int) -> None:
    bent = bytearray(KEA)
    bent[at] = byte
    try:
        reply = d.read_reply(bytes(bent), 7)
    except d.Malformed:
        return

    for one in (reply.addresses, reply.prefixes):
        assert one is None or all(grant.preferred <= grant.valid for grant in one.granted)


OPTIONS = st.lists(st.tuples(st.integers(0, 65535), st.binary(max_size=40)), max_size=8).map(tuple)


@given(st.integers(0, 255), st.integers(0, 2**24 - 1), OPTIONS)
def test_what_is_written_is_read_again(kind: int, xid: int, options: tuple[tuple[int, bytes], ...]) -> None:
    message = d.Message(kind, xid, options)

    assert d.decode(d.encode(message)) == message


def sent(client: d.Client, kind: int = m.SOLICIT) -> dict[int, bytes]:
    exchange = d.Exchange(XID, 0.0, 1.5)
    return dict(d.decode(requests.ask(client, kind, exchange, LEASE.bindings, SERVER).payload).options)


def test_a_client_says_who_it_is_and_what_it_asks_for() -> None:
    client = CLIENT._replace(
        hostname=b"host", user_class=b"guest", vendor_class=(32473, b"router"), sent=((200, b"x"),), asked_for=(23, 24)
    )

    said = sent(client)

    assert said[8] == b"\0\x96"
    assert said[6] == b"\0\x17\0\x18\0\x52\0\x27"
    assert said[39] == b"\1\4host"  # a part of a name
    assert said[15] == b"\0\5guest"
    assert said[16] == b"\0\0\x7e\xd9\0\6router"
    assert said[200] == b"x"
    assert sent(client._replace(hostname=b"host.example"))[39] == b"\1\4host\7example\0"
    assert sent(client._replace(sent=((39, b"own"),)))[39] == b"own"


@pytest.mark.parametrize("kind", [m.SOLICIT, m.REQUEST, m.RENEW, m.REBIND, m.INFORMATION_REQUEST])
def test_the_list_of_what_is_asked_for_is_never_missing_and_never_empty(kind: int) -> None:
    """kea 2.2.0 does not answer an empty one."""
    assert sent(CLIENT, kind)[6]


@pytest.mark.parametrize("kind", [m.CONFIRM, m.RELEASE, m.DECLINE])
def test_what_asks_for_nothing_says_no_more_than_needed(kind: int) -> None:
    exchange = d.Exchange(XID, 0.0, 1.5)
    said = d.decode(requests.ask(CLIENT, kind, exchange, LEASE.addresses, SERVER).payload).options

    assert {code for code, _ in said} == {1, 2, 3, 8}


def test_a_wish_for_a_length_is_said_until_there_is_a_prefix() -> None:
    client = CLIENT._replace(length=60)
    exchange = d.Exchange(XID, 0.0, 0.0)
    wish = dict(d.decode(requests.solicit(client, exchange, ()).payload).options)[25]
    solicit = requests.solicit(client, exchange, (d.Granted(P, 56, 0, 0),))
    had = dict(d.decode(solicit.payload).options)[25]

    assert wish.endswith(b"\x3c" + bytes(16))
    assert had.endswith(b"\x38" + P)


STATES: list[d.State] = [
    d.Idle(),
    d.Soliciting(d.Exchange(XID, 0.0, 0.0, 1, 1.0), (), None, b"", 0, 3600),
    d.Confirming(d.Exchange(XID, 0.0, 0.0, 1, 1.0), LEASE),
    d.Bound(LEASE, STANDING),
    d.Renewing(LEASE, STANDING, d.Exchange(XID, 50.0, 50.0, 1, 10.0)),
    d.Rebinding(LEASE, STANDING, d.Exchange(XID, 80.0, 80.0, 1, 10.0)),
]
TIMES = st.sampled_from([0.0, 1.0, 2.0, 100.0, 4294967294.0, inf])
GRANTED = st.builds(
    d.Granted, st.sampled_from([A, packed("2001:db8::b")]), st.sampled_from([128, 56]), TIMES, TIMES
).filter(lambda one: one.preferred <= one.valid)
IAS = st.none() | st.builds(
    d.Ia, TIMES, TIMES, st.lists(GRANTED, max_size=3).map(tuple), st.builds(d.Status, st.integers(0, 7))
)
REPLIES = st.builds(
    d.Reply,
    st.sampled_from([m.ADVERTISE, m.REPLY]),
    st.just(XID),
    st.just(US),
    st.sampled_from([SERVER, US]),
    st.builds(d.Status, st.integers(0, 7)),
    IAS,
    IAS,
    preference=st.sampled_from([0, 255]),
    rapid=st.booleans(),
    refresh=st.none() | TIMES,
)
ANYTHING = st.one_of(
    REPLIES.map(lambda reply: d.Advertise(reply) if reply.kind == m.ADVERTISE else d.Answer(reply)),
    st.sampled_from([d.Start(), d.Resume(LEASE), d.Timeout(), d.Timeout(), d.Conflict(A), d.Close()]),
)


@given(
    st.sampled_from(STATES),
    st.lists(st.tuples(ANYTHING, st.floats(0, 1e4), st.floats(0, 1, exclude_max=True)), max_size=30),
    st.booleans(),
    st.booleans(),
)
def test_whatever_a_network_and_a_clock_do_a_client_goes_on(
    state: d.State, events: list[tuple[d.Event, float, float]], rapid: bool, wants_prefix: bool
) -> None:
    """A client that waits has a time to wake up, never a past one; what is told is valid at that moment."""
    client = CLIENT._replace(rapid=rapid, prefix=wants_prefix)
    now, wake = 0.0, 1.0
    for event, later, chance in events:
        now += later
        taken = d.step(client, state, event, now, chance)
        state = taken.state
        woken = [effect.after for effect in taken.effects if isinstance(effect, d.Wake)]
        assert len(woken) <= 1
        assert all(after >= 0 for after in woken)
        wake = woken[0] if woken else wake
        lease = d.held(state)
        if any(isinstance(effect, d.Tell) for effect in taken.effects) and lease is not None:
            assert all(one.valid_until > now for one in lease.lease.bindings)
            assert lease.standing.terms.addresses or lease.standing.terms.prefixes
        if isinstance(state, d.Soliciting | d.Requesting | d.Pausing | d.Renewing | d.Declining):
            assert wake < inf
