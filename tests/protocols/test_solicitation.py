"""Neighbour solicitations, as the kernel writes them, and the advertisements that answer them."""

from netstrata.protocols.solicitation import advertises, encode_solicitation, solicited_group
from netstrata.values import parse_ipv6

ADDRESS = parse_ipv6(b"fe80::1234:5678") or b""
MAC = bytes.fromhex("020000000a01")


def test_a_solicitation_goes_to_the_group_of_the_address() -> None:
    assert solicited_group(ADDRESS) == parse_ipv6(b"ff02::1:ff34:5678")
    assert encode_solicitation(ADDRESS, MAC) == bytes.fromhex("8700000000000000") + ADDRESS + b"\1\1" + MAC
    assert encode_solicitation(ADDRESS, b"") == bytes.fromhex("8700000000000000") + ADDRESS


def test_only_an_advertisement_of_that_address_answers() -> None:
    packet = bytes.fromhex("8800abcde0000000") + ADDRESS
    assert advertises(packet, ADDRESS)
    assert not advertises(encode_solicitation(ADDRESS, MAC), ADDRESS)
    assert not advertises(packet, ADDRESS[:15] + b"\0")
    assert not any(advertises(packet[:size], ADDRESS) for size in range(len(packet)))
