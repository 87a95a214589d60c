"""How long elements of nftables stay: nft(8), ELEMENTS and DATA TYPES; nftables 1.0.6."""

import pytest

from netstrata.system.nftables.elements import timeout_ms


@pytest.mark.parametrize(
    ("elements", "of_set_ms", "first"),
    [
        ("192.0.2.1", 0, 0),
        ("192.0.2.1", 5000, 5000),
        ("192.0.2.1 timeout 2s", 0, 2000),
        ("192.0.2.1 timeout 7", 0, 7000),
        ("192.0.2.1 timeout 500ms", 0, 500),
        ("192.0.2.1 timeout 3m", 0, 180_000),
        ("192.0.2.1 timeout 1d2h3m4s500ms", 0, 93_784_500),
        ("192.0.2.1 timeout 1h, 192.0.2.2", 60_000, 60_000),
        ("192.0.2.1 timeout 1h, 192.0.2.2 timeout 30s", 60_000, 30_000),
        ("192.0.2.1 timeout 1h, 192.0.2.2", 0, 3_600_000),
        ("192.0.2.1 timeout 2s expires 1s counter", 0, 2000),
    ],
)
def test_the_first_that_goes_by_itself_is_found(elements: str, of_set_ms: int, first: int) -> None:
    assert timeout_ms(elements, of_set_ms) == first
