"""What else a lease says, from servers good and hostile."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.protocols.dhcpv4.test_machine import CLIENT, STATES, step
from tests.protocols.dhcpv4.test_message import SERVER, reply

from netstrata.contract.shapes.dhcp_client import DhcpOptions
from netstrata.protocols import dhcpv4 as d
from netstrata.protocols.dhcpv4.extras import read_extras

CARELESS = CLIENT._replace(conflict_check="never")
TWO = b"\1a\7example\0\1b\xc0\2"  # a.example, b.example by a pointer
FAR = bytes((10, 0, 0, 0))


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        ({26: b"\x05\x78"}, "mtu", 1400),
        ({26: b"\0\x43"}, "mtu", 0),
        ({42: SERVER + bytes(4)}, "ntp_servers", (SERVER,)),
        ({119: TWO}, "search", (b"a.example", b"b.example")),
        ({119: TWO, 15: b"c.example"}, "search", (b"a.example", b"b.example")),
        ({15: b"a.example b.example"}, "search", (b"a.example", b"b.example")),
        ({15: b"a.example\0"}, "search", (b"a.example",)),
        ({119: b"\xc0\0"}, "search", ()),  # a name that is itself
        ({119: b"\1a\xc0\2"}, "search", ()),
        ({119: b"\1a\xc0\0"}, "search", ()),
        ({119: b"\4a\nbc\0"}, "search", ()),
        ({119: b"\5shor"}, "search", ()),
        ({12: b"host.example\0"}, "hostname", b"host.example"),
        ({12: b"a b; reboot"}, "hostname", b""),
        ({114: b"https://portal.example/api"}, "captive_portal", b"https://portal.example/api"),
        ({114: b"https://x\ny"}, "captive_portal", b""),
        ({200: b"raw", 26: b"\x05\x78", 51: b"\0\0\0\1"}, "options", ((26, b"\x05\x78"), (200, b"raw"))),
    ],
)
def test_an_option_is_read_or_left_out(options: dict[int, bytes], field: str, value: object) -> None:
    assert getattr(read_extras(options), field) == value


def test_a_domain_of_two_names_is_the_first_and_both_are_searched() -> None:
    ack = reply({15: b"a.example b.example"})

    assert ack.domain == b"a.example"
    assert ack.extras.search == (b"a.example", b"b.example")


@pytest.mark.parametrize(
    ("options", "routes"),
    [
        ({33: FAR + SERVER}, ((FAR, 8, SERVER), (bytes(4), 0, SERVER))),
        ({33: bytes((10, 1, 2, 3)) + SERVER}, ((bytes((10, 1, 2, 3)), 32, SERVER), (bytes(4), 0, SERVER))),
        ({33: bytes(4) + SERVER}, ((bytes(4), 0, SERVER),)),
        ({249: b"\x08\x0a" + SERVER}, ((FAR, 8, SERVER),)),
        ({249: b"\x08\x0b" + SERVER, 121: b"\x08\x0a" + SERVER, 33: FAR + FAR}, ((FAR, 8, SERVER),)),
    ],
)
def test_routes_of_old_servers_are_taken_too(options: dict[int, bytes | None], routes: tuple[object, ...]) -> None:
    ack = reply(options)._replace(xid=0x80000000, mac=CLIENT.mac)

    taken = step(STATES["requesting"], d.Ack(ack, SERVER), client=CARELESS)

    assert [effect.grant.routes for effect in taken.effects if isinstance(effect, d.Granted)] == [routes]


@given(st.dictionaries(st.integers(1, 254), st.binary(max_size=64)))
def test_random_options_are_read_and_nothing_of_them_disturbs(options: dict[int, bytes]) -> None:
    extras = read_extras(options)

    for name in (*extras.search, extras.hostname):
        assert not set(name) & set(b"\n \t;\0\"'`$")


def sent(client: d.Client) -> dict[int, bytes]:
    taken = step(d.Idle(), d.Start(b""), client=client)
    (message,) = [d.decode(effect.payload) for effect in taken.effects if isinstance(effect, d.Send)]
    return message.options


def test_options_of_ones_own_are_sent_and_win_and_the_list_is_as_given() -> None:
    long = bytes(range(1, 250)) * 2
    said = d.said_of(DhcpOptions(hostname=b"x", send=((77, b"FSVDSL"), (90, long), (12, b"y"))))

    options = sent(CLIENT._replace(sent=said, asked_for=b"\1\x5a"))

    assert (options[77], options[90], options[12], options[55]) == (b"FSVDSL", long, b"y", b"\1\x5a")


def test_by_itself_it_asks_for_all_that_it_reads() -> None:
    assert set(sent(CLIENT)[55]) == {1, 3, 6, 12, 15, 26, 33, 42, 51, 58, 59, 114, 119, 121, 249}


@pytest.mark.parametrize("kind", ["another mtu", "another raw option", "the same servers in turn"])
def test_a_renewal_that_changes_an_option_is_news_and_one_that_turns_servers_is_none(kind: str) -> None:
    before: dict[str, Any] = {"mtu": 1400, "options": ((6, SERVER + FAR), (200, b"x"))}
    after = {
        "another mtu": before | {"mtu": 1300},
        "another raw option": before | {"options": ((6, SERVER + FAR), (200, b"y"))},
        "the same servers in turn": before | {"options": ((6, FAR + SERVER), (200, b"x"))},
    }[kind]
    first, second = (
        reply()._replace(xid=0x80000000, mac=CLIENT.mac, extras=d.Extras(**each)) for each in (before, after)
    )
    bound = step(STATES["requesting"], d.Ack(first, SERVER), client=CARELESS).state
    assert isinstance(bound, d.Bound)

    taken = step(d.Renewing(bound.grant, d.Standing(-1000.0, 0), 0x80000000, 50.0, 50.0), d.Ack(second, SERVER))

    assert any(isinstance(effect, d.Granted) for effect in taken.effects) == (kind != "the same servers in turn")


def test_a_long_option_is_split_on_the_wire() -> None:
    payload = d.encode(d.Message(1, 1, CLIENT.mac, {77: b"x" * 300}))

    assert struct.pack("BB", 77, 255) + b"x" * 255 + struct.pack("BB", 77, 45) in payload
