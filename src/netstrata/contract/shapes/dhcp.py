"""The shapes of what a DHCP client is told to say, and of what it is granted."""

from collections.abc import Iterator
from typing import Annotated, Final, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.values import List, Map, Value, format_address, mask_bits, parse_ipv4, parse_number

OPTION_BYTES_MOST = 1024
PRIORITY_MOST = 6  # more takes a capability
_CLIENT_ID_BYTES = 7
_CHECKS = ("before", "beside", "never")
_OWN = {50, 52, 53, 54, 55, 57, 61}  # what the client says by itself: RFC 2131, table 5


class DhcpOptions(NamedTuple):
    """What a client says of itself and asks for, and when it asks whether somebody else uses its address."""

    hostname: bytes = b""
    vendor_class: bytes = b""
    auto_client_id: bool = False
    conflict_check: str = "before"  # it is used; "beside": while it is; "never"
    client_id: bytes = b""
    sent: tuple[tuple[int, bytes], ...] = ()  # options by number
    asked_for: bytes = b""  # numbers of options; empty are the usual ones
    priority: int = 0


def _read_options(value: Value) -> DhcpOptions | None:
    """Read `{"hostname", VALUE, "auto_clientid", …}`; of two the last one counts, but for "send"."""
    if not isinstance(value, List):
        return None
    words = iter(value.elements())
    options = DhcpOptions()
    for word in words:
        taken = _read_option(options, word, words)
        if taken is None:
            return None
        options = taken
    bytes_sent = sum(len(sent) for _, sent in options.sent) + len(options.client_id or b"") + len(options.hostname)
    if bytes_sent + len(options.vendor_class) + _CLIENT_ID_BYTES * options.auto_client_id > OPTION_BYTES_MOST:
        return None
    return options


def _read_option(options: DhcpOptions, word: Value, words: Iterator[Value]) -> DhcpOptions | None:
    """Read one option whose word was read; None if it is none."""
    if word == b"auto_clientid":
        return options._replace(auto_client_id=True)
    given = next(words, None)
    if word == b"request" and isinstance(given, List):
        numbers = [_number(each) for each in given.elements()]
        return options._replace(asked_for=bytes(n for n in numbers if n)) if numbers and all(numbers) else None
    if not isinstance(given, bytes):
        return None
    if word == b"send":
        number, sent = _number(given), next(words, None)
        if number is None or number in _OWN or not isinstance(sent, bytes) or not sent:
            return None
        return options._replace(sent=(*options.sent, (number, sent)))
    if word == b"client_id" and len(given) >= 2:
        return options._replace(client_id=given)
    if word == b"conflict_check" and given.decode("latin-1") in _CHECKS:
        return options._replace(conflict_check=given.decode("latin-1"))
    if word == b"priority":
        priority = parse_number(given, PRIORITY_MOST)
        return options._replace(priority=priority) if priority is not None else None
    if b"\0" in given:
        return None
    if word == b"hostname":
        return options._replace(hostname=given)
    return options._replace(vendor_class=given) if word == b"vendorclassid" else None


def _number(value: Value) -> int | None:
    number = parse_number(value, 254) if isinstance(value, bytes) else None
    return number or None


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
    if options.client_id:
        words += [b"client_id", options.client_id]
    for number, sent in options.sent:
        words += [b"send", b"%d" % number, sent]
    if options.asked_for:
        words += [b"request", List([b"%d" % number for number in options.asked_for])]
    if options.priority:
        words += [b"priority", b"%d" % options.priority]
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


ON_LINK: Final = bytes(4)  # the gateway of a route that leads straight onto the link


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


DHCP_OPTIONS = Shape[DhcpOptions](
    "a list of DHCP options",
    '"hostname", "vendorclassid" and "client_id" with a value, "auto_clientid" without one, "send" with a number and a '
    'value, at most 1024 bytes together; "request" with a list of numbers; "priority" with 0 to 6; "conflict_check" '
    'with "before", "beside" or "never"',
    _read_options, _write_options,
    (
        "{}", '{"hostname", "example", "auto_clientid"}', '{"conflict_check", "never"}',
        '{"send", "77", "FSVDSL", "request", {"1", "3", "90"}, "priority", "6", "client_id", "\\x00example"}',
    ),
    (
        '"hostname"', '{"hostname"}', '{"colour", "blue"}', "{{}}", '{"send", "53", "x"}', '{"send", "77"}',
        '{"send", "255", "x"}', '{"request", {"0"}}', '{"request", "1"}', '{"priority", "7"}', '{"client_id", "x"}',
    ),
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

GRANTED_OPTIONS = Shape[tuple[tuple[int, bytes], ...]](
    "DHCP options", 'a map of numbers and their bytes, such as ["42": "\\xc0\\x00\\x02\\x01"]',
    _read_granted, _write_granted, ("[]", '["26": "\\x05\\x78"]'), ('"x"', "{}", '["x": "y"]', '["1": {}]'),
)  # fmt: skip
GRANTED_MTU = Shape[int](
    "an MTU", "whole bytes, 68 to 65535, or empty", _read_mtu, lambda mtu: b"%d" % mtu if mtu else b"",
    ('"1400"', '""'), ('"67"', "{}"),
)  # fmt: skip

GrantedOptions = Annotated[tuple[tuple[int, bytes], ...], GRANTED_OPTIONS]
GrantedMtu = Annotated[int, GRANTED_MTU]
Options = Annotated[DhcpOptions, DHCP_OPTIONS]
Gateway = Annotated[bytes, GATEWAY]
Mac = Annotated[bytes, MAC]
GrantedRoutes = Annotated[list[GrantedRoute], GRANTED_ROUTES]
