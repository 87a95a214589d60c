"""The shapes of what a DHCP client is told to say, and of what it is granted."""

from typing import Annotated, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.values import List, Value, format_address, mask_bits, parse_ipv4, parse_number

OPTION_BYTES_MOST = 100
_CLIENT_ID_BYTES = 7
_CHECKS = ("before", "beside", "never")


class DhcpOptions(NamedTuple):
    """What a client says of itself, and when it asks whether somebody else uses its address."""

    hostname: bytes = b""
    vendor_class: bytes = b""
    auto_client_id: bool = False
    conflict_check: str = "before"  # it is used; "beside": while it is; "never"


def _read_options(value: Value) -> DhcpOptions | None:
    """Read `{"hostname", VALUE, "auto_clientid", …}`; of two the last one counts."""
    if not isinstance(value, List):
        return None
    words = iter(value.elements())
    hostname = vendor_class = b""
    auto_client_id = False
    check = "before"
    for word in words:
        if word == b"auto_clientid":
            auto_client_id = True
            continue
        given = next(words, None)
        if not isinstance(given, bytes) or b"\0" in given:
            return None
        if word == b"hostname":
            hostname = given
        elif word == b"vendorclassid":
            vendor_class = given
        elif word == b"conflict_check" and given.decode("latin-1") in _CHECKS:
            check = given.decode("latin-1")
        else:
            return None
    if len(hostname) + len(vendor_class) + _CLIENT_ID_BYTES * auto_client_id > OPTION_BYTES_MOST:
        return None
    return DhcpOptions(hostname, vendor_class, auto_client_id, check)


def _write_options(options: DhcpOptions) -> Value:
    words: list[Value] = []
    if options.hostname:
        words += [b"hostname", options.hostname]
    if options.vendor_class:
        words += [b"vendorclassid", options.vendor_class]
    if options.auto_client_id:
        words.append(b"auto_clientid")
    if options.conflict_check != "before":
        words += [b"conflict_check", options.conflict_check.encode()]
    return List(words)


def _read_gateway(value: Value) -> bytes | None:
    if value == b"none":
        return b""
    return parse_ipv4(value) if isinstance(value, bytes) else None


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


GrantedRoute = tuple[bytes, int, bytes]  # destination, prefix length, gateway; 0.0.0.0 is the link itself


def _read_routes(value: Value) -> list[GrantedRoute] | None:
    if not isinstance(value, List):
        return None
    routes: list[GrantedRoute] = []
    for pair in value.elements():
        if not isinstance(pair, List) or len(pair) != 2:
            return None
        network, via = pair.elements()
        gateway = _read_gateway(via)
        if gateway is None or not isinstance(network, bytes):
            return None
        address, _, length = network.partition(b"/")
        destination, prefix = parse_ipv4(address), parse_number(length, 32)
        if destination is None or prefix is None:
            return None
        routes.append((mask_bits(destination, prefix), prefix, gateway or b"\0\0\0\0"))
    return routes


def _write_routes(routes: list[GrantedRoute]) -> Value:
    found: list[Value] = []
    for destination, prefix, gateway in routes:
        via = format_address(gateway) if gateway != b"\0\0\0\0" else b"none"
        found.append(List([b"%s/%d" % (format_address(destination), prefix), via]))
    return List(found)


DHCP_OPTIONS = Shape[DhcpOptions](
    "a list of DHCP options",
    '"hostname" and "vendorclassid" with a value, "auto_clientid" without one, at most 100 bytes together; '
    '"conflict_check" with "before", "beside" or "never"',
    _read_options, _write_options,
    ("{}", '{"hostname", "example", "auto_clientid"}', '{"conflict_check", "never"}'),
    ('"hostname"', '{"hostname"}', '{"colour", "blue"}', "{{}}"),
)  # fmt: skip
GATEWAY = Shape[bytes](
    "a gateway", "an IPv4 address, or `none`", _read_gateway, _write_gateway, ('"192.0.2.1"', '"none"'), ('"x"', "{}")
)
MAC = Shape[bytes](
    "an Ethernet address", "such as 02:00:00:00:0A:01", _read_mac, _write_mac, ('"02:00:00:00:0A:01"',),
    ('"02-00-00-00-0A-01"', '"02:00"', '"02:00:00:00:0A:  "', "{}"),
)  # fmt: skip
GRANTED_ROUTES = Shape[list[GrantedRoute]](
    "a list of routes", 'pairs of a network and a gateway or `none`, such as {{"198.51.100.0/24", "192.0.2.1"}}',
    _read_routes, _write_routes, ("{}", '{{"198.51.100.0/24", "192.0.2.1"}}'), ('"x"', '{{"198.51.100.0/24"}}'),
)  # fmt: skip

Options = Annotated[DhcpOptions, DHCP_OPTIONS]
Gateway = Annotated[bytes, GATEWAY]
Mac = Annotated[bytes, MAC]
GrantedRoutes = Annotated[list[GrantedRoute], GRANTED_ROUTES]
