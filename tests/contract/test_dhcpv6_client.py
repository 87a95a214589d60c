"""What a DHCPv6 client is told to ask for."""

import pytest

from netstrata.contract.shapes.dhcpv6 import DHCPV6_OPTIONS
from netstrata.values import Map


@pytest.mark.parametrize("word", [b"prefix", b"address"])
def test_who_wants_no_lease_and_a_prefix_or_an_address_is_told_before_anything_runs(word: bytes) -> None:
    refusal = DHCPV6_OPTIONS.refusal(1, Map({b"stateless": b"on", word: b"on"}))

    assert refusal.message == "`stateless` asks for neither address nor prefix"
    assert (refusal.argument, refusal.within) == (1, (b"stateless",))
