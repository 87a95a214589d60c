"""What the names and addresses of a schedule are drawn from: the fewer, the more often one meets another."""

from typing import NamedTuple, TypeVar

from netstrata.testing.fuzz.choices import Choices

T = TypeVar("T")

_LINKS = ("eth0", "eth1", "d0", "v0", "v1", "br0")
_NETWORKS = (
    "192.0.2.1/24", "192.0.2.2/24", "192.0.2.1/32", "198.51.100.1/24", "2001:db8::1/64", "2001:db8::2/64",
    "2001:db8:1::1/128",
)  # fmt: skip
_ROUTES = (
    ("203.0.113.0/24", "192.0.2.254"), ("203.0.113.0/24", "none"), ("203.0.113.0/24", "blackhole"),
    ("0.0.0.0/0", "192.0.2.254"), ("2001:db8:2::/48", "2001:db8::9"), ("2001:db8:2::/48", "none"),
    ("2001:db8:2::/48", "2001:db8::8"), ("2001:db8:3::/48", "blackhole"),
)  # fmt: skip
_METRICS = ("0", "10")
_TABLES = ("254", "7")
_NEIGHBOURS = ("192.0.2.9", "2001:db8::9")
_MACS = ("02:00:00:00:0a:01", "02:00:00:00:0a:02")


class Pools(NamedTuple):
    """What one schedule draws from."""

    links: tuple[str, ...]
    networks: tuple[str, ...]
    routes: tuple[tuple[str, str], ...]  # destination and gateway
    metrics: tuple[str, ...]
    tables: tuple[str, ...]
    neighbours: tuple[str, ...]
    macs: tuple[str, ...]


def pools_of(choices: Choices) -> Pools:
    """Return everything, or some of it; a card is always there."""

    def some(things: tuple[T, ...]) -> tuple[T, ...]:
        if choices.below(2):
            return things
        return tuple(choices.one_of(things) for _ in range(1 + choices.below(2)))

    return Pools(
        ("eth0", "eth0", *some(_LINKS)), some(_NETWORKS), some(_ROUTES), some(_METRICS), some(_TABLES),
        some(_NEIGHBOURS), some(_MACS),
    )  # fmt: skip
