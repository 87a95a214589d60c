"""The shapes that arguments and variables have, each fact once."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypeVar

from netstrata.contract.declaration import Shape
from netstrata.values import (
    TRUE,
    List,
    Map,
    Value,
    boolean,
    format_address,
    parse_ipv4,
    parse_ipv6,
    parse_number,
)

T = TypeVar("T")


class Network(NamedTuple):
    """An address (packed, 4 or 16 bytes) and a prefix length."""

    address: bytes
    prefix: int


class Gateway(NamedTuple):
    """Where a route leads: to an address (packed), straight onto the link (None), or nowhere."""

    address: bytes | None
    blackhole: bool = False


def _same(value: Any) -> Any:
    return value


def _text(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) else None


def _word(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) and b"\0" not in value else None


def _name(value: Value) -> str | None:
    """Read a name for the file system or the kernel, with bytes that are no UTF-8 kept."""
    if not isinstance(value, bytes) or b"\0" in value:
        return None
    return value.decode("utf-8", "surrogateescape")


def _write_name(name: str) -> Value:
    return name.encode("utf-8", "surrogateescape")


def _link(value: Value) -> str | None:
    """Read a name or an alternative name of a link (ALTIFNAMSIZ)."""
    if not isinstance(value, bytes) or not 1 <= len(value) <= 127 or value in (b".", b".."):
        return None
    if any(byte in b"/:% \t\n\v\f\r\0" for byte in value):
        return None
    return _name(value)


def _link_name(value: Value) -> str | None:
    """Read a name that the kernel gives to a link; with a % in it, it would put a number there, each time another."""
    return _link(value) if isinstance(value, bytes) and len(value) <= 15 else None


def _delimiter(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) and value else None


def _truth(value: Value) -> bool | None:
    return value == TRUE if isinstance(value, bytes) else None


def number_shape(name: str, means: str, least: int, most: int) -> Shape[int]:
    """Make the shape of a whole number between two bounds, both included."""

    def read(value: Value) -> int | None:
        number = parse_number(value, most) if isinstance(value, bytes) else None
        return number if number is not None and number >= least else None

    return Shape(name, means, read, lambda number: b"%d" % number, (f'"{least}"',), (f'"{most + 1}"', '"-1"', '""'))


def word_shape(name: str, means: str, words: tuple[bytes, ...], stranger: str) -> Shape[bytes]:
    """Make the shape of one of a few words."""

    def read(value: Value) -> bytes | None:
        return value if isinstance(value, bytes) and value in words else None

    return Shape(name, means, read, _same, tuple(f'"{word.decode()}"' for word in words), (f'"{stranger}"', "{}"))


def read_each(value: Value, read: Callable[[Value], T | None]) -> list[T] | None:
    """Return what each element of a list is; None if it is no list, or one of them is not what is meant."""
    if not isinstance(value, List):
        return None
    found: list[T] = []
    for element in value.elements():
        one = read(element)
        if one is None:
            return None
        found.append(one)
    return found


def _strings(value: Value) -> list[bytes] | None:
    return read_each(value, _text)


def _command(value: Value) -> list[bytes] | None:
    words = _strings(value)
    return words if words is not None and not any(b"\0" in word for word in words) else None


def _write_strings(words: list[bytes]) -> Value:
    return List(list(words))


def _ipv4(value: Value) -> bytes | None:
    return parse_ipv4(value) if isinstance(value, bytes) else None


def _ipv6(value: Value) -> bytes | None:
    return parse_ipv6(value) if isinstance(value, bytes) else None


def _ipv4_list(value: Value) -> list[bytes] | None:
    return read_each(value, _ipv4)


def _write_addresses(addresses: list[bytes]) -> Value:
    return List([format_address(address) for address in addresses])


def _network(value: Value, parse: Any, bits: int) -> Network | None:
    if isinstance(value, List):
        pair = _strings(value)
        if pair is None or len(pair) != 2:
            return None
        address, prefix = pair
    elif isinstance(value, bytes):
        address, slash, prefix = value.partition(b"/")
        if not slash:
            return None
    else:
        return None
    packed = parse(address)
    length = parse_number(prefix, bits)
    return Network(packed, length) if packed is not None and length is not None else None


def _ipv4_network(value: Value) -> Network | None:
    return _network(value, parse_ipv4, 32)


def _ipv6_network(value: Value) -> Network | None:
    return _network(value, parse_ipv6, 128)


def _write_network(network: Network) -> Value:
    return b"%s/%d" % (format_address(network.address), network.prefix)


def _gateway(value: Value, parse: Any) -> Gateway | None:
    if value == b"none":
        return Gateway(None)
    if value == b"blackhole":
        return Gateway(None, True)
    address = parse(value) if isinstance(value, bytes) else None
    return Gateway(address) if address is not None else None


def _ipv4_gateway(value: Value) -> Gateway | None:
    return _gateway(value, parse_ipv4)


def _ipv6_gateway(value: Value) -> Gateway | None:
    return _gateway(value, parse_ipv6)


def _write_gateway(gateway: Gateway) -> Value:
    if gateway.address is not None:
        return format_address(gateway.address)
    return b"blackhole" if gateway.blackhole else b"none"


def _list(value: Value) -> List | None:
    return value if isinstance(value, List) else None


def _map(value: Value) -> Map | None:
    return value if isinstance(value, Map) else None


ANY = Shape[Value]("any value", "a string, a list or a map", _same, _same, ('"x"', "{}", "[]"), ())
TEXT = Shape[bytes]("a string", "any bytes", _text, _same, ('"x"', '""'), ("{}", "[]"))
WORD = Shape[bytes]("a string", "any bytes but NUL", _word, _same, ('"x"',), ("{}", r'"\0"'))
DELIMITER = Shape[bytes]("a delimiter", "a string, not empty", _delimiter, _same, ('","',), ('""', "{}"))
NAME = Shape[str]("a name", "a string without NUL", _name, _write_name, ('"x"',), ("{}", r'"\0"'))
LINK = Shape[str](
    "a link",
    "its name or an alternative name: 1 to 127 bytes, no slash, colon, percent sign or space",
    _link,
    _write_name,
    ('"eth0"', '"enx0200000000010000"'),
    ('""', '"a b"', '"br%d"'),
)
LINK_NAME = Shape[str](
    "a link name",
    "1 to 15 bytes, no slash, colon, percent sign or space",
    _link_name,
    _write_name,
    ('"eth0"',),
    ('""', '"a b"', '"br%d"', '"longer-than-it-may-be"'),
)
TRUTH = Shape[bool](
    "a truth value", "a string, exactly `true` is true", _truth, boolean, ('"true"', '"false"'), ("{}", "[]")
)
NUMBER = number_shape("a number", "whole, 0 to 18446744073709551615", 0, 2**64 - 1)
PIECE_LIMIT = number_shape("a limit", "a whole number of pieces, at least 1", 1, 2**64 - 1)
MILLISECONDS = number_shape("a time", "whole milliseconds", 0, 2**63 - 1)
METRIC = number_shape("a metric", "a whole number, 0 to 2147483647", 0, 2**31 - 1)
PRIORITY = number_shape("a priority", "a whole number, 0 to 2147483647, smallest first", 0, 2**31 - 1)
PREFIX4 = number_shape("an IPv4 prefix length", "0 to 32", 0, 32)
PREFIX6 = number_shape("an IPv6 prefix length", "0 to 128", 0, 128)
STRINGS = Shape[list[bytes]](
    "a list of strings", 'such as {"a", "b"}', _strings, _write_strings, ('{"a"}', "{}"), ('"a"', "{{}}")
)
COMMAND = Shape[list[bytes]](
    "a command", 'a list: the program\'s path, then its arguments, without NUL, such as {"/bin/true"}',
    _command, _write_strings, ('{"/bin/true"}', "{}"), ('"/bin/true"', '{"a\\0"}', "{{}}"),
)  # fmt: skip
IPV4 = Shape[bytes](
    "an IPv4 address", "such as 192.0.2.1", _ipv4, format_address, ('"192.0.2.1"',), ('"192.0.2"', '"192.0.2.256"')
)
IPV6 = Shape[bytes](
    "an IPv6 address", "such as 2001:db8::1", _ipv6, format_address, ('"2001:db8::1"',), ('":"', '"192.0.2.1"')
)
IPV4_LIST = Shape[list[bytes]](
    "a list of IPv4 addresses", 'such as {"192.0.2.1"}', _ipv4_list, _write_addresses, ('{"192.0.2.1"}', "{}"),
    ('"192.0.2.1"', '{"x"}'),
)  # fmt: skip
IPV4_NETWORK = Shape[Network](
    "an IPv4 network", "an address and a prefix length, as 192.0.2.0/24 or as two arguments",
    _ipv4_network, _write_network, ('"192.0.2.0/24"',), ('"192.0.2.0"', '"192.0.2.0/33"'), (1, 2),
)  # fmt: skip
IPV6_NETWORK = Shape[Network](
    "an IPv6 network", "an address and a prefix length, as 2001:db8::/64 or as two arguments",
    _ipv6_network, _write_network, ('"2001:db8::/64"',), ('"2001:db8::"', '"2001:db8::/129"'), (1, 2),
)  # fmt: skip
IPV4_GATEWAY = Shape[Gateway](
    "an IPv4 gateway", "an address such as 192.0.2.1, `none` or `blackhole`",
    _ipv4_gateway, _write_gateway, ('"192.0.2.1"', '"none"', '"blackhole"'), ('"2001:db8::1"', '""', "{}"),
)  # fmt: skip
IPV6_GATEWAY = Shape[Gateway](
    "an IPv6 gateway", "an address such as 2001:db8::1, `none` or `blackhole`",
    _ipv6_gateway, _write_gateway, ('"2001:db8::1"', '"none"', '"blackhole"'), ('"192.0.2.1"', '""', "{}"),
)  # fmt: skip
LIST = Shape[List]("a list", 'such as {"a", "b"}', _list, _same, ("{}",), ('"x"', "[]"))

# The same shapes as annotations, for statements that are functions.
Any_ = Annotated[Value, ANY]
Text = Annotated[bytes, TEXT]
Word = Annotated[bytes, WORD]
Delimiter = Annotated[bytes, DELIMITER]
PieceLimit = Annotated[int, PIECE_LIMIT]
Name = Annotated[str, NAME]
Link = Annotated[str, LINK]
LinkName = Annotated[str, LINK_NAME]
Truth = Annotated[bool, TRUTH]
Number = Annotated[int, NUMBER]
Metric = Annotated[int, METRIC]
Priority = Annotated[int, PRIORITY]
Prefix4 = Annotated[int, PREFIX4]
Prefix6 = Annotated[int, PREFIX6]
Strings = Annotated[list[bytes], STRINGS]
Command = Annotated[list[bytes], COMMAND]
Ipv4 = Annotated[bytes, IPV4]
Ipv6 = Annotated[bytes, IPV6]
Ipv4Network = Annotated[Network, IPV4_NETWORK]
Ipv6Network = Annotated[Network, IPV6_NETWORK]
Ipv4Gateway = Annotated[Gateway, IPV4_GATEWAY]
Ipv6Gateway = Annotated[Gateway, IPV6_GATEWAY]
