"""The table of link settings: every row there and back, and garbage."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from netstrata.language.valuetext import parse_value
from netstrata.protocols.rtnetlink import SETTINGS, Malformed, decode_settings, encode_settings, message, with_along

EVERY_VALUE = [
    pytest.param(word, setting.shape.read(value), id=f"{word}-{example}")
    for word, setting in SETTINGS.items()
    for example in setting.shape.good
    if (value := parse_value(example.encode())) is not None
]


@pytest.mark.parametrize(("word", "value"), EVERY_VALUE)
def test_what_is_set_is_read_again(word: str, value: Any) -> None:
    body = encode_settings(7, {word: value})

    assert decode_settings(body, 0, len(body), [word]) == {word: value}


def test_no_two_settings_are_kept_in_the_same_place() -> None:
    places = [(setting.kept.attribute, setting.kept.flag) for setting in SETTINGS.values()]

    assert len(set(places)) == len(places)
    assert all(bool(attribute) is not bool(flag) for attribute, flag in places)


def test_several_settings_are_one_message_that_says_which_flags_are_meant() -> None:
    body = encode_settings(7, {"promisc": 1, "arp": 1, "multicast": 0, "alias": b"uplink", "txqueuelen": 500})
    theirs = ifinfmsg(message(16, 0, 1, body))
    theirs.decode()

    # linux/if.h: promiscuous 0x100, no ARP 0x80, multicast 0x1000
    assert (theirs["index"], theirs["flags"], theirs["change"]) == (7, 0x100, 0x1180)
    assert (theirs.get_attr("IFLA_IFALIAS"), theirs.get_attr("IFLA_TXQLEN")) == ("uplink", 500)


def test_what_the_kernel_does_not_show_it_does_not_know_but_for_an_alias() -> None:
    body = encode_settings(7, {})

    assert decode_settings(body, 0, len(body), ["gso_max_size", "alias", "arp"]) == {
        "gso_max_size": None,
        "alias": b"",
        "arp": 1,
    }


@pytest.mark.parametrize(
    ("values", "ipv4", "expected"),
    [
        ({"gso_max_size": 40000, "mtu": 1400}, 65536, {"gso_max_size": 40000, "gso_ipv4_max_size": 40000, "mtu": 1400}),
        ({"gso_max_size": 65536}, 65536, {"gso_max_size": 65536, "gso_ipv4_max_size": 65536}),
        ({"gso_max_size": 65537}, 65536, {"gso_max_size": 65537}),
        ({"gso_max_size": 40000}, None, {"gso_max_size": 40000}),
        ({"gso_max_size": 40000, "gso_ipv4_max_size": 30000}, 1, {"gso_max_size": 40000, "gso_ipv4_max_size": 30000}),
    ],
)
def test_what_the_kernel_sets_along_is_set_as_well(
    values: dict[str, int], ipv4: int | None, expected: dict[str, int]
) -> None:
    assert with_along(values, {"gso_ipv4_max_size": ipv4}) == expected


@given(body=st.binary(max_size=100))
def test_garbage_is_malformed_or_read(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        decode_settings(body, 0, len(body), SETTINGS)
