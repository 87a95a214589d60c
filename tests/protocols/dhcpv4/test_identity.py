"""What a client says of itself, byte by byte, and the network that prefers IPv6 alone."""

from typing import Any

import pytest
from tests.protocols.dhcpv4.test_machine import CARELESS, CLIENT, SERVER_MAC, STATES, names, reply, said, wake
from tests.protocols.dhcpv4.test_machine import step as stepped
from tests.protocols.dhcpv4.test_message import GOOD, bytes_of, wire

from netstrata.contract.shapes.dhcp_client import DhcpOptions
from netstrata.protocols import dhcpv4 as d

EITHER = CARELESS._replace(ipv6_only=True)
WAIT = (600).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (DhcpOptions(), ()),
        (DhcpOptions(hostname=b"host"), ((12, b"host"),)),
        (DhcpOptions(vendor_class=b"x", client_id=b"\0me"), ((60, b"x"), (61, b"\0me"))),
        (DhcpOptions(user_class=(b"guest", b"a")), ((77, b"\5guest\1a"),)),
        (DhcpOptions(fqdn=b"a.example.org"), ((81, b"\5\0\0\1a\7example\3org\0"),)),
        (DhcpOptions(fqdn=b"a.example.org."), ((81, b"\5\0\0\1a\7example\3org\0"),)),
        (DhcpOptions(fqdn=b"a"), ((81, b"\5\0\0\1a"),)),
        (DhcpOptions(lease_time=600), ((51, WAIT),)),
        (DhcpOptions(user_class=(b"guest",), send=((77, b"raw"), (90, b"\0"))), ((77, b"raw"), (90, b"\0"))),
    ],
)
def test_each_word_is_an_option(options: DhcpOptions, sent: object) -> None:
    assert d.said_of(options) == sent


def said_in(client: d.Client, state: d.State, event: d.Event) -> d.Message:
    (message,) = [d.decode(e.payload) for e in stepped(state, event, client=client).effects if isinstance(e, d.Send)]
    return message


def test_all_is_said_in_each_question_and_to_a_release_belongs_the_client_id_alone() -> None:
    client = CLIENT._replace(sent=((60, b"x"), (61, b"\0me")), client_id=b"\0me")

    questions = [said_in(client, STATES[state], d.Timeout()) for state in ("selecting", "requesting", "bound")]
    release = said_in(client, STATES["bound"], d.Close())

    assert [(asked.options[60], asked.options[61]) for asked in questions] == [(b"x", b"\0me")] * 3
    assert sorted(release.options) == [53, 54, 61]


def test_who_wants_it_is_answered_to_everybody_until_he_has_an_address() -> None:
    client = CLIENT._replace(broadcast=True)

    flags = [said_in(client, STATES[state], d.Timeout()).flags for state in ("selecting", "requesting", "bound")]

    assert flags == [0x8000, 0x8000, 0]


def test_an_fqdn_is_asked_for_by_who_says_one_and_ipv6_alone_by_who_can_do_with_it() -> None:
    asked = said_in(CLIENT._replace(sent=((81, b"\5\0\0\1a"),), ipv6_only=True), STATES["selecting"], d.Timeout())
    listed = said_in(CLIENT._replace(asked_for=b"\1\x6c", ipv6_only=True), STATES["selecting"], d.Timeout())

    assert asked.options[55][-2:] == bytes((81, 108))
    assert listed.options[55] == bytes((1, 108))


def read(kind: int, **changed: Any) -> d.Reply:
    options = {**GOOD, 53: bytes((kind,)), 108: WAIT, **changed.pop("options", {})}
    return d.read_reply(bytes_of(wire({code: value for code, value in options.items() if value}) + b"\xff", **changed))


def test_the_wait_is_read_and_such_an_offer_needs_no_address() -> None:
    assert read(2).ipv6_only == 600
    assert read(2, options={108: b"\0\0\0"}).ipv6_only is None
    assert read(2, yours=bytes(4), options={51: None}).address == bytes(4)
    with pytest.raises(d.Malformed, match="no address for a host"):
        read(5, yours=bytes(4))
    with pytest.raises(d.Malformed, match="no address for a host"):
        read(2, yours=bytes(4), options={108: b"\0\0\0"})


@pytest.mark.parametrize(("told", "waited"), [(600, 600.0), (0, 300.0), (299, 300.0), (2**32 - 1, 2.0**32 - 1)])
def test_an_offer_that_prefers_ipv6_alone_is_not_taken_for_that_time(told: int, waited: float) -> None:
    taken = stepped(STATES["selecting"], d.Offer(reply(2, ipv6_only=told), SERVER_MAC), client=EITHER)

    assert (taken.state, said(taken), wake(taken)) == (d.Pausing(0), [], waited)
    assert (
        d.Note(f"dhcp: 192.0.2.1 prefers IPv6 alone in this network (option 108); next in {waited:.0f} s")
        in taken.effects
    )
    assert said(stepped(taken.state, d.Timeout(), client=EITHER)) == [1]


def test_who_has_not_said_that_he_can_do_without_takes_an_address_as_ever() -> None:
    taken = stepped(STATES["selecting"], d.Offer(reply(2, ipv6_only=600), SERVER_MAC), client=CARELESS)

    assert said(taken) == [3]
    nothing = reply(2, ipv6_only=600, address=bytes(4))
    assert names(stepped(STATES["selecting"], d.Offer(nothing, SERVER_MAC)).effects) == ["Ignored"]


def test_an_address_of_before_is_given_back_and_one_that_is_held_stays() -> None:
    ack = d.Ack(reply(5, ipv6_only=600), SERVER_MAC)

    rebooting = stepped(STATES["rebooting"], ack, client=EITHER)

    assert (rebooting.state, said(rebooting)) == (d.Pausing(0), [7])
    assert names(rebooting.effects) == ["Send", "Forget", "Note", "Wake"]
    assert [type(stepped(STATES[state], ack, client=EITHER).state) for state in ("requesting", "renewing")] == [
        d.Bound,
        d.Bound,
    ]
