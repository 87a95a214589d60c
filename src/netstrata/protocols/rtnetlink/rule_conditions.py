"""What a policy rule may say besides: one row for each option that is one attribute, and the only place that knows it.

The words are those of `ip rule`.  What was refused was seen on Linux 6.18: a port 0 or 65535, a type of service with
bits that are for congestion.
Source: ip-rule(8), linux/fib_rules.h, net/core/fib_rules.c.
"""

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Annotated, Any, Final, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import LINK_NAME, number_shape
from netstrata.contract.shapes.link import SWITCH, TABLE_ID, whole
from netstrata.contract.shapes.route import FAMILY, FWMARK, NETWORK, RULE_KIND, TOS, USERS, write_words
from netstrata.protocols.rtnetlink.wire import U32
from netstrata.values import Value, parse_number


class Condition(NamedTuple):
    """One option: in which attribute it goes, which values fit, how they are packed."""

    attribute: int
    shape: Shape[Any]
    pack: Callable[[Any], bytes]


_PORTS = Struct("=HH")
_PORT_MOST: Final = 65534
_PORT_MASKS: Final = (28, 29)
_PROTOCOLS: Final = {
    b"icmp": 1, b"igmp": 2, b"ipip": 4, b"tcp": 6, b"udp": 17, b"ipv6": 41, b"gre": 47, b"esp": 50, b"ah": 51,
    b"ipv6-icmp": 58, b"ospf": 89, b"vrrp": 112, b"l2tp": 115, b"sctp": 132,
}  # fmt: skip
_NAMES: Final = {number: name for name, number in _PROTOCOLS.items()}


def _protocol(value: Value) -> int | None:
    if not isinstance(value, bytes):
        return None
    number = _PROTOCOLS.get(value) or parse_number(value, 255)
    return number or None


def _port_range(value: Value) -> tuple[int, int] | None:
    if not isinstance(value, bytes):
        return None
    word, dash, rest = value.partition(b"-")
    first, last = parse_number(word, _PORT_MOST), parse_number(rest if dash else word, _PORT_MOST)
    return (first, last) if first and last and first <= last else None


def _write_ports(ports: tuple[int, int]) -> Value:
    return b"%d-%d" % ports if ports[0] != ports[1] else b"%d" % ports[0]


def _u8(number: int) -> bytes:
    return bytes((number,))


IP_PROTOCOL = Shape[int](
    "an IP protocol", f"1 to 255, or a name: {', '.join(sorted(name.decode() for name in _PROTOCOLS))}", _protocol,
    lambda number: _NAMES.get(number, b"%d" % number), ('"tcp"', '"99"'), ('"0"', '"256"', '"http"', "{}"),
)  # fmt: skip
PORTS = Shape[tuple[int, int]](
    "a port or a range of ports", f"such as 80 or 1000-1999, 1 to {_PORT_MOST}", _port_range, _write_ports,
    ('"80"', '"1000-1999"'), ('"0"', '"65535"', '"1999-1000"', '"http"', "{}"),
)  # fmt: skip
_PRIORITY: Final = whole("a priority", 0, 2**32 - 1)
_GROUP: Final = number_shape("a group of links", f"whole, 0 to {2**32 - 2}", 0, 2**32 - 2)

CONDITIONS: Final[dict[str, Condition]] = {
    "goto": Condition(4, _PRIORITY, U32.pack),
    "suppress_ifgroup": Condition(13, _GROUP, U32.pack),
    "l3mdev": Condition(19, SWITCH, _u8),
    "ipproto": Condition(22, IP_PROTOCOL, _u8),
    "sport": Condition(23, PORTS, lambda ports: _PORTS.pack(*ports)),
    "dport": Condition(24, PORTS, lambda ports: _PORTS.pack(*ports)),
}

RULE_OPTIONS = OptionsShape(
    "rule options",
    {
        **{word: row.shape for word, row in CONDITIONS.items()},
        "family": FAMILY, "from": NETWORK, "fwmark": FWMARK, "iif": LINK_NAME, "not": SWITCH, "oif": LINK_NAME,
        "priority": _PRIORITY, "suppress_prefixlength": whole("a prefix length", 0, 128),
        "table": TABLE_ID, "to": NETWORK, "tos": TOS, "type": RULE_KIND, "uidrange": USERS,
    },
    (
        '["priority": "100", "from": "192.0.2.0/24", "table": "7"]', '["priority": "1", "type": "prohibit"]',
        '["priority": "9", "ipproto": "tcp", "dport": "80-88", "table": "wan"]', '["priority": "9", "l3mdev": "on"]',
    ),
    (
        '["from": "192.0.2.0/24", "table": "7"]', '["priority": "1", "lookup": "7"]', "{}",
        '["priority": "1", "dport": "0"]',
    ),
    ("priority",),
)  # fmt: skip
RuleOptions = Annotated[Options, RULE_OPTIONS]


def encode_conditions(values: Mapping[str, Any]) -> tuple[tuple[int, bytes], ...]:
    """Return options as attributes in their order; a switch that is off is none."""
    rows = {CONDITIONS[word].attribute: CONDITIONS[word].pack(value) for word, value in values.items()}
    return tuple(sorted((what, value) for what, value in rows.items() if is_said(what, value)))


def is_said(attribute: int, value: bytes) -> bool:
    """Say whether an attribute means anything.

    Of groups of links 0 is one, too.  With one port Linux 6.18 shows a mask of it, with all bits.
    """
    if attribute in _PORT_MASKS:
        return value != b"\xff\xff"
    return any(value) or attribute == CONDITIONS["suppress_ifgroup"].attribute


def condition_words(values: Mapping[str, Any]) -> list[str]:
    """Return options as `ip rule` writes them, but for where to go on."""
    return write_words({word: row.shape for word, row in CONDITIONS.items() if word != "goto"}, values)
