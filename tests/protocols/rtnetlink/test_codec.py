"""The codec against pyroute2's, against bytes of a real kernel, and against garbage."""

import contextlib
import errno
import socket
import struct
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from netstrata.protocols import rtnetlink
from netstrata.protocols.rtnetlink import (
    Answer,
    Malformed,
    NextHop,
    answer_of,
    attribute,
    decode_address,
    decode_link,
    decode_neighbour,
    decode_route,
    destination_of,
    encode_address,
    encode_neighbour,
    encode_route,
    message,
    messages,
)
from netstrata.protocols.rtnetlink.route_metrics import Metrics, pack_metrics

ADDRESSES4 = st.binary(min_size=4, max_size=4)
ADDRESSES6 = st.binary(min_size=16, max_size=16)
INDEXES = st.integers(1, 2**31 - 1)


def theirs(kind: type, body: bytes) -> Any:
    """Decode a body of ours with pyroute2."""
    decoded = kind(message(0, 0, 1, body))
    decoded.decode()
    return decoded


def body_of(encoded: Any) -> bytes:
    """Encode with pyroute2 and return the body."""
    encoded.encode()
    (one,) = messages(bytes(encoded.data), len(encoded.data))
    return bytes(encoded.data[one.start : one.end])


def text(packed: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


@st.composite
def routes(draw: st.DrawFn) -> tuple[bytes, int, bytes | None, int, int, int, int, bytes, Metrics, bool, int]:
    size = draw(st.sampled_from((4, 16)))
    addresses = st.binary(min_size=size, max_size=size)
    blackhole = draw(st.booleans())
    kind = draw(st.sampled_from((6, 7, 8, 9))) if blackhole else 1
    return (
        draw(addresses),
        draw(st.integers(0, size * 8)),
        None if blackhole else draw(st.none() | addresses),
        0 if blackhole else draw(INDEXES),
        draw(st.integers(0, 2**31 - 1)),
        draw(st.integers(1, 2**32 - 1)),
        kind,
        draw(st.just(b"") | addresses),
        pack_metrics({"mtu": draw(st.integers(0, 65520)), "initcwnd": draw(st.integers(0, 99))}),
        draw(st.booleans()),
        draw(st.sampled_from((0, 16))),
    )


@given(routes())
def test_a_route_of_ours_says_the_same_to_pyroute2_and_to_us(wish: tuple[Any, ...]) -> None:
    destination, prefix, gateway, ifindex, metric, table, kind, source, metrics, onlink, tos = wish

    body = encode_route(*wish)

    other = theirs(rtmsg, body)
    assert other["dst_len"] == prefix
    assert other["proto"] == 110
    assert other["type"] == kind
    assert other["scope"] == (253 if len(destination) == 4 and gateway is None and kind == 1 else 0)
    assert other.get_attr("RTA_PREFSRC") == (text(source) if source else None)
    assert other["flags"] == (4 if onlink else 0)
    said = other.get_attr("RTA_METRICS")
    for name, number in (("RTAX_MTU", 2), ("RTAX_INITCWND", 11)):
        value = said.get_attr(name) if said is not None else None
        assert value == (int.from_bytes(dict(metrics)[number], sys.byteorder) if number in dict(metrics) else None)
    assert other["tos"] == tos
    assert (other.get_attr("RTA_TABLE") or other["table"]) == table
    assert other.get_attr("RTA_DST") == text(destination)
    assert other.get_attr("RTA_GATEWAY") == (text(gateway) if gateway is not None else None)
    assert (other.get_attr("RTA_OIF") or 0) == ifindex
    assert (other.get_attr("RTA_PRIORITY") or 0) == metric
    ours = decode_route(body, 0, len(body))
    assert (ours.type, ours.source, ours.metrics, ours.onlink, ours.tos) == (kind, source, metrics, onlink, tos)
    assert (ours.destination, ours.prefix, ours.gateway, ours.ifindex, ours.metric, ours.table) == (
        destination,
        prefix,
        gateway or b"",
        ifindex,
        metric,
        table,
    )
    assert destination_of(body, 0, len(body)) == destination + bytes((prefix,))


@given(st.sampled_from((4, 16)), st.data(), st.integers(0, 255), INDEXES, st.integers(0, 2**32 - 1))
def test_a_route_of_pyroute2_is_read_as_it_was_written(
    size: int, data: st.DataObject, table: int, ifindex: int, metric: int
) -> None:
    addresses = st.binary(min_size=size, max_size=size)
    destination, gateway = data.draw(addresses), data.draw(addresses)
    other = rtmsg()
    other["family"] = socket.AF_INET if size == 4 else socket.AF_INET6
    other["dst_len"] = size * 8
    other["table"] = table
    other["proto"] = 4
    other["type"] = 1
    other["attrs"] = [
        ("RTA_TABLE", table),
        ("RTA_DST", text(destination)),
        ("RTA_GATEWAY", text(gateway)),
        ("RTA_OIF", ifindex),
        ("RTA_PRIORITY", metric),
    ]
    body = body_of(other)

    route = decode_route(body, 0, len(body))

    assert (route.destination, route.gateway, route.ifindex, route.metric, route.table, route.protocol) == (
        destination,
        gateway,
        ifindex,
        metric,
        table,
        4,
    )
    assert destination_of(body, 0, len(body)) == destination + bytes((size * 8,))


def test_a_route_with_several_ways_is_read() -> None:
    hops = b"".join(
        struct.pack("=HBBi", 16, 0, weight, ifindex) + attribute(5, gateway)
        for weight, ifindex, gateway in ((0, 2, b"\xc0\0\2\1"), (9, 3, b"\xc0\0\2\2"))
    )
    body = struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, 4, 0, 1, 0) + attribute(9, hops)

    route = decode_route(body, 0, len(body))

    assert route.nexthops == (NextHop(2, b"\xc0\0\2\1", 1), NextHop(3, b"\xc0\0\2\2", 10))
    assert (route.destination, route.prefix, route.ifindex) == (bytes(4), 0, 0)


def test_a_gateway_of_the_other_family_is_read() -> None:
    via = struct.pack("=H", 10) + b"\x20\x01\x0d\xb8" + bytes(12)
    body = struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, 4, 0, 1, 0) + attribute(18, via)

    assert decode_route(body, 0, len(body)).gateway == via[2:]


@given(INDEXES, ADDRESSES4 | ADDRESSES6, st.integers(0, 32))
def test_an_address_of_ours_says_the_same_to_pyroute2_and_to_us(ifindex: int, address: bytes, prefix: int) -> None:
    body = encode_address(ifindex, address, prefix)

    other = theirs(ifaddrmsg, body)
    assert (other["index"], other["prefixlen"]) == (ifindex, prefix)
    assert other["scope"] == (254 if len(address) == 4 and address[0] == 127 else 0)
    assert other.get_attr("IFA_ADDRESS") == text(address)
    assert other.get_attr("IFA_LOCAL") == (text(address) if len(address) == 4 else None)
    assert other.get_attr("IFA_PROTO") == 110
    ours = decode_address(body, 0, len(body))
    assert (ours.ifindex, ours.local, ours.address, ours.prefix, ours.protocol) == (
        ifindex,
        address,
        address,
        prefix,
        110,
    )


def test_a_point_to_point_address_with_lifetimes_and_flags_is_read() -> None:
    other = ifaddrmsg()
    other["family"] = socket.AF_INET
    other["prefixlen"] = 32
    other["index"] = 7
    other["attrs"] = [
        ("IFA_LOCAL", "192.0.2.1"),
        ("IFA_ADDRESS", "192.0.2.9"),
        ("IFA_LABEL", "eth0:x"),
        ("IFA_FLAGS", 0x380),
        ("IFA_CACHEINFO", {"ifa_preferred": 30, "ifa_valid": 60, "cstamp": 0, "tstamp": 0}),
    ]
    body = body_of(other)

    address = decode_address(body, 0, len(body))

    assert (address.local, address.address, address.label) == (b"\xc0\0\2\1", b"\xc0\0\2\x09", "eth0:x")
    assert (address.flags, address.preferred_s, address.valid_s) == (0x380, 30, 60)


def test_a_link_of_pyroute2_is_read_as_it_was_written() -> None:
    other = ifinfmsg()
    other["family"] = 0
    other["ifi_type"] = 1
    other["index"] = 9
    other["flags"] = 0x1043
    other["attrs"] = [
        ("IFLA_IFNAME", "eth0"),
        ("IFLA_ADDRESS", "02:00:00:00:0a:01"),
        ("IFLA_MTU", 1400),
        ("IFLA_MASTER", 4),
        ("IFLA_OPERSTATE", "UP"),
        ("IFLA_CARRIER", 1),
        ("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_KIND", "veth")]}),
        ("IFLA_PROP_LIST", {"attrs": [("IFLA_ALT_IFNAME", "lan"), ("IFLA_ALT_IFNAME", "a-rather-long-name")]}),
    ]
    body = body_of(other)

    link = decode_link(body, 0, len(body))

    assert (link.ifindex, link.name, link.mac, link.mtu, link.master) == (9, "eth0", b"\2\0\0\0\x0a\1", 1400, 4)
    assert (link.kind, link.carrier, link.operstate) == ("veth", 1, 6)
    assert link.altnames == ("lan", "a-rather-long-name")
    assert link.up
    assert link.running
    assert link.ethernet


def test_what_we_ask_about_links_is_understood() -> None:
    named = theirs(ifinfmsg, rtnetlink.ask_link_named(b"eth0"))
    long = theirs(ifinfmsg, rtnetlink.ask_link_named(b"a-rather-long-name"))
    up = theirs(ifinfmsg, rtnetlink.set_up(7, True))
    down = theirs(ifinfmsg, rtnetlink.set_up(7, False))

    assert named.get_attr("IFLA_IFNAME") == "eth0"
    assert long.get_attr("IFLA_ALT_IFNAME") == "a-rather-long-name"
    assert (up["index"], up["flags"], up["change"]) == (7, 1, 1)
    assert (down["index"], down["flags"], down["change"]) == (7, 0, 1)


def test_a_neighbour_says_the_same_to_pyroute2_and_to_us() -> None:
    body = encode_neighbour(2, 7, 0x80, b"\xc0\0\2\1", b"\2\0\0\0\x0a\1")

    other = theirs(ndmsg, body)
    ours = decode_neighbour(body, 0, len(body))

    assert (other["ifindex"], other["state"]) == (7, 0x80)
    assert (other.get_attr("NDA_DST"), other.get_attr("NDA_LLADDR")) == ("192.0.2.1", "02:00:00:00:0a:01")
    assert (ours.ifindex, ours.state, ours.address, ours.mac) == (7, 0x80, b"\xc0\0\2\1", b"\2\0\0\0\x0a\1")


REQUEST = message(24, 5, 3, struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, 4, 0, 1, 0) + attribute(1, b"\xc0\0\2\0"))


@pytest.mark.parametrize("capped", [True, False])
def test_an_answer_names_the_guilty_attribute(capped: bool) -> None:
    echo = REQUEST[:16] if capped else REQUEST
    words = attribute(1, b"Nexthop has invalid gateway\0") + attribute(2, struct.pack("=I", 28))
    body = struct.pack("=i", -errno.EINVAL) + echo + words

    answer = answer_of(body, 0x200 | (0x100 if capped else 0), 0, len(body), REQUEST)

    assert answer == Answer(errno.EINVAL, "Nexthop has invalid gateway", 1)


@pytest.mark.parametrize("offset", [0, 15, 2**32 - 1, len(REQUEST) - 3])
def test_an_offset_outside_the_request_names_nothing(offset: int) -> None:
    body = struct.pack("=i", -errno.EINVAL) + REQUEST[:16] + attribute(2, struct.pack("=I", offset))

    assert answer_of(body, 0x300, 0, len(body), REQUEST) == Answer(errno.EINVAL, "", 0)


@given(st.binary(max_size=400))
def test_garbage_is_malformed_and_nothing_else(garbage: bytes) -> None:
    size = len(garbage)
    for read in (decode_link, decode_address, decode_route, destination_of, decode_neighbour):
        with contextlib.suppress(Malformed):
            read(garbage, 0, size)
    for flags in (0, 0x100, 0x200, 0x300):
        with contextlib.suppress(Malformed):
            answer_of(garbage, flags, 0, size, garbage)
    with contextlib.suppress(Malformed):
        messages(garbage, size)


@given(routes(), st.data())
def test_a_message_that_is_cut_or_bent_is_read_or_malformed(wish: tuple[Any, ...], data: st.DataObject) -> None:
    body = bytearray(encode_route(*wish) + encode_address(3, b"\xc0\0\2\1", 24)[8:])
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(body)))

    for read in (decode_link, decode_address, decode_route, destination_of, decode_neighbour):
        with contextlib.suppress(Malformed):
            read(body, 0, end)


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_a_datagram_splits_into_the_messages_it_was_made_of(bodies: list[bytes]) -> None:
    packets = [message(24, 2, n, body) for n, body in enumerate(bodies)]
    datagram = b"".join(packet + b"\0" * (-len(packet) & 3) for packet in packets)

    found = messages(datagram, len(datagram))

    assert [datagram[one.start : one.end] for one in found] == bodies
    assert [one.sequence for one in found] == list(range(len(bodies)))
