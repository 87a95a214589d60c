"""The shapes of what router advertisements say of a link."""

from collections.abc import Callable
from typing import Annotated, Any, Final, NamedTuple, TypeVar

from netstrata.contract.declaration import Shape
from netstrata.contract.options import OptionsShape, options_as
from netstrata.contract.shapes.common import IPV6, IPV6_NETWORK, TRUTH, Network, number_shape, read_each, word_shape
from netstrata.values import List, Value

T = TypeVar("T")
FOREVER_S: Final = 2**32 - 1
NO_NETWORK: Final = Network(b"", 0)
PREFERENCES: Final = (b"high", b"medium", b"low")  # best first


class RaRouter(NamedTuple):
    """A router that may be used by default, and how long it said so."""

    address: bytes
    lifetime: int
    preference: bytes


class RaPrefix(NamedTuple):
    """A prefix of the link: whether hosts with addresses in it are on the link, and hosts may make themselves some."""

    network: Network
    on_link: bool
    autonomous: bool
    preferred: int
    valid: int


class RaRoute(NamedTuple):
    """A network that one router is the way to."""

    network: Network
    gateway: bytes
    preference: bytes
    lifetime: int


class RouterFacts(NamedTuple):
    """What the routers of a link say, all of them together.  Addresses are packed, a link-local server has its link."""

    routers: tuple[RaRouter, ...] = ()
    prefixes: tuple[RaPrefix, ...] = ()
    routes: tuple[RaRoute, ...] = ()
    dns_servers: tuple[bytes, ...] = ()
    search: tuple[bytes, ...] = ()
    mtu: int = 0  # bytes; 0 if no router says one
    pref64: Network = NO_NETWORK
    captive_portal: bytes = b""
    managed: bool = False
    other: bool = False


def _lifetime(value: Value) -> int | None:
    return FOREVER_S if value == b"forever" else _SECONDS.read(value)


def _write_lifetime(seconds: int) -> Value:
    return b"forever" if seconds == FOREVER_S else b"%d" % seconds


def _list_of(shape: Shape[T], name: str, good: str) -> Shape[tuple[T, ...]]:
    def read(value: Value) -> tuple[T, ...] | None:
        found = read_each(value, shape.read)
        return tuple(found) if found is not None else None

    def write(values: tuple[T, ...]) -> Value:
        return List([shape.write(value) for value in values])

    return Shape(name, f"a list of maps, such as {{{good}}}", read, write, ("{}", f"{{{good}}}"), ('"x"', '{"x"}'))


def _map_of(make: Callable[..., T], fields: dict[str, Shape[Any]], good: str) -> Shape[T]:
    """Make the shape of a map that has all fields of a named tuple."""
    shape = OptionsShape("a map", fields, (good,), ("[]",), tuple(fields))
    return options_as(
        shape, lambda options: make(**options), lambda found: found._asdict(), (good,), ("[]",)  # type: ignore[attr-defined]
    )  # fmt: skip


_SECONDS = number_shape("a time", f"whole seconds, 0 to {FOREVER_S - 1}", 0, FOREVER_S - 1)
LIFETIME = Shape[int](
    "a lifetime", f"whole seconds, 0 to {FOREVER_S - 1}, or forever", _lifetime, _write_lifetime,
    ('"1800"', '"forever"'), ('"an hour"', "{}"),
)  # fmt: skip
PREFERENCE = word_shape("a preference", "high, medium or low", PREFERENCES, "best")
_ROUTER = '["address": "fe80::1", "lifetime": "1800", "preference": "medium"]'
_PREFIX = (
    '["network": "2001:db8::/64", "on_link": "true", "autonomous": "true", "preferred": "14400", "valid": "forever"]'
)
_ROUTE = '["network": "2001:db8:1::/48", "gateway": "fe80::1", "preference": "low", "lifetime": "1800"]'
RA_ROUTERS = _list_of(
    _map_of(RaRouter, {"address": IPV6, "lifetime": LIFETIME, "preference": PREFERENCE}, _ROUTER),
    "a list of routers", _ROUTER,
)  # fmt: skip
RA_PREFIXES = _list_of(
    _map_of(
        RaPrefix,
        {"network": IPV6_NETWORK, "on_link": TRUTH, "autonomous": TRUTH, "preferred": LIFETIME, "valid": LIFETIME},
        _PREFIX,
    ),
    "a list of prefixes", _PREFIX,
)  # fmt: skip
RA_ROUTES = _list_of(
    _map_of(
        RaRoute, {"network": IPV6_NETWORK, "gateway": IPV6, "preference": PREFERENCE, "lifetime": LIFETIME}, _ROUTE
    ),
    "a list of routes of routers", _ROUTE,
)  # fmt: skip
PREF64 = Shape[Network](
    "a NAT64 prefix", "an IPv6 network such as 64:ff9b::/96, or empty",
    lambda value: NO_NETWORK if value == b"" else IPV6_NETWORK.read(value),
    lambda network: b"" if network == NO_NETWORK else IPV6_NETWORK.write(network),
    ('"64:ff9b::/96"', '""'), ('"64:ff9b::"', "{}"),
)  # fmt: skip

RaRouters = Annotated[tuple[RaRouter, ...], RA_ROUTERS]
RaPrefixes = Annotated[tuple[RaPrefix, ...], RA_PREFIXES]
RaRoutes = Annotated[tuple[RaRoute, ...], RA_ROUTES]
Pref64 = Annotated[Network, PREF64]
