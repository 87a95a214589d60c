"""Wireless links and speeds, as bytes; the messages are what a kernel said of a simulated radio."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.protocols import ethtool, genetlink, nl80211
from netstrata.protocols.nl80211 import Reception, WirelessLink
from netstrata.protocols.rtnetlink import Malformed, attribute

HEAD = bytes(4)


def said(*attributes: bytes) -> tuple[bytes, int, int]:
    """Return the body of a message, with where it begins and ends."""
    body = HEAD + b"".join(attributes)
    return body, 0, len(body)


def test_a_client_in_a_network_is_read_with_the_networks_name() -> None:
    body = said(attribute(3, pack("=I", 7)), attribute(5, pack("=I", 2)), attribute(52, "café".encode()))

    assert nl80211.decode_wireless_link(*body) == WirelessLink(7, "café", client=True)


def test_an_access_point_is_no_client_and_a_link_in_no_network_has_no_name() -> None:
    body = said(attribute(3, pack("=I", 7)), attribute(5, pack("=I", 3)))

    assert nl80211.decode_wireless_link(*body) == WirelessLink(7, None, client=False)


def test_the_network_a_link_is_in_is_told_from_others_it_has_heard() -> None:
    elements = b"\x01\x02\x82\x84" + b"\x00\x04home" + b"\x03\x01\x01"

    def heard(*about: bytes) -> str | None:
        return nl80211.decode_joined_network(*said(attribute(47 | 0x8000, b"".join(about))))

    assert heard(attribute(6, elements), attribute(9, pack("=I", 1))) == "home"
    assert heard(attribute(6, elements)) is None
    assert heard(attribute(6, elements), attribute(9, pack("=I", 0))) is None
    assert heard(attribute(6, b"\x00\x04\0\0\0\0"), attribute(9, pack("=I", 1))) is None
    assert heard(attribute(6, b"\x00\x20ho"), attribute(9, pack("=I", 1))) == "ho"
    assert heard(attribute(6, b"\x01"), attribute(9, pack("=I", 1))) is None


def test_a_station_is_read_with_signal_and_bitrate() -> None:
    rate = attribute(8 | 0x8000, attribute(1, pack("=H", 540)) + attribute(5, pack("=I", 540)))

    assert nl80211.decode_station(*said(attribute(21, attribute(7, pack("=b", -52)) + rate))) == Reception(-52, 54.0)
    assert nl80211.decode_station(*said(attribute(21, b""))) == Reception(None, None)
    assert nl80211.decode_station(*said()) == Reception(None, None)


@pytest.mark.parametrize(("dbm", "quality"), [(-127, 0), (-100, 0), (-75, 50), (-52, 96), (-50, 100), (-20, 100)])
def test_quality_is_between_nothing_at_100_and_all_at_50_dbm(dbm: int, quality: int) -> None:
    assert Reception(dbm, None).quality == quality


def test_a_family_is_asked_for_by_its_name_and_read_by_its_number() -> None:
    assert genetlink.ask_family("nl80211") == b"\x03\x01\0\0" + attribute(2, b"nl80211\0")
    assert genetlink.decode_family(*said(attribute(2, b"nl80211\0"), attribute(1, pack("=H", 28)))) == 28
    assert genetlink.decode_family(*said()) == 0


@given(st.binary(max_size=80))
def test_bytes_that_are_no_message_raise_nothing_but_malformed(data: bytes) -> None:
    decoders = (nl80211.decode_wireless_link, nl80211.decode_station, nl80211.decode_joined_network)
    for decode in (*decoders, genetlink.decode_family):
        try:
            decode(HEAD + data, 0, 4 + len(data))
        except Malformed:
            continue


@pytest.mark.parametrize(
    ("low", "high", "duplex", "speed"),
    [
        (10000, 0, 1, (10000, "full")),
        (100000 & 0xFFFF, 100000 >> 16, 1, (100000, "full")),
        (100, 0, 0, (100, "half")),
        (0xFFFF, 0xFFFF, 0xFF, (None, None)),
        (0xFFFF, 0, 1, (None, "full")),
        (0, 0, 0xFF, (None, None)),
    ],
)
def test_a_speed_is_read_with_what_is_not_known(
    low: int, high: int, duplex: int, speed: tuple[int | None, str | None]
) -> None:
    answer = bytearray(ethtool.ask_speed())
    answer[12:15] = pack("=HB", low, duplex)
    answer[28:30] = pack("=H", high)

    assert len(answer) == 44
    assert ethtool.decode_speed(bytes(answer)) == speed
