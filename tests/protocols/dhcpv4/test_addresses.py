"""Which addresses a client takes as a lease, and what it says of those that it does not."""

from __future__ import annotations

import pytest
from tests.protocols.dhcpv4.test_message import GOOD, SERVER, bytes_of, wire

from netstrata.protocols.dhcpv4 import Malformed, Reply, read_reply


def mask(prefix: int) -> bytes:
    return (0xFFFFFFFF << (32 - prefix) & 0xFFFFFFFF).to_bytes(4, "big")


def offered(address: str, prefix: int | None = 24, **options: bytes | None) -> Reply:
    said: dict[int, bytes | None] = {**GOOD, 1: mask(prefix) if prefix is not None else None}
    said.update({int(name[1:]): value for name, value in options.items()})
    yours = bytes(int(part) for part in address.split("."))
    return read_reply(bytes_of(wire({code: value for code, value in said.items() if value is not None}), yours=yours))


DEFAULT_VIA_50 = b"\0\xc0\x00\x02\x32"


@pytest.mark.parametrize(
    ("address", "prefix", "options", "why"),
    [
        ("192.0.2.0", 24, {}, r"its network itself \(/24, option 1\)"),
        ("192.0.2.255", 24, {}, r"the broadcast address of its network \(/24, option 1\)"),
        ("192.0.2.128", 25, {}, "its network itself"),
        ("192.0.2.127", 25, {}, "the broadcast address"),
        ("192.0.2.4", 30, {}, "its network itself"),
        ("192.0.2.7", 30, {}, "the broadcast address"),
        ("10.0.0.0", None, {}, r"its network itself \(/8"),
        ("192.0.2.50", 24, {"o3": bytes((192, 0, 2, 50))}, "the gateway's own"),
        ("192.0.2.50", 24, {"o121": DEFAULT_VIA_50}, "the gateway's own"),
        ("192.0.2.50", 32, {"o3": bytes((192, 0, 2, 50))}, "the gateway's own"),
        ("192.0.2.1", 24, {"o3": None}, "the server's own"),
        ("0.0.0.0", 24, {}, "nobody's"),
        ("0.1.2.3", 24, {}, "nobody's"),
        ("127.0.0.1", 8, {}, "loopback"),
        ("224.0.0.1", 24, {}, "multicast"),
        ("239.255.255.250", 32, {}, "multicast"),
        ("240.0.0.1", 24, {}, "reserved"),
        ("255.255.255.255", 24, {}, "broadcast"),
    ],
)
def test_an_address_that_no_host_can_have_is_refused_by_name(
    address: str, prefix: int | None, options: dict[str, bytes | None], why: str
) -> None:
    with pytest.raises(Malformed, match=rf"{address} is no address for a host \(yiaddr\): .*{why}"):
        offered(address, prefix, **options)


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.50", 31),
        ("192.0.2.51", 31),
        ("192.0.2.50", 32),
        ("192.0.2.0", 32),
        ("192.0.2.255", 32),
        ("192.0.2.5", 30),
        ("192.0.2.255", 23),
        ("192.0.3.0", 23),
        ("10.0.0.255", 8),
    ],
)
def test_an_address_that_a_host_can_have_is_taken(address: str, prefix: int) -> None:
    """RFC 3021: both addresses of a network of two are hosts'."""
    assert offered(address, prefix).prefix == prefix


def test_a_router_that_others_go_through_too_may_lease_its_address() -> None:
    assert offered("192.0.2.50", o3=SERVER + bytes((192, 0, 2, 50))).routers[0] == SERVER


@pytest.mark.parametrize("nonsense", [(0, 0, 0, 0), (127, 0, 0, 1), (224, 0, 0, 1), (255, 255, 255, 255)])
def test_a_router_or_name_server_that_is_no_host_does_not_count(nonsense: tuple[int, ...]) -> None:
    taken = offered("192.0.2.50", o3=bytes(nonsense) + SERVER, o6=bytes(nonsense))

    assert taken.routers == (SERVER,)
    assert taken.dns_servers == ()


@pytest.mark.parametrize("nonsense", [(0, 0, 0, 0), (127, 0, 0, 1), (224, 0, 0, 1), (255, 255, 255, 255)])
def test_a_server_that_is_no_host_is_not_heard(nonsense: tuple[int, ...]) -> None:
    with pytest.raises(Malformed, match="who it is"):
        offered("192.0.2.50", o54=bytes(nonsense))
