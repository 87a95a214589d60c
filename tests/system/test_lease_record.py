"""A lease as it is written for the daemon after a crash, and what is taken for one."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.protocols.dhcpv4 import Bound, Extras, Grant, Standing
from netstrata.system.dhcp.driver.lease_record import read_lease, write_lease

ADDRESSES = st.binary(min_size=4, max_size=4)
TIMES = st.floats(0, 2**32) | st.just(inf)
EXTRAS = st.builds(
    Extras,
    st.integers(0, 65535),
    st.lists(ADDRESSES).map(tuple),
    st.lists(st.binary()).map(tuple),
    st.binary(),
    st.binary(),
    st.lists(st.tuples(st.integers(0, 255), st.binary())).map(tuple),
)
GRANTS = st.builds(
    Grant,
    ADDRESSES,
    st.integers(0, 32),
    st.none() | ADDRESSES,
    st.lists(ADDRESSES).map(tuple),
    st.binary(),
    st.lists(st.tuples(ADDRESSES, st.integers(0, 32), ADDRESSES)).map(tuple),
    ADDRESSES,
    st.binary(min_size=6, max_size=6),
    st.floats(0, 2**32),
    TIMES,
    TIMES,
    TIMES,
    EXTRAS,
)
LEASES = st.builds(Bound, GRANTS, st.builds(Standing, st.floats(0, 2**32), st.integers(0, 99)))


@given(LEASES)
def test_a_lease_is_read_as_it_was_written(lease: Bound) -> None:
    assert read_lease(write_lease(lease)) == lease


@given(LEASES, st.data())
def test_a_lease_that_was_cut_or_changed_is_none_or_has_the_shape_of_one(lease: Bound, data: st.DataObject) -> None:
    text = bytearray(write_lease(lease))
    at = data.draw(st.integers(0, len(text) - 1))
    text[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))

    found = read_lease(bytes(text))

    assert found is None or read_lease(write_lease(found)) == found


@pytest.mark.parametrize(
    "text", [b"", b"(", b"1", b"((), ())", b"\xff", b"(" * 9999, b"(1, (2.0, 3))", b"(None, None)"]
)
def test_what_nobody_has_written_is_no_lease(text: bytes) -> None:
    assert read_lease(text) is None


def test_an_address_of_five_bytes_makes_no_lease() -> None:
    lease = Bound(Grant(b"12345", 24, None, (), b"", (), b"1234", b"123456", 0.0, 1.0, 2.0, 3.0), Standing(0.0, 0))

    assert read_lease(write_lease(lease)) is None
