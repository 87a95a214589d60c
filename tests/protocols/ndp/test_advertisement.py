"""Router advertisements: what is read from good, careless and hostile routers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netstrata.contract.shapes.common import Network
from netstrata.protocols.ndp import Advertisement, decode, encode, fault
from netstrata.protocols.ndp.advertisement import Nat64Prefix, Prefix, RouteInformation, Timed
from netstrata.values import mask_bits, parse_ipv6

ROUTER = bytes.fromhex("fe8000000000000000000000000000fe")
# radvd 2.19 with a prefix, a route, name servers, a search list, an MTU, both flags and preference high
RADVD = bytes.fromhex(
    "8600322d40c8000c0000000000000000030440c000001c2000000e100000000020010db8000100000000000000000000180330180000025820"
    "010db800090000000000000000000019050000000001f420010db800000000000000000000005320010db80000000000000000000000541f05"
    "000000000190076578616d706c65036f726700076578616d706c6503636f6d0000000000000005010000000005c80101020000000a01"
)
HEAD = bytes.fromhex("86000000004007080000000000000000")


def address(text: str) -> bytes:
    packed = parse_ipv6(text.encode())
    assert packed is not None
    return packed


def network(text: str) -> Network:
    before, _, length = text.partition("/")
    return Network(address(before), int(length))


def option(kind: int, body: bytes) -> bytes:
    assert len(body) % 8 == 6
    return bytes([kind, (len(body) + 2) // 8]) + body


def test_what_radvd_says_is_read_whole() -> None:
    assert fault(RADVD, ROUTER, 255) == ""
    assert decode(RADVD) == Advertisement(
        12, b"high", True, True,
        (Prefix(network("2001:db8:1::/64"), True, True, 3600, 7200),),
        (RouteInformation(network("2001:db8:9::/48"), b"low", 600),),
        (Timed(address("2001:db8::53"), 500), Timed(address("2001:db8::54"), 500)),
        (Timed(b"example.org", 400), Timed(b"example.com", 400)),
        (), 1480, b"", bytes.fromhex("020000000a01"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("packet", "source", "hop_limit", "why"),
    [
        (RADVD, ROUTER, 254, "its hop limit is 254: it may come from another network"),
        (RADVD, address("2001:db8::1"), 255, "its source is no link-local address"),
        (RADVD[:-1], ROUTER, 255, "its options are cut short"),
        (HEAD + bytes([5, 0]) + bytes(6), ROUTER, 255, "its options are cut short"),  # a length of 0
        (HEAD[:15], ROUTER, 255, "it is no router advertisement"),
        (b"\x86\1" + HEAD[2:], ROUTER, 255, "it is no router advertisement"),  # code 1
        (b"\x85" + HEAD[1:], ROUTER, 255, "it is no router advertisement"),
    ],
)
def test_what_rfc_4861_has_thrown_away_is_named(packet: bytes, source: bytes, hop_limit: int, why: str) -> None:
    assert fault(packet, source, hop_limit) == why


@pytest.mark.parametrize(
    "bad",
    [
        option(25, bytes(6 + 8)),  # half an address; the kernel of Linux 6.18 passes it on
        option(25, bytes(6)),
        option(25, bytes(2) + b"\0\0\1\0" + address("ff02::1")),
        option(25, bytes(2) + b"\0\0\1\0" + address("::1")),
        option(3, b"\x40\xc0" + b"\0\0\0\1" + b"\0\0\0\2" + bytes(4) + address("2001:db8::")),  # preferred above valid
        option(3, b"\x40\xc0" + b"\0\0\0\2" + b"\0\0\0\1" + bytes(4) + address("fe80::")),
        option(3, b"\x81\xc0" + b"\0\0\0\2" + b"\0\0\0\1" + bytes(4) + address("2001:db8::")),  # /129
        option(3, b"\x40\xc0" + bytes(4)),
        option(24, b"\x40\x10" + b"\0\0\0\1" + address("2001:db8::")),  # preference 10, which is no word
        option(24, b"\x40\0" + b"\0\0\0\1"),  # a /64 without a byte of it
        option(31, bytes(2) + b"\0\0\0\1" + b"\x3fabcdefg"),
        option(31, bytes(2) + b"\0\0\0\1" + b"\3a\nb\0\0\0\0"),
        option(31, bytes(2) + b"\0\0\0\1" + b"\xc0\0\0\0\0\0\0\0"),  # compressed
        option(38, b"\0\x0e" + bytes(12)),  # length code 6
        option(37, b"http:/" + b"\n" + bytes(7)),
        option(77, bytes(6)),  # unknown
    ],
)
def test_an_option_that_makes_no_sense_is_left_out_and_the_others_count(bad: bytes) -> None:
    packet = HEAD + bad + option(5, bytes(2) + b"\0\0\x05\xdc")

    assert fault(packet, ROUTER, 255) == ""
    assert decode(packet) == Advertisement(0x708, other=True, mtu=1500)


@pytest.mark.parametrize(("length", "code"), [(96, 0), (64, 1), (56, 2), (48, 3), (40, 4), (32, 5)])
def test_a_nat64_prefix_of_each_length_is_read(length: int, code: int) -> None:
    packet = HEAD + option(38, (600 | code).to_bytes(2, "big") + b"\x20\1\x0d\xb8" + bytes([255]) * 8)

    full = b"\x20\1\x0d\xb8" + bytes([255]) * 8 + bytes(4)
    assert decode(packet).pref64 == (Nat64Prefix(Network(mask_bits(full, length), length), 600),)


ADDRESSES = st.binary(min_size=16, max_size=16).filter(lambda one: one[0] not in (0xFF, 0xFE) and any(one[:15]))
SECONDS = st.integers(0, 2**32 - 1)
NETWORKS = st.builds(
    lambda one, length: Network(mask_bits(one, length), length), ADDRESSES, st.integers(8, 128)
)  # fmt: skip
NAMES = st.from_regex(rb"[a-z0-9]{1,20}(\.[a-z0-9]{1,20}){0,4}", fullmatch=True)
NAT64 = st.builds(
    lambda one, length, units: Nat64Prefix(Network(mask_bits(one, length), length), 8 * units),
    ADDRESSES, st.sampled_from((96, 64, 56, 48, 40, 32)), st.integers(0, 0x1FFF),
)  # fmt: skip
PREFIXES = st.builds(
    lambda one, on_link, auto, times: Prefix(one, on_link, auto, min(times), max(times)),
    NETWORKS, st.booleans(), st.booleans(), st.tuples(SECONDS, SECONDS),
)  # fmt: skip
PREFERENCES = st.sampled_from((b"high", b"medium", b"low"))


def tuples_of(of: "st.SearchStrategy[object]") -> "st.SearchStrategy[tuple[object, ...]]":
    return st.lists(of, max_size=4).map(tuple)


ADVERTISEMENTS = st.builds(
    Advertisement, st.integers(0, 65535), PREFERENCES, st.booleans(), st.booleans(), tuples_of(PREFIXES),
    tuples_of(st.builds(RouteInformation, NETWORKS, PREFERENCES, SECONDS)),
    tuples_of(st.builds(Timed, ADDRESSES, st.just(600))),
    st.lists(st.builds(Timed, NAMES, st.just(600)), max_size=4, unique=True).map(tuple),
    tuples_of(NAT64), st.integers(0, 2**32 - 1), st.just(b"https://example.org/portal"),
    st.binary(min_size=6, max_size=6) | st.just(b""),
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(ADVERTISEMENTS)
def test_an_advertisement_survives_the_wire(said: Advertisement) -> None:
    packet = encode(said)

    assert fault(packet, ROUTER, 255) == ""
    assert decode(packet) == said


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=300))
def test_random_options_are_read_or_refused_and_nothing_else(options: bytes) -> None:
    decode(HEAD + options)
    fault(options, ROUTER, 255)


@settings(max_examples=500, deadline=None)
@given(ADVERTISEMENTS, st.lists(st.tuples(st.integers(16, 400), st.integers(0, 255)), max_size=12), st.integers(0, 400))
def test_a_damaged_advertisement_is_read_or_refused(
    said: Advertisement, damage: list[tuple[int, int]], cut: int
) -> None:
    packet = bytearray(encode(said))
    for at, value in damage:
        if at < len(packet):
            packet[at] = value

    read = decode(bytes(packet[: 16 + cut]))

    assert all(len(server.what) == 16 for server in read.dns_servers)
    assert all(b"\n" not in name.what and len(name.what) <= 253 for name in read.search)
    assert all(prefix.preferred <= prefix.valid for prefix in read.prefixes)
