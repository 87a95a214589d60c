"""DHCP messages: what is read from good, careless and hostile servers."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netstrata.protocols.dhcpv4 import Malformed, Message, Reply, decode, encode, read_reply

MAC = bytes.fromhex("020000000c01")
SERVER = bytes((192, 0, 2, 1))
GOOD = {
    53: b"\5",
    54: SERVER,
    51: struct.pack("!I", 3600),
    1: b"\xff\xff\xff\0",
    3: SERVER,
    6: bytes((192, 0, 2, 53, 192, 0, 2, 54)),
}


def bytes_of(options: bytes, *, file: bytes = b"", sname: bytes = b"", yours: bytes = bytes((192, 0, 2, 50))) -> bytes:
    """Return an answer with options as they stand on the wire."""
    head = struct.pack("!BBBBIHH", 2, 1, 6, 0, 0x11223344, 0, 0) + bytes(4) + yours + bytes(8) + MAC.ljust(16, b"\0")
    return head + sname.ljust(64, b"\0") + file.ljust(128, b"\0") + b"\x63\x82\x53\x63" + options


def wire(options: dict[int, bytes]) -> bytes:
    return b"".join(bytes((code, len(value))) + value for code, value in options.items())


def reply(changed: dict[int, bytes | None] | None = None) -> Reply:
    options = {**GOOD, **(changed or {})}
    return read_reply(bytes_of(wire({code: value for code, value in options.items() if value is not None}) + b"\xff"))


def test_a_message_survives_the_wire() -> None:
    said = Message(1, 7, MAC, {53: b"\1", 12: b"example"}, 3, 0x8000, SERVER, bytes((192, 0, 2, 50)))

    payload = encode(said)

    assert decode(payload) == said
    assert len(payload) == 300


def test_an_ack_is_read_whole() -> None:
    ack = reply({58: struct.pack("!I", 1000), 59: struct.pack("!I", 2000), 15: b"example.org\0", 56: b"hello\x1b[2J"})

    assert (ack.kind, ack.xid, ack.mac, ack.server) == (5, 0x11223344, MAC, SERVER)
    assert (ack.address, ack.prefix, ack.seconds) == (bytes((192, 0, 2, 50)), 24, 3600)
    assert (ack.t1, ack.t2) == (1000, 2000)
    assert ack.routers == (SERVER,)
    assert ack.dns_servers == (bytes((192, 0, 2, 53)), bytes((192, 0, 2, 54)))
    assert ack.domain == b"example.org"
    assert ack.text == "hello?[2J"


def test_of_several_routers_all_are_read_in_order_and_placeholders_are_not() -> None:
    ack = reply({3: bytes(4) + SERVER + bytes((192, 0, 2, 2)) + b"\xff\xff\xff\xff" + b"odd"})

    assert ack.routers == (SERVER, bytes((192, 0, 2, 2)))


@pytest.mark.parametrize(
    "tail", [b"", b"\xff", b"\xff\0\0", b"\xffgarbage", b"\0\0\0\xff", b"\x0f\x20cut", b"\x0f"],
    ids=["no end", "end", "padding", "garbage", "pads first", "option cut short", "no length"],
)  # fmt: skip
def test_what_stands_at_the_end_of_the_options_does_not_matter(tail: bytes) -> None:
    assert read_reply(bytes_of(wire(GOOD) + tail)) == reply()


def test_options_go_on_in_file_and_then_in_sname() -> None:
    options = wire({**GOOD, 52: b"\3", 15: b"a."})

    ack = read_reply(bytes_of(options, file=wire({15: b"example."}) + b"\xff", sname=wire({15: b"org"})))

    assert ack.domain == b"a.example.org"


def test_a_boot_file_name_is_not_taken_for_options() -> None:
    assert read_reply(bytes_of(wire(GOOD), file=wire({15: b"example.org"}))).domain == b""


def test_an_option_over_255_bytes_is_split_and_joined_again() -> None:
    routes = b"".join(bytes((32, 198, 51, 100, number)) + SERVER for number in range(60))

    read = read_reply(encode(Message(2, 1, MAC, {**GOOD, 121: routes}, yours=bytes((192, 0, 2, 50)))))

    assert len(routes) > 512
    assert read.routes is not None
    assert len(read.routes) == 60
    assert read.routes[59] == (bytes((198, 51, 100, 59)), 32, SERVER)


def test_classless_routes_are_read_with_stray_bits_cleared() -> None:
    ack = reply({121: b"\0" + SERVER + b"\x0c\xc6\x3f" + bytes(4) + b"\x18\xcb\x00\x71" + SERVER})

    assert ack.routes == (
        (bytes(4), 0, SERVER),
        (bytes((198, 48, 0, 0)), 12, bytes(4)),
        (bytes((203, 0, 113, 0)), 24, SERVER),
    )


@pytest.mark.parametrize("value", [b"\x21" + bytes(9), b"\x18\xcb", b"\0\xc0", b""])
def test_classless_routes_that_make_no_sense_do_not_count(value: bytes) -> None:
    assert reply({121: value}).routes is None


@pytest.mark.parametrize(
    ("first", "prefix"), [(10, 8), (172, 16), (192, 24), (223, 24)]
)  # fmt: skip
def test_without_a_mask_the_class_counts(first: int, prefix: int) -> None:
    options = {code: value for code, value in GOOD.items() if code != 1}

    assert read_reply(bytes_of(wire(options), yours=bytes((first, 0, 2, 50)))).prefix == prefix


def test_an_offer_may_leave_the_time_open() -> None:
    assert reply({53: b"\2", 51: None}).seconds == 0


@pytest.mark.parametrize(
    "domain", [b"a\nnameserver 192.0.2.66", b"a \tb", b"\xc3\xa4.example", b"a;b"], ids=["line", "tab", "utf-8", "semi"]
)
def test_a_domain_that_could_disturb_a_resolver_is_dropped(domain: bytes) -> None:
    assert reply({15: domain}).domain == b""


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({1: b"\xff\0\xff\0"}, "mask"),
        ({1: bytes(4)}, "mask"),
        ({51: None}, "time"),
        ({51: bytes(4)}, "time"),
        ({54: None}, "who it is"),
        ({54: bytes(4)}, "who it is"),
        ({53: None}, "OFFER"),
        ({53: b"\1"}, "OFFER"),
    ],
)
def test_an_ack_that_would_configure_nonsense_is_refused(changed: dict[int, bytes | None], why: str) -> None:
    with pytest.raises(Malformed, match=why):
        reply(changed)


@pytest.mark.parametrize("address", [(0, 0, 0, 0), (127, 0, 0, 1), (224, 0, 0, 1), (255, 255, 255, 255), (0, 1, 2, 3)])
def test_an_address_that_no_host_can_have_is_refused(address: tuple[int, ...]) -> None:
    with pytest.raises(Malformed, match="yiaddr"):
        read_reply(bytes_of(wire(GOOD), yours=bytes(address)))


def test_a_nak_needs_no_lease() -> None:
    nak = read_reply(bytes_of(wire({53: b"\6", 54: SERVER, 56: b"wrong network"}), yours=bytes(4)))

    assert (nak.kind, nak.server, nak.text) == (6, SERVER, "wrong network")


def read_or_refuse(payload: bytes) -> Reply | None:
    try:
        return read_reply(payload)
    except Malformed:
        return None


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=700))
def test_random_bytes_are_read_or_refused_and_nothing_else(payload: bytes) -> None:
    assert read_or_refuse(payload) is None or len(payload) >= 240


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=400), st.binary(max_size=128), st.binary(max_size=64), st.integers(0, 3))
def test_random_options_are_read_or_refused_and_nothing_else(
    options: bytes, file: bytes, sname: bytes, overload: int
) -> None:
    head = wire({53: b"\5", 54: SERVER, 51: b"\0\0\0\1", 52: bytes((overload,))})

    read = read_or_refuse(bytes_of(head + options, file=file, sname=sname))

    assert read is None or (0 < read.prefix <= 32 and read.seconds > 0 and len(read.dns_servers) <= 16)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 330), st.integers(0, 255)), max_size=12), st.integers(0, 340))
def test_a_damaged_ack_is_read_or_refused_and_nothing_else(damage: list[tuple[int, int]], length: int) -> None:
    payload = bytearray(bytes_of(wire({**GOOD, 121: b"\x18\xcb\x00\x71" + SERVER, 15: b"example.org"}) + b"\xff"))
    for at, value in damage:
        if at < len(payload):
            payload[at] = value

    read = read_or_refuse(bytes(payload[:length]))

    assert read is None or (read.kind in (2, 5, 6) and len(read.address) == 4)
