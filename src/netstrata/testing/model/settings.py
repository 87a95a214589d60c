"""What a link of the model is like, besides its name, address and size: attributes and flags that somebody sets.

Source: do_setlink in net/core/rtnetlink.c; limits and texts as ip shows them on Linux 6.18.
"""

import errno

from netstrata.protocols.rtnetlink.constants import (
    IFF_ALLMULTI,
    IFF_MULTICAST,
    IFF_NOARP,
    IFF_PROMISC,
    IFLA_GRO_IPV4_MAX_SIZE,
    IFLA_GRO_MAX_SIZE,
    IFLA_GROUP,
    IFLA_GSO_IPV4_MAX_SIZE,
    IFLA_GSO_MAX_SEGS,
    IFLA_GSO_MAX_SIZE,
    IFLA_IFALIAS,
    IFLA_LINKMODE,
    IFLA_PROTO_DOWN,
    IFLA_TXQLEN,
)
from netstrata.protocols.rtnetlink.settings import LEGACY_SIZE
from netstrata.protocols.rtnetlink.wire import U32
from netstrata.testing.model.messages import Attributes, Refusal, number

AT_FIRST: Attributes = {
    IFLA_TXQLEN: U32.pack(1000),
    IFLA_LINKMODE: b"\0",
    IFLA_GROUP: U32.pack(0),
    IFLA_GSO_MAX_SIZE: U32.pack(LEGACY_SIZE),
    IFLA_GSO_MAX_SEGS: U32.pack(65535),
    IFLA_GSO_IPV4_MAX_SIZE: U32.pack(LEGACY_SIZE),
    IFLA_GRO_MAX_SIZE: U32.pack(LEGACY_SIZE),
    IFLA_GRO_IPV4_MAX_SIZE: U32.pack(LEGACY_SIZE),
    IFLA_PROTO_DOWN: b"\0",
}
SETTABLE = (*AT_FIRST, IFLA_IFALIAS)
FLAGS = IFF_NOARP | IFF_MULTICAST | IFF_ALLMULTI | IFF_PROMISC
_ALONG = {IFLA_GSO_MAX_SIZE: IFLA_GSO_IPV4_MAX_SIZE, IFLA_GRO_MAX_SIZE: IFLA_GRO_IPV4_MAX_SIZE}
_SIZES = {
    IFLA_GSO_MAX_SIZE: "gso_max_size",
    IFLA_GSO_IPV4_MAX_SIZE: "gso_ipv4_max_size",
    IFLA_GRO_MAX_SIZE: "gro_max_size",
    IFLA_GRO_IPV4_MAX_SIZE: "gro_ipv4_max_size",
}
_LEAST_GSO = 257  # a TCP header and one byte
_MOST = 524280
_TOLD = (IFLA_IFALIAS, IFLA_GROUP, IFLA_TXQLEN, IFLA_LINKMODE, IFLA_PROTO_DOWN)


def set_all(kind: str, values: Attributes, given: Attributes) -> tuple[bool, bool]:
    """Change what is asked for; return whether that is told of at once, and whether it is if the link is up.

    Raises: Refusal.
    """
    for what, value in given.items():
        if what == IFLA_GSO_MAX_SIZE and number(value) < _LEAST_GSO:
            raise Refusal(errno.ERANGE, "integer out of range", what)
    changed = False
    queue = False
    for what in SETTABLE:
        if what not in given or given[what] == values.get(what):
            continue
        _set(kind, values, what, given[what])
        queue = queue or what == IFLA_TXQLEN
        changed = changed or what in _TOLD
    return queue, changed and not queue


def _set(kind: str, values: Attributes, what: int, value: bytes) -> None:
    if what in _SIZES and number(value) > _MOST:
        raise Refusal(errno.EINVAL, f"too big {_SIZES[what]}")
    if what == IFLA_PROTO_DOWN and kind not in ("vxlan", "macvlan"):
        raise Refusal(errno.EOPNOTSUPP, "Protodown not supported by device")
    if what == IFLA_IFALIAS and not value.rstrip(b"\0"):
        values.pop(what, None)
        return
    values[what] = value
    if what in _ALONG and number(value) <= LEGACY_SIZE:
        values[_ALONG[what]] = value
