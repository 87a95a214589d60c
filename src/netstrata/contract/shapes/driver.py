"""The shapes of what statements say of a link's driver: ethtool's words.  Source: ethtool(8), linux/ethtool.h."""

from typing import Final

from netstrata.contract.declaration import Shape
from netstrata.values import Value, parse_number

# As the kernel calls them (net/ethtool/common.c, netdev_features_strings), of those that people set.
FEATURES: Final = (
    "esp-hw-offload", "hw-tc-offload", "l2-fwd-offload", "loopback", "rx-all", "rx-checksum", "rx-fcs", "rx-gro",
    "rx-gro-hw", "rx-gro-list", "rx-hashing", "rx-lro", "rx-ntuple-filter", "rx-udp-gro-forwarding", "rx-vlan-filter",
    "rx-vlan-hw-parse", "rx-vlan-stag-filter", "rx-vlan-stag-hw-parse", "tls-hw-rx-offload", "tls-hw-tx-offload",
    "tx-checksum-ip-generic", "tx-checksum-ipv4", "tx-checksum-ipv6", "tx-checksum-sctp", "tx-esp-segmentation",
    "tx-generic-segmentation", "tx-gre-csum-segmentation", "tx-gre-segmentation", "tx-gso-list", "tx-gso-partial",
    "tx-ipxip4-segmentation", "tx-ipxip6-segmentation", "tx-nocache-copy", "tx-scatter-gather",
    "tx-sctp-segmentation", "tx-tcp-ecn-segmentation", "tx-tcp-mangleid-segmentation", "tx-tcp-segmentation",
    "tx-tcp6-segmentation", "tx-udp-segmentation", "tx-udp_tnl-csum-segmentation", "tx-udp_tnl-segmentation",
    "tx-vlan-hw-insert", "tx-vlan-stag-hw-insert",
)  # fmt: skip
_DUPLEX: Final = {b"half": 0, b"full": 1}
_LETTERS: Final = "pumbagsf"


def _speed(value: Value) -> tuple[int, int] | None:
    if not isinstance(value, bytes):
        return None
    if value == b"auto":
        return 0, 0
    number, slash, word = value.partition(b"/")
    mbps = parse_number(number, 2**31 - 1)
    return (mbps, _DUPLEX[word]) if slash and mbps and word in _DUPLEX else None


def _write_speed(speed: tuple[int, int]) -> Value:
    mbps, duplex = speed
    if not mbps:
        return b"auto"
    return b"%d/%s" % (mbps, next((word for word, number in _DUPLEX.items() if number == duplex), b"unknown"))


def _wake_on(value: Value) -> str | None:
    text = value.decode("latin-1") if isinstance(value, bytes) else ""
    if text == "d":
        return ""
    return "".join(one for one in _LETTERS if one in text) if text and set(text) <= set(_LETTERS) else None


SPEED = Shape[tuple[int, int]](
    "a speed", "Mb/s and half or full, such as 100/full, or auto, which is all that the driver knows", _speed,
    _write_speed, ('"100/full"', '"10/half"', '"auto"'), ('"100"', '"0/full"', '"fast"', "{}"),
)  # fmt: skip
WAKE_ON = Shape[str](
    "what wakes a machine", "letters of ethtool(8), such as g for a magic packet: some of pumbagsf, or d for nothing",
    _wake_on, lambda letters: letters.encode() or b"d", ('"g"', '"ug"', '"d"'), ('"x"', '"dg"', '""', "{}"),
)  # fmt: skip
