"""The shapes of what statements say of routes, rules and neighbours: iproute2's words.

Source: ip-route(8), ip-rule(8).
"""

from collections.abc import Mapping
from typing import Annotated, Any

from netstrata.contract.declaration import Shape
from netstrata.contract.shapes.common import IPV4_NETWORK, IPV6_NETWORK, Network
from netstrata.contract.shapes.link import ADDRESS, SWITCH, choice
from netstrata.values import Value, parse_number
from netstrata.values.addresses import parse_hex_number


def _network(value: Value) -> Network | None:
    """Read a network of either family, or an address, which is the network of only that one."""
    address = ADDRESS.read(value)
    if address is not None:
        return Network(address, 8 * len(address))
    return IPV4_NETWORK.read(value) or IPV6_NETWORK.read(value)


def _network_address(value: Value) -> Network | None:
    return (IPV4_NETWORK.read(value) or IPV6_NETWORK.read(value)) if isinstance(value, bytes) else None


def _kind(value: Value) -> str | None:
    word = value.decode("latin-1") if isinstance(value, bytes) else ""
    return word if word in _KINDS else None


def _rule_kind(value: Value) -> str | None:
    kind = _kind(value)
    return kind if kind in ("unicast", "blackhole", "unreachable", "prohibit") else None


def _write_word(word: str) -> Value:
    return word.encode()


def _number(text: bytes) -> int | None:
    number = parse_hex_number(text[2:]) if text[:2].lower() == b"0x" else parse_number(text)
    return number if number is not None and number < 2**32 else None


def _mark(value: Value) -> tuple[int, int] | None:
    if not isinstance(value, bytes):
        return None
    word, slash, rest = value.partition(b"/")
    mark, mask = _number(word), _number(rest) if slash else 2**32 - 1
    return (mark, mask) if mark is not None and mask else None


def _tos(value: Value) -> int | None:
    number = _number(value) if isinstance(value, bytes) else None
    return number if number and number < 256 and number % 4 == 0 else None


def _users(value: Value) -> tuple[int, int] | None:
    if not isinstance(value, bytes):
        return None
    word, dash, rest = value.partition(b"-")
    first, last = _number(word), _number(rest if dash else word)
    return (first, last) if first is not None and last is not None and first <= last else None


NETWORK = Shape[Network](
    "a network", "such as 192.0.2.0/24 or 2001:db8::/32, or one address", _network, IPV4_NETWORK.write,
    ('"192.0.2.0/24"', '"2001:db8::/32"', '"192.0.2.1"', '"::/0"'), ('"192.0.2.0/33"', '"all"', "{}"),
)  # fmt: skip
NETWORK_ADDRESS = Shape[Network](
    "an address with a prefix length", "such as 192.0.2.1/24 or 2001:db8::1/64", _network_address, IPV4_NETWORK.write,
    ('"192.0.2.1/24"', '"2001:db8::1/64"'), ('"192.0.2.1"', '"192.0.2.1/33"', '"eth0"', "{}"),
)  # fmt: skip
FWMARK = Shape[tuple[int, int]](
    "a mark", "a number such as 7 or 0x7, with a mask or without, as in 0x10/0xf0", _mark,
    lambda mark: b"%#x/%#x" % mark, ('"7"', '"0x10/0xf0"'), ('"4294967296"', '"1/0"', '"1/"', '"x"', "{}"),
)  # fmt: skip
TOS = Shape[int](
    "a type of service", "a multiple of 4, 4 to 252, or 0x04 to 0xfc", _tos, lambda tos: b"%#x" % tos,
    ('"16"', '"0x10"'), ('"0"', '"17"', '"256"', '"lowdelay"', "{}"),
)  # fmt: skip
USERS = Shape[tuple[int, int]](
    "a range of user ids", "such as 1000 or 1000-1999", _users, lambda users: b"%d-%d" % users,
    ('"1000"', '"1000-1999"'), ('"1999-1000"', '"root"', "{}"),
)  # fmt: skip
_KINDS = (
    "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw",
)  # fmt: skip
ROUTE_KIND = Shape[str](
    "a kind of route", f"{', '.join(_KINDS[:-1])} or {_KINDS[-1]}", _kind, _write_word, ('"prohibit"', '"local"'),
    ('"nat"', "{}"),
)  # fmt: skip
RULE_KIND = Shape[str](
    "a kind of rule", "unicast, blackhole, unreachable or prohibit", _rule_kind, _write_word, ('"prohibit"',),
    ('"throw"', "{}"),
)  # fmt: skip
FAMILY = choice("a family", {"inet": 4, "inet6": 6})

NetworkOrAddress = Annotated[Network, NETWORK]
NetworkAddress = Annotated[Network, NETWORK_ADDRESS]


def family_of(*addresses: Any) -> int:
    """Return 4 or 6, the one family of all addresses that are there; 0 if they differ, or there are none."""
    sizes = {len(address) for address in addresses if address}
    return {4: 4, 16: 6}[sizes.pop()] if len(sizes) == 1 else 0


def is_link_local(address: bytes) -> bool:
    """Say whether an address is one of fe80::/10."""
    return len(address) == 16 and address[0] == 0xFE and address[1] & 0xC0 == 0x80


def write_words(shapes: Mapping[str, Shape[Any]], values: Mapping[str, Any]) -> list[str]:
    """Return values by name as they are written on one line, in the order of their shapes; switches by name alone."""
    words: list[str] = []
    for word, shape in shapes.items():
        written = shape.write(values[word]) if word in values else None
        if isinstance(written, bytes) and not (shape is SWITCH and written != b"on"):
            words += [word] if shape is SWITCH else [word, written.decode("utf-8", "surrogateescape")]
    return words
