"""What a DHCPv6 client keeps and calls itself, and which networks of a prefix links have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.ports import Dhcpv6Options, Subnet
from netstrata.protocols.dhcpv6 import Binding, Bound, Facts, Lease, Standing, Terms
from netstrata.system.dhcpv6.driver.lease_text import read_held, read_kept, write_held, write_kept
from netstrata.system.dhcpv6.identity import duid_of, iaid_of
from netstrata.system.netlink.delegated import DelegatedSubnets
from netstrata.values import Unavailable

ADDRESSES = st.binary(min_size=16, max_size=16)
TIMES = st.integers(0, 2**31).map(float) | st.just(float("inf"))
SINGLE = st.builds(Binding, ADDRESSES, st.just(128), TIMES, TIMES)
PREFIXES = st.builds(Binding, ADDRESSES, st.integers(1, 128), TIMES, TIMES)
TEXTS = st.lists(st.binary()).map(tuple)
FACTS = st.builds(
    Facts, TEXTS, TEXTS, TEXTS, st.binary(), st.binary(), st.lists(st.tuples(st.integers(), st.binary())).map(tuple)
)
LEASES = st.builds(
    Lease,
    st.lists(SINGLE).map(tuple),
    st.lists(PREFIXES).map(tuple),
    st.lists(PREFIXES).map(tuple),
    st.binary(),
    st.integers(0, 2**31).map(float),
    TIMES,
    TIMES,
    FACTS,
)
NETWORKS = st.lists(st.tuples(ADDRESSES, st.integers(1, 128))).map(tuple)
TERMS = st.builds(Terms, NETWORKS, NETWORKS, FACTS)
HELD = st.builds(Bound, LEASES, st.builds(Standing, TERMS, st.floats(0, 2**32), st.integers(0, 99)))


@given(HELD)
def test_a_lease_is_read_as_it_was_written(lease: Bound) -> None:
    assert read_held(write_held(lease)) == lease


@given(LEASES, st.integers(0, 2**31))
def test_a_lease_that_is_kept_is_by_the_clock_on_the_wall(lease: Lease, since_1970: int) -> None:
    kept = write_kept(lease, float(since_1970))

    assert read_kept(kept, float(since_1970)) == lease


@given(HELD, st.data())
def test_a_text_that_was_cut_or_changed_is_none_or_has_the_shape_of_a_lease(lease: Bound, data: st.DataObject) -> None:
    text = bytearray(write_held(lease))
    at = data.draw(st.integers(0, len(text) - 1))
    text[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))

    found = read_held(bytes(text))

    assert found is None or read_held(write_held(found)) == found


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"(",
        b"\xff",
        b"((), (), (), b'', 0.0, 0.0, 0.0, ())",
        b"(((b'x', 128, 0.0, 0.0),), (), (), b'', 0.0, 0.0, 0.0, ((), (), (), b'', b'', ()))",
        b"(((b'0123456789abcdef', 64, 0.0, 0.0),), (), (), b'', 0.0, 0.0, 0.0, ((), (), (), b'', b'', ()))",
    ],
)
def test_what_is_no_lease_is_none(text: bytes) -> None:
    assert read_kept(text, 0.0) is None


def test_a_client_is_called_by_its_link_and_what_is_asked_for_by_the_links_name() -> None:
    mac = bytes.fromhex("020000000c01")
    plain = Dhcpv6Options()

    assert duid_of("eth0", mac, plain) == bytes.fromhex("00030001020000000c01")
    assert duid_of("ppp0", b"", plain)[:2] == b"\0\4"
    assert len(duid_of("ppp0", b"", plain)) == 18
    assert duid_of("ppp0", b"", plain) == duid_of("tun0", b"", plain)
    assert iaid_of("eth0", plain) == iaid_of("eth0", plain) != iaid_of("eth0.7", plain)
    assert duid_of("eth0", mac, Dhcpv6Options(duid=b"own")) == b"own"
    assert iaid_of("eth0", Dhcpv6Options(iaid=0)) == 0


PREFIX = bytes.fromhex("20010db8000100000000000000000000")


def test_of_one_prefix_no_two_links_have_the_same_network_and_each_has_the_same_again() -> None:
    subnets = DelegatedSubnets()
    links = [f"lan{number}" for number in range(16)]
    first = {link: subnets.take(Subnet(PREFIX, 60, link)) for link in links}
    for link, number in first.items():
        subnets.leave(Subnet(PREFIX, 60, link), number)

    again = {link: subnets.take(Subnet(PREFIX, 60, link)) for link in reversed(links)}

    assert sorted(first.values()) == list(range(16))
    assert again == first
    assert [subnets.last(Subnet(PREFIX, 60, link)) for link in links] == list(first.values())


@pytest.mark.parametrize(
    ("subnet", "why"),
    [
        (Subnet(PREFIX, 60, "lan1", 16), "it has 16 only, with the numbers 0 to 15"),
        (Subnet(PREFIX, 60, "lan1", 3), "number 3 is that of lan0"),
        (Subnet(PREFIX, 64, "lan1"), "another link has all of it"),
        (Subnet(PREFIX, 63, "lan2"), "other links have all of them"),
    ],
)
def test_a_network_that_cannot_be_had_is_refused_in_words(subnet: Subnet, why: str) -> None:
    subnets = DelegatedSubnets()
    for length, link, number in ((60, "lan0", 3), (64, "lan0", None), (63, "lan0", None), (63, "lan1", None)):
        subnets.take(Subnet(PREFIX, length, link, number))

    with pytest.raises(Unavailable, match=why):
        subnets.take(subnet)
