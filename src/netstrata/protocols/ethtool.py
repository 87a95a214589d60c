"""What a link's driver says of its speed, as bytes of an ioctl.  Source: linux/ethtool.h, struct ethtool_cmd."""

from struct import Struct
from sys import byteorder
from typing import NamedTuple

SIOCETHTOOL = 0x8946
_ETHTOOL_GSET = 0x1
_COMMAND = Struct("=12x HB 13x H 14x")  # low half of the speed, duplex, high half
_UNKNOWN_SPEED = 0xFFFFFFFF
_DUPLEX = {0: "half", 1: "full"}


class Speed(NamedTuple):
    """How fast a link is, in Mb/s, and whether both ends may send at once; None if nobody knows."""

    mbps: int | None = None
    duplex: str | None = None


def ask_speed() -> bytes:
    """Return the question; the kernel writes its answer in its place."""
    return _ETHTOOL_GSET.to_bytes(4, byteorder).ljust(_COMMAND.size, b"\0")


def decode_speed(answer: bytes) -> Speed:
    """Read the answer."""
    *_, low, duplex, high = _COMMAND.unpack(answer)
    mbps = low | high << 16
    return Speed(None if mbps in (0, 0xFFFF, _UNKNOWN_SPEED) else mbps, _DUPLEX.get(duplex))
