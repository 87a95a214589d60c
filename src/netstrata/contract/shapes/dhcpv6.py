"""The shapes of what a DHCPv6 client is told to say, and of what it is granted."""

from typing import Annotated, Any, Final, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape, options_as
from netstrata.contract.shapes.common import IPV6_NETWORK, Network, number_shape, read_each
from netstrata.contract.shapes.link import SWITCH
from netstrata.values import List, Map, Refused, Value, parse_number

OPTION_BYTES_MOST: Final = 1024
# What is said of an exchange: RFC 8415 section 21.
_OWN: Final = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 18, 19, 20, 25, 26})
_DUID_MOST: Final = 130
_REQUESTED_MOST: Final = 64
_ANY_LENGTH: Final = 0


class Dhcpv6Options(NamedTuple):
    """What a client says of itself and asks for."""

    address: bool = True
    prefix: int | None = None  # the length that is wished for, 0 for any; None: no prefix is asked for
    rapid_commit: bool = False
    hostname: bytes = b""
    user_class: bytes = b""
    vendor_class: tuple[int, bytes] | None = None
    send: tuple[tuple[int, bytes], ...] = ()  # options by number
    request: tuple[int, ...] = ()  # numbers of options; empty are the usual ones
    duid: bytes = b""
    iaid: int | None = None
    stateless: bool = False  # neither address nor prefix


def _bytes(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) and 0 < len(value) <= OPTION_BYTES_MOST else None


def _same(value: bytes) -> Value:
    return value


def _hostname(value: Value) -> bytes | None:
    name = _bytes(value)
    labels = name.split(b".") if name is not None and len(name) <= 253 else []
    return name if labels and all(0 < len(label) <= 63 for label in labels) else None


def _prefix_wish(value: Value) -> int | None:
    """Return the length that is wished for, 0 for any; -1 if no prefix is."""
    if value == b"off":
        return -1
    if value == b"on":
        return _ANY_LENGTH
    length = parse_number(value[1:], 64) if isinstance(value, bytes) and value[:1] == b"/" else None
    return length or None


def _write_prefix_wish(length: int) -> Value:
    return b"off" if length < 0 else b"/%d" % length if length else b"on"


def _number(value: Value) -> int | None:
    return (parse_number(value, 65535) or None) if isinstance(value, bytes) else None


def _sent(value: Value) -> tuple[tuple[int, bytes], ...] | None:
    found: list[tuple[int, bytes]] = []
    for key, said in value.entries.items() if isinstance(value, Map) else ():
        number = _number(key)
        if number is None or number in _OWN or not isinstance(said, bytes):
            return None
        found.append((number, said))
    fits = sum(len(said) for _, said in found) <= OPTION_BYTES_MOST
    return tuple(sorted(found)) if isinstance(value, Map) and fits else None


def _write_sent(sent: tuple[tuple[int, bytes], ...]) -> Value:
    return Map({b"%d" % number: said for number, said in sent})


def _numbers(value: Value) -> tuple[int, ...] | None:
    numbers = read_each(value, _number)
    return tuple(numbers) if numbers and len(numbers) <= _REQUESTED_MOST else None


def _vendor_class(value: Value) -> tuple[int, bytes] | None:
    parts = value.elements() if isinstance(value, List) else []
    if len(parts) != 2 or not isinstance(parts[0], bytes):
        return None
    number, words = parse_number(parts[0], 0xFFFFFFFF), _bytes(parts[1])
    return (number, words) if number and words is not None else None


def _duid(value: Value) -> bytes | None:
    """Read pairs of hexadecimal digits with colons between them."""
    pairs = value.split(b":") if isinstance(value, bytes) else []
    if not 3 <= len(pairs) <= _DUID_MOST or not all(len(pair) == 2 for pair in pairs):
        return None
    try:
        return bytes(int(pair, 16) for pair in pairs if pair.isalnum())
    except ValueError:
        return None


def _write_duid(duid: bytes) -> Value:
    return duid.hex(":").encode()


def _networks(value: Value) -> list[Network] | None:
    return read_each(value, IPV6_NETWORK.read)


def _granted(value: Value) -> tuple[tuple[int, bytes], ...] | None:
    if not isinstance(value, Map):
        return None
    found = [(_number(key), said) for key, said in value.entries.items()]
    options = [(number, said) for number, said in found if number is not None and isinstance(said, bytes)]
    return tuple(sorted(options)) if len(options) == len(found) else None


DUID = Shape[bytes](
    "a DUID", "pairs of hexadecimal digits, such as 00:03:00:01:02:00:00:00:0a:01", _duid, _write_duid,
    ('"00:03:00:01:02:00:00:00:0a:01"',), ('"00:03"', '"00-03-00"', '"00:03:0x:01"', "{}"),
)  # fmt: skip
_TEXT = Shape[bytes]("a string", f"1 to {OPTION_BYTES_MOST} bytes", _bytes, _same, ('"guest"',), ('""', "{}"))
_HOSTNAME = Shape[bytes](
    "a host's name", "such as host or host.example.org", _hostname, _same,
    ('"host"', '"host.example.org"'), ('""', '"host..org"', "{}"),
)  # fmt: skip
_PREFIX = Shape[int](
    "a wish for a prefix", "on, off or a length such as /56", _prefix_wish, _write_prefix_wish,
    ('"on"', '"off"', '"/56"'), ('"/65"', '"/0"', '"56"', "{}"),
)  # fmt: skip
_SEND = Shape[tuple[tuple[int, bytes], ...]](
    "options to send", f"a map of numbers and their bytes, {OPTION_BYTES_MOST} together, but not those of the exchange",
    _sent, _write_sent, ('["17": "\\x00\\x00\\x7e\\xd9"]', "[]"), ('"x"', '["3": "x"]', '["65536": "x"]', '["17": {}]'),
)  # fmt: skip
_REQUEST = Shape[tuple[int, ...]](
    "a list of options", "numbers, 1 to 65535", _numbers, lambda numbers: List([b"%d" % one for one in numbers]),
    ('{"23", "24"}',), ("{}", '"23"', '{"0"}', '{"dns"}'),
)  # fmt: skip
_VENDOR_CLASS = Shape[tuple[int, bytes]](
    "a vendor class", "an enterprise number and a string", _vendor_class, lambda pair: List([b"%d" % pair[0], pair[1]]),
    ('{"32473", "router"}',), ('"router"', '{"0", "x"}', '{"32473"}'),
)  # fmt: skip


def _fault(said: Options) -> Refused | None:
    if said.get("stateless") and (said.get("address") or said.get("prefix", -1) >= 0):
        return Refused("`stateless` asks for neither address nor prefix", within=(b"stateless",))
    return None


_KNOWN = OptionsShape(
    "DHCPv6 options",
    {
        "address": SWITCH, "prefix": _PREFIX, "stateless": SWITCH, "rapid_commit": SWITCH, "hostname": _HOSTNAME,
        "user_class": _TEXT, "vendor_class": _VENDOR_CLASS, "send": _SEND, "request": _REQUEST, "duid": DUID,
        "iaid": number_shape("an IAID", "0 to 4294967295", 0, 0xFFFFFFFF),
    },
    (), (), fault=_fault,
)  # fmt: skip


def _make(said: Options) -> Dhcpv6Options:
    stateless = bool(said.get("stateless"))
    length = said.get("prefix", -1)
    return Dhcpv6Options(
        bool(said.get("address", not stateless)),
        None if length < 0 else length,
        bool(said.get("rapid_commit")),
        said.get("hostname", b""),
        said.get("user_class", b""),
        said.get("vendor_class"),
        said.get("send", ()),
        said.get("request", ()),
        said.get("duid", b""),
        said.get("iaid"),
        stateless,
    )


def _unmake(options: Dhcpv6Options) -> dict[str, Any]:
    said: dict[str, Any] = {"hostname": options.hostname, "user_class": options.user_class, "duid": options.duid}
    said |= {"send": options.send, "request": options.request, "rapid_commit": int(options.rapid_commit)}
    said = {word: value for word, value in said.items() if value}
    if options.stateless:
        said["stateless"] = 1
    if options.address == options.stateless:
        said["address"] = int(options.address)
    more = {"prefix": options.prefix, "vendor_class": options.vendor_class, "iaid": options.iaid}
    return said | {word: value for word, value in more.items() if value is not None}


DHCPV6_OPTIONS = options_as(
    _KNOWN, _make, _unmake,
    (
        "[]", '["prefix": "/56", "rapid_commit": "on"]', '["stateless": "on"]', '["address": "off", "prefix": "on"]',
        '["hostname": "host", "user_class": "guest", "vendor_class": {"32473", "router"}, "send": ["17": "x"]]',
        '["duid": "00:03:00:01:02:00:00:00:0a:01", "iaid": "1", "request": {"23"}]',
    ),
    (
        '["colour": "blue"]', '["prefix": "56"]', '["send": ["1": "x"]]', '"on"', "{}",
        '["stateless": "on", "prefix": "on"]', '["stateless": "on", "address": "on"]',
    ),
)  # fmt: skip

NETWORKS6 = Shape[list[Network]](
    "a list of IPv6 networks", 'such as {"2001:db8::/56"}', _networks,
    lambda networks: List([IPV6_NETWORK.write(one) for one in networks]),
    ("{}", '{"2001:db8::/56", "2001:db8:1::/64"}'), ('"2001:db8::/56"', '{"2001:db8::"}', "[]"),
)  # fmt: skip

Dhcpv6ClientOptions = Annotated[Dhcpv6Options, DHCPV6_OPTIONS]
Networks6 = Annotated[list[Network], NETWORKS6]
