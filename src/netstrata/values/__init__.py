"""What programs compute with, where their text stands, and the two ways to be refused."""

from netstrata.values.addresses import (
    format_address,
    format_ipv4,
    format_ipv6,
    mask_bits,
    parse_address,
    parse_ipv4,
    parse_ipv6,
    parse_number,
)
from netstrata.values.data import (
    DEPTH_LIMIT,
    FALSE,
    TRUE,
    List,
    Map,
    Value,
    boolean,
    compare,
    deepest,
    depth,
    in_order,
)
from netstrata.values.errors import Refused, Unavailable
from netstrata.values.lines import joined_lines, line_fault
from netstrata.values.source import Source, Span

__all__ = [
    "DEPTH_LIMIT",
    "FALSE",
    "TRUE",
    "List",
    "Map",
    "Refused",
    "Source",
    "Span",
    "Unavailable",
    "Value",
    "boolean",
    "compare",
    "deepest",
    "depth",
    "format_address",
    "format_ipv4",
    "format_ipv6",
    "in_order",
    "joined_lines",
    "line_fault",
    "mask_bits",
    "parse_address",
    "parse_ipv4",
    "parse_ipv6",
    "parse_number",
]
