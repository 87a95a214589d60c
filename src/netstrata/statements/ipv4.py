"""ipv4_…: netmasks, prefix lengths and networks turned into one another."""

from typing import Annotated

from netstrata.contract import Shape, computes
from netstrata.contract.shapes.common import Ipv4, Prefix4
from netstrata.values import Value, format_ipv4, mask_bits, parse_ipv4

_ALL = b"\xff\xff\xff\xff"


def _read_mask(value: Value) -> int | None:
    """Read a netmask as the length of the prefix that it covers."""
    packed = parse_ipv4(value) if isinstance(value, bytes) else None
    if packed is None:
        return None
    prefix = int.from_bytes(packed, "big").bit_count()
    return prefix if mask_bits(_ALL, prefix) == packed else None


def _write_mask(prefix: int) -> Value:
    return format_ipv4(mask_bits(_ALL, prefix))


MASK4 = Shape[int](
    "an IPv4 netmask",
    "ones, then zeros, such as 255.255.255.0",
    _read_mask,
    _write_mask,
    ('"255.255.255.0"', '"0.0.0.0"'),
    ('"255.0.255.0"', '"24"', "{}"),
)
Mask4 = Annotated[int, MASK4]


@computes("ipv4_prefix_to_mask")
def ipv4_prefix_to_mask(prefix: Prefix4) -> Mask4:
    """Write a prefix length as a netmask.

    Example:
        ipv4_prefix_to_mask("24") mask;
        println(mask);  # 255.255.255.0

    Source: NCD, ipv4_prefix_to_mask.
    """
    return prefix


@computes("ipv4_mask_to_prefix")
def ipv4_mask_to_prefix(mask: Mask4) -> Prefix4:
    """Write a netmask as a prefix length.

    Example:
        ipv4_mask_to_prefix("255.255.255.0") prefix;
        println(prefix);  # 24

    Source: NCD, ipv4_mask_to_prefix.
    """
    return mask


@computes("ipv4_net_from_addr_and_prefix")
def ipv4_net_from_addr_and_prefix(address: Ipv4, prefix: Prefix4) -> Ipv4:
    """Clear all bits of an address after its prefix.

    Example:
        ipv4_net_from_addr_and_prefix("192.0.2.77", "24") network;
        println(network);  # 192.0.2.0

    Source: NCD, ipv4_net_from_addr_and_prefix.
    """
    return mask_bits(address, prefix)
