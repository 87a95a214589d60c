"""What a route says of its packets and connections: one row for each metric, and the only place that knows it.

The words are those of `ip route`.  The kernel makes larger values than these smaller (Linux 6.18).
Source: ip-route(8), linux/rtnetlink.h (RTAX_), ip_metrics_convert in net/ipv4/metrics.c.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.shapes.link import SWITCH, whole
from netstrata.protocols.rtnetlink.constants import RTAX_MTU
from netstrata.protocols.rtnetlink.wire import U32, Octets, attribute, attributes

Metrics = tuple[tuple[int, bytes], ...]  # by number


class RouteMetric(NamedTuple):
    """One metric: which attribute it is, which values fit."""

    attribute: int
    shape: Shape[int]


METRICS: Final[dict[str, RouteMetric]] = {
    "mtu": RouteMetric(RTAX_MTU, whole("an MTU", 68, 65520, " bytes")),
    "window": RouteMetric(3, whole("a window", 1, 2**32 - 1, " bytes")),
    "advmss": RouteMetric(8, whole("a segment size", 1, 65495, " bytes")),
    "hoplimit": RouteMetric(10, whole("a hop limit", 1, 255)),
    "initcwnd": RouteMetric(11, whole("a number of segments", 1, 2**32 - 1)),
    "initrwnd": RouteMetric(14, whole("a number of segments", 1, 2**32 - 1)),
    "quickack": RouteMetric(15, SWITCH),
}


def pack_metrics(values: Mapping[str, int]) -> Metrics:
    """Return metrics as the kernel shows them; those that are 0 are none."""
    found = {METRICS[word].attribute: value for word, value in values.items() if value}
    return tuple((number, U32.pack(value)) for number, value in sorted(found.items()))


def encode_metrics(metrics: Metrics) -> bytes:
    """Return them as attributes."""
    return b"".join(attribute(number, value) for number, value in metrics)


def decode_metrics(data: Octets, start: int, end: int) -> Metrics:
    """Read all metrics, also those that no row is about.

    Raises: Malformed.
    """
    return tuple(sorted((number, bytes(data[first:last])) for number, first, last in attributes(data, start, end)))


def with_mtu(metrics: Metrics, mtu: int) -> Metrics:
    """Return metrics with another MTU."""
    return tuple((number, U32.pack(mtu) if number == RTAX_MTU else value) for number, value in metrics)
