"""What can be said of an address besides: one row for each option, and the only place that knows it.

The words are those of `ip address`.  What is shown is compared with what was asked for, so that an address which is
otherwise, or was changed, is known.
Source: ip-address(8), linux/if_addr.h.
"""

from collections.abc import Callable, Mapping
from struct import Struct
from typing import Annotated, Any, Final, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.address import DETECTION
from netstrata.contract.shapes.common import IPV4, METRIC
from netstrata.contract.shapes.link import ADDRESS, SWITCH, whole
from netstrata.contract.shapes.route import write_words
from netstrata.protocols.rtnetlink.addresses import AddressMessage
from netstrata.protocols.rtnetlink.constants import (
    FOREVER,
    IFA_BROADCAST,
    IFA_CACHEINFO,
    IFA_F_DEPRECATED,
    IFA_F_NOPREFIXROUTE,
    IFA_FLAGS,
    IFA_LABEL,
    IFA_RT_PRIORITY,
)
from netstrata.protocols.rtnetlink.route_options import SCOPE
from netstrata.protocols.rtnetlink.wire import U32, attribute
from netstrata.values import Value, format_address

_CACHEINFO = Struct("=IIII")  # preferred, valid, two times of the kernel's own
_LAST: Final = b"+"  # the broadcast address that is the last one of the network
_LABEL_MOST: Final = 15


class AddressOption(NamedTuple):
    """One option: which values fit, in which attribute it goes, and what the kernel shows of it.

    Shapes: attribute 0 is elsewhere in the message; default is what it is without, None if nobody can change it.
    """

    noun: str
    shape: Shape[Any]
    shown: Callable[[AddressMessage], Any]
    attribute: int = 0
    pack: Callable[[Any], bytes] = bytes
    default: Any = None
    only_ipv4: bool = False
    is_time: bool = False  # it runs down, so what is shown is less than what was asked for


def _label(value: Value) -> str | None:
    if not isinstance(value, bytes) or not 1 <= len(value) <= _LABEL_MOST or any(not 32 < byte < 127 for byte in value):
        return None
    return value.decode("ascii")


def _broadcast(value: Value) -> bytes | None:
    return _LAST if value == _LAST else IPV4.read(value)


def _write_broadcast(address: bytes) -> Value:
    return _LAST if address == _LAST else format_address(address)


def _lifetime(least: int) -> Shape[int]:
    seconds = whole("a lifetime", least, FOREVER - 1)

    def read(value: Value) -> int | None:
        return FOREVER if value == b"forever" else seconds.read(value)

    def write(number: int) -> Value:
        return b"forever" if number == FOREVER else b"%d" % number

    means = f"whole seconds, {least} to {FOREVER - 1}, or forever"
    return Shape("a lifetime", means, read, write, ('"3600"', '"forever"'), (f'"{FOREVER}"', '"an hour"', "{}"))


def _text(label: str) -> bytes:
    return label.encode("ascii") + b"\0"


def _has_no_route(one: AddressMessage) -> int:
    return int(bool(one.flags & IFA_F_NOPREFIXROUTE))


def _preferred(one: AddressMessage) -> int:
    """Return how long an address is preferred; of an IPv4 address that lasts for ever the kernel shows only whether."""
    return 0 if one.flags & IFA_F_DEPRECATED else one.preferred_s


_LABEL = Shape[str](
    "a label", f"up to {_LABEL_MOST} printable characters without spaces, such as eth0:lan", _label, str.encode,
    ('"eth0:lan"',), ('""', '"eth0 lan"', '"eth0:a-label-too-long"', "{}"),
)  # fmt: skip
_BROADCAST = Shape[bytes](
    "a broadcast address", "such as 192.0.2.255, or + for the last one of the network", _broadcast, _write_broadcast,
    ('"192.0.2.255"', '"+"'), ('"2001:db8::1"', '"all"', "{}"),
)  # fmt: skip

# Linux 6.18 takes a scope of an IPv6 address, and pays no attention to it.
OPTIONS: Final[dict[str, AddressOption]] = {
    "peer": AddressOption("peer", ADDRESS, lambda one: one.address),
    "scope": AddressOption("scope", SCOPE, lambda one: one.scope, only_ipv4=True),
    "broadcast": AddressOption(
        "broadcast address", _BROADCAST, lambda one: one.broadcast, IFA_BROADCAST, only_ipv4=True
    ),
    "label": AddressOption("label", _LABEL, lambda one: one.label, IFA_LABEL, _text, only_ipv4=True),
    "metric": AddressOption("metric", METRIC, lambda one: one.metric, IFA_RT_PRIORITY, U32.pack, 0),
    "noprefixroute": AddressOption("noprefixroute", SWITCH, _has_no_route, default=0),
    "valid_lft": AddressOption("lifetime", _lifetime(1), lambda one: one.valid_s, default=FOREVER, is_time=True),
    "preferred_lft": AddressOption("preferred lifetime", _lifetime(0), _preferred, default=FOREVER, is_time=True),
}

ADDRESS_OPTIONS = OptionsShape(
    "address options",
    {**{word: row.shape for word, row in OPTIONS.items()}, **DETECTION},
    ('["metric": "20", "label": "eth0:lan"]', '["valid_lft": "3600", "preferred_lft": "0"]', "[]"),
    ('["priority": "20"]', '["preferred_lft": "soon"]', '["scope": "world"]', "{}"),
)
AddressOptions = Annotated[Options, ADDRESS_OPTIONS]


def with_lifetimes(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options in which an address is preferred for no longer than it is valid."""
    found = dict(options)
    if "valid_lft" in found:
        found.setdefault("preferred_lft", found["valid_lft"])
    return found


def last_of(address: bytes, prefix: int) -> bytes:
    """Return the last address of a network of IPv4."""
    return (int.from_bytes(address, "big") | (1 << (32 - prefix)) - 1).to_bytes(4, "big")


def encode_options(options: Mapping[str, Any], flags: int = 0) -> bytes:
    """Return options as attributes of an RTM_NEWADDR, with flags besides theirs."""
    body = b"".join(
        attribute(row.attribute, row.pack(options[word]))
        for word, row in OPTIONS.items()
        if row.attribute and word in options
    )
    if options.get("noprefixroute"):
        flags |= IFA_F_NOPREFIXROUTE
    if flags:
        body += attribute(IFA_FLAGS, U32.pack(flags))
    if "valid_lft" in options or "preferred_lft" in options:
        times = options.get("preferred_lft", FOREVER), options.get("valid_lft", FOREVER)
        body += attribute(IFA_CACHEINFO, _CACHEINFO.pack(*times, 0, 0))
    return body


def option_words(options: Mapping[str, Any]) -> list[str]:
    """Return options as `ip address` writes them, but for the peer."""
    shapes = {word: row.shape for word, row in OPTIONS.items() if word != "peer"}
    return write_words({**shapes, "nodad": SWITCH, "optimistic": SWITCH}, options)


def difference(options: Mapping[str, Any], shown: AddressMessage, ours: bool) -> str:
    """Return what of an address is not as it was asked for, "" for nothing.

    Of one that is ours, that is also what was not asked for and others may change; but not its label, which the kernel
    changes with the name of the link.
    """
    for word, row in OPTIONS.items():
        wanted = options.get(word, row.default if ours else None)
        if wanted is None or (ours and word == "label"):
            continue
        found = row.shown(shown)
        if found != wanted and not (row.is_time and wanted != FOREVER and found < wanted):
            return row.noun
    return ""
