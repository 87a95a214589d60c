"""The counters of links, as bytes."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg

from netstrata.protocols.rtnetlink import Counters, Malformed, ask_with_counters, attribute, decode_counters, message

HEAD = bytes(16)
STATS64 = 23


def counted(*attributes: bytes) -> Counters:
    """Return the counters in a message about a link."""
    body = HEAD + b"".join(attributes)
    return decode_counters(body, 0, len(body))


def test_counters_are_whole_numbers_of_64_bits_and_what_a_newer_kernel_adds_does_no_harm() -> None:
    numbers = (1, 2, 2**64 - 1, 4, 5, 6, 7, 8)
    name = attribute(3, b"eth0\0")

    assert counted(name, attribute(STATS64, pack("=8Q", *numbers) + bytes(200))) == Counters(*numbers)


def test_a_link_without_counters_or_with_too_few_has_none() -> None:
    assert counted() == counted(attribute(3, b"eth0\0")) == counted(attribute(STATS64, bytes(56))) == Counters()


@pytest.mark.parametrize(("name", "kind"), [(b"eth0", "IFLA_IFNAME"), (b"a-name-that-is-long", "IFLA_ALT_IFNAME")])
def test_a_link_is_asked_for_by_either_of_its_names(name: bytes, kind: str) -> None:
    decoded = ifinfmsg(message(18, 0, 1, ask_with_counters(name)))
    decoded.decode()

    assert [(what, value) for what, value in decoded["attrs"]] == [(kind, name.decode())]


@given(st.binary(max_size=120))
def test_bytes_that_are_no_link_raise_nothing_but_malformed(data: bytes) -> None:
    try:
        decode_counters(HEAD + data, 0, 16 + len(data))
    except Malformed:
        return
