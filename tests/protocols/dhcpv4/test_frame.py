"""IPv4 and UDP around DHCP: checksums in all their forms, padding, and packets that are none."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netstrata.protocols.dhcpv4 import Malformed, read_datagram, write_datagram
from netstrata.protocols.dhcpv4.frame import checksum

SOURCE = bytes((192, 0, 2, 1))
EVERYBODY = b"\xff\xff\xff\xff"


def plain_checksum(octets: bytes) -> int:
    """The checksum as RFC 1071 spells it."""
    total: int = sum(struct.unpack(f"!{(len(octets) + 1) // 2}H", octets + b"\0" * (len(octets) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def answer(payload: bytes, udp_checksum: int | None = None, head: bytes = b"", fragment: int = 0) -> bytes:
    """Return a packet from a server to a client."""
    pseudo = SOURCE + EVERYBODY + struct.pack("!BBH", 0, 17, 8 + len(payload))
    found = plain_checksum(pseudo + struct.pack("!HHHH", 67, 68, 8 + len(payload), 0) + payload) or 0xFFFF
    udp = struct.pack("!HHHH", 67, 68, 8 + len(payload), found if udp_checksum is None else udp_checksum) + payload
    words = 5 + len(head) // 4
    ip = (
        struct.pack("!BBHHHBBH", 0x40 | words, 0, words * 4 + len(udp), 0, fragment, 64, 17, 0)
        + SOURCE
        + EVERYBODY
        + head
    )
    return ip[:10] + struct.pack("!H", plain_checksum(ip)) + ip[12:] + udp


def refused(packet: bytes, pending: bool = False) -> str:
    with pytest.raises(Malformed) as caught:
        read_datagram(packet, pending)
    return str(caught.value)


def test_a_good_packet_is_read_with_its_padding_cut_off() -> None:
    read = read_datagram(answer(b"hello") + bytes(20), False)

    assert read == (SOURCE, EVERYBODY, b"hello")


def test_ip_options_are_stepped_over() -> None:
    assert read_datagram(answer(b"hello", head=b"\1\1\1\0"), False).payload == b"hello"


def test_a_checksum_that_nobody_has_computed_yet_does_not_count() -> None:
    packet = answer(b"hello", udp_checksum=0x1234)

    assert read_datagram(packet, True).payload == b"hello"
    assert "UDP checksum" in refused(packet)


def test_a_checksum_of_zero_means_that_there_is_none() -> None:
    assert read_datagram(answer(b"hello", udp_checksum=0), False).payload == b"hello"


def test_a_checksum_that_came_out_as_zero_is_sent_and_accepted_as_ffff() -> None:
    sum_without = plain_checksum(SOURCE + EVERYBODY + struct.pack("!BBHHHHH", 0, 17, 10, 67, 68, 10, 0) + b"\0\0")
    payload = struct.pack("!H", sum_without)
    packet = answer(payload)

    assert packet[26:28] == b"\xff\xff"
    assert read_datagram(packet, False).payload == payload


def test_what_is_written_has_right_checksums() -> None:
    packet = write_datagram(SOURCE, EVERYBODY, b"odd")
    pseudo = SOURCE + EVERYBODY + struct.pack("!BBH", 0, 17, 11)

    assert plain_checksum(packet[:20]) == 0
    assert plain_checksum(pseudo + packet[20:]) == 0
    assert struct.unpack_from("!HH", packet, 20) == (68, 67)


@pytest.mark.parametrize(
    ("at", "put"),
    [
        (0, b"\x65"),  # version 6
        (0, b"\x44"),  # a header of 16 bytes
        (8, b"\x01"),  # a changed TTL: the header's checksum is wrong
        (9, b"\x06"),  # TCP
        (22, b"\x00\x45"),  # port 69
        (24, b"\xff\xff"),  # UDP longer than the packet
        (24, b"\x00\x07"),  # UDP shorter than its header
    ],
)
def test_a_packet_that_is_not_for_a_client_or_lies_about_itself_is_refused(at: int, put: bytes) -> None:
    packet = answer(b"hello", udp_checksum=0)

    assert refused(packet[:at] + put + packet[at + len(put) :])


@pytest.mark.parametrize("length", [0, 19, 27, 32])
def test_a_packet_cut_short_is_refused(length: int) -> None:
    assert refused(answer(b"hello", udp_checksum=0)[:length])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80))
def test_the_checksum_agrees_with_the_plain_one(octets: bytes) -> None:
    assert checksum(octets) % 0xFFFF == plain_checksum(octets) % 0xFFFF


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=80), st.booleans())
def test_random_bytes_are_refused(packet: bytes, pending: bool) -> None:
    assert refused(b"\x46" + packet, pending)


@pytest.mark.parametrize("fragment", [0x2000, 0x0001])
def test_a_fragment_is_refused_first_or_last(fragment: int) -> None:
    assert "fragment" in refused(answer(b"hello", udp_checksum=0, fragment=fragment))


def test_a_datagram_that_must_not_be_fragmented_is_none() -> None:
    assert read_datagram(answer(b"hello", fragment=0x4000), False).payload == b"hello"
