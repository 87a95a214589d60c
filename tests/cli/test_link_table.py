"""Links as a table that fits."""

import pytest

from netstrata.cli.links import link_table

COUNTED = ("rx_bytes", "tx_bytes", "rx_packets", "tx_packets", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped")
LINK = {
    "name": "eth0", "kind": "ethernet", "up": True, "carrier": False, "speed_mbps": 10000, "duplex": "full",
    "processes": ["wired", "default"], **dict.fromkeys(COUNTED, 123456789),
}  # fmt: skip


@pytest.mark.parametrize(
    ("width", "head"),
    [
        (0, "LINK KIND STATE SPEED IN OUT LOST USED BY"),
        (200, "LINK KIND STATE SPEED IN OUT LOST USED BY"),
        (80, "LINK STATE SPEED IN OUT LOST USED BY"),
        (60, "LINK STATE IN OUT LOST USED BY"),
        (36, "LINK STATE IN OUT"),
    ],
)
def test_a_narrow_screen_has_fewer_columns_and_not_half_ones(width: int, head: str) -> None:
    lines = link_table([LINK], width)

    assert " ".join(lines[0].split()) == head
    assert not width or max(map(len, lines)) <= width
