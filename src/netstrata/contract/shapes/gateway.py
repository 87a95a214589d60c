"""The shapes of what statements say of uplinks."""

from typing import Annotated, Final

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import PRIORITY
from netstrata.contract.shapes.dhcp import ON_LINK, UPLINK_ROUTES, GrantedRoute
from netstrata.contract.shapes.link import ADDRESS, SWITCH
from netstrata.contract.shapes.route import FAMILY
from netstrata.values import List, Value

# Best first, of gateways that are preferred alike: what goes through another uplink before that, what costs most last.
WIFI: Final = "wifi"
KINDS: Final = ("vpn", "ethernet", "point-to-point", WIFI, "cellular")
SHARED: Final = ("ethernet", WIFI)  # kinds whose links have many others at the other end: one of them is the gateway
DEFAULT_PREFERENCE: Final = 100
NO_ROUTER: Final = b""  # what a network without one has
ADVERTISED: Final = b"\1"
_WORDS: Final = {b"": NO_ROUTER, b"none": ON_LINK, b"advertised": ADVERTISED}


def _read(value: Value) -> bytes | list[GrantedRoute] | None:
    if isinstance(value, List):
        routes = UPLINK_ROUTES.read(value)
        return routes if routes is not None and len({len(to) for to, _, _ in routes}) <= 1 else None
    return _WORDS[value] if isinstance(value, bytes) and value in _WORDS else ADDRESS.read(value)


def _write(gateway: bytes | list[GrantedRoute]) -> Value:
    if isinstance(gateway, list):
        return UPLINK_ROUTES.write(gateway)
    words = [word for word, meant in _WORDS.items() if meant == gateway]
    return words[0] if words else ADDRESS.write(gateway)


def _kind(value: Value) -> str | None:
    word = value.decode("latin-1") if isinstance(value, bytes) else ""
    return word if word in KINDS else None


UPLINK_GATEWAY = Shape[bytes | list[GrantedRoute]](
    "a gateway",
    "an address such as 192.0.2.1 or fe80::1; `none` where the link has another end only; `advertised` by IPv6 "
    "routers; or the routes of a lease or of `net.static`, of one family",
    _read, _write,
    ('"192.0.2.1"', '"fe80::1"', '"none"', '"advertised"', '""', '{{"::/0", "fe80::1"}}'),
    ('"192.0.2.256"', '"ra"', '{"192.0.2.1"}', '{{"0.0.0.0/0", "192.0.2.1"}, {"::/0", "fe80::1"}}'),
)  # fmt: skip
_KIND = Shape[str](
    "a kind of uplink", f"{', '.join(KINDS[:-1])} or {KINDS[-1]}", _kind, lambda word: word.encode(),
    ('"wifi"', '"vpn"'), ('"radio"', "{}"),
)  # fmt: skip
GATEWAY_OPTIONS = OptionsShape(
    "options of a gateway",
    {"family": FAMILY, "kind": _KIND, "onlink": SWITCH, "preference": PRIORITY, "server": ADDRESS},
    ('["preference": "10", "kind": "wifi"]', "[]"),
    ('["preference": "-1"]', '["kind": "radio"]', '["metric": "5"]', "{}"),
)


UplinkGateway = Annotated[bytes | list[GrantedRoute], UPLINK_GATEWAY]
GatewayOptions = Annotated[Options, GATEWAY_OPTIONS]
