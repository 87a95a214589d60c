"""The shapes of what a DHCP client is granted."""

from typing import Annotated, Final

from netstrata.contract.declaration import Shape
from netstrata.contract.shapes.common import IPV4_NETWORK, IPV6_NETWORK, read_each
from netstrata.values import List, Map, Value, format_address, mask_bits, parse_address, parse_number


def _number(value: Value) -> int | None:
    number = parse_number(value, 65535) if isinstance(value, bytes) else None
    return number or None


def _read_gateway(value: Value) -> bytes | None:
    if value == b"none":
        return b""
    return parse_address(value) if isinstance(value, bytes) else None


def _write_gateway(gateway: bytes) -> Value:
    return format_address(gateway) if gateway else b"none"


def _read_mac(value: Value) -> bytes | None:
    if not isinstance(value, bytes) or len(value) != 17 or value[2::3] != b":::::":
        return None
    try:
        mac = bytes.fromhex(value.replace(b":", b"").decode("ascii"))
    except ValueError:
        return None
    return mac if len(mac) == 6 else None  # fromhex overlooks spaces


def _write_mac(mac: bytes) -> Value:
    return mac.hex(":").upper().encode()


GrantedRoute = tuple[bytes, int, bytes]  # destination, prefix length, gateway; ON_LINK is the link itself

ON_LINK: Final = bytes(4)  # the gateway of a route that leads straight onto the link, in either family


def _read_routes(value: Value, sizes: tuple[int, ...]) -> list[GrantedRoute] | None:
    return read_each(value, lambda pair: _read_route(pair, sizes))


def _read_route(pair: Value, sizes: tuple[int, ...]) -> GrantedRoute | None:
    if not isinstance(pair, List) or len(pair) != 2:
        return None
    network, via = pair.elements()
    found = (IPV4_NETWORK.read(network) or IPV6_NETWORK.read(network)) if isinstance(network, bytes) else None
    gateway = _read_gateway(via)
    if found is None or gateway is None or len(found.address) not in sizes:
        return None
    if len(gateway) not in (0, len(found.address)):
        return None
    return mask_bits(found.address, found.prefix), found.prefix, gateway if any(gateway) else ON_LINK


def _write_routes(routes: list[GrantedRoute]) -> Value:
    found: list[Value] = []
    for destination, prefix, gateway in routes:
        via = format_address(gateway) if gateway != ON_LINK else b"none"
        found.append(List([b"%s/%d" % (format_address(destination), prefix), via]))
    return List(found)


def _read_granted(value: Value) -> tuple[tuple[int, bytes], ...] | None:
    if not isinstance(value, Map):
        return None
    options: list[tuple[int, bytes]] = []
    for key, given in value.entries.items():
        number = _number(key)
        if number is None or not isinstance(given, bytes):
            return None
        options.append((number, given))
    return tuple(sorted(options))


def _write_granted(options: tuple[tuple[int, bytes], ...]) -> Value:
    return Map({b"%d" % number: given for number, given in options})


def _read_mtu(value: Value) -> int | None:
    mtu = parse_number(value, 65535) if isinstance(value, bytes) and value else 0
    return mtu if value == b"" or (mtu and mtu >= 68) else None


GATEWAY = Shape[bytes](
    "a gateway", "an address such as 192.0.2.1 or fe80::1, or `none`", _read_gateway, _write_gateway,
    ('"192.0.2.1"', '"none"'), ('"x"', "{}"),
)  # fmt: skip
MAC = Shape[bytes](
    "an Ethernet address", "such as 02:00:00:00:0A:01", _read_mac, _write_mac, ('"02:00:00:00:0A:01"',),
    ('"02-00-00-00-0A-01"', '"02:00"', '"02:00:00:00:0A:  "', "{}"),
)  # fmt: skip
GRANTED_ROUTES = Shape[list[GrantedRoute]](
    "a list of routes", 'pairs of a network and a gateway or `none`, such as {{"198.51.100.0/24", "192.0.2.1"}}',
    lambda value: _read_routes(value, (4,)), _write_routes,
    ("{}", '{{"198.51.100.0/24", "192.0.2.1"}}'), ('"x"', '{{"198.51.100.0/24"}}', '{{"2001:db8::/32", "none"}}'),
)  # fmt: skip
UPLINK_ROUTES = Shape[list[GrantedRoute]](
    "a list of routes", "pairs of a network of either family and a gateway or `none`, such as "
    '{{"198.51.100.0/24", "192.0.2.1"}}',
    lambda value: _read_routes(value, (4, 16)), _write_routes,
    ("{}", '{{"198.51.100.0/24", "192.0.2.1"}, {"::/0", "fe80::1"}, {"2001:db8::/32", "none"}}'),
    ('"x"', '{{"198.51.100.0/24"}}', '{{"::/0", "192.0.2.1"}}'),
)  # fmt: skip

GRANTED_OPTIONS = Shape[tuple[tuple[int, bytes], ...]](
    "DHCP options", 'a map of numbers and their bytes, such as ["42": "\\xc0\\x00\\x02\\x01"]',
    _read_granted, _write_granted, ("[]", '["26": "\\x05\\x78"]'), ('"x"', "{}", '["x": "y"]', '["65536": "x"]'),
)  # fmt: skip
GRANTED_MTU = Shape[int](
    "an MTU", "whole bytes, 68 to 65535, or empty", _read_mtu, lambda mtu: b"%d" % mtu if mtu else b"",
    ('"1400"', '""'), ('"67"', "{}"),
)  # fmt: skip

GrantedOptions = Annotated[tuple[tuple[int, bytes], ...], GRANTED_OPTIONS]
GrantedMtu = Annotated[int, GRANTED_MTU]
UplinkRoutes = Annotated[list[GrantedRoute], UPLINK_ROUTES]
Gateway = Annotated[bytes, GATEWAY]
Mac = Annotated[bytes, MAC]
GrantedRoutes = Annotated[list[GrantedRoute], GRANTED_ROUTES]
