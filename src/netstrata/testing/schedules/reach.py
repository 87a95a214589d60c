"""How far one request may reach: what it is about, and what the kernel takes along."""

from typing import Any

from netstrata.protocols.rtnetlink import decode_address
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    IFF_UP,
    IFLA_ADDRESS,
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_DELNEIGH,
    RTM_DELROUTE,
    RTM_DELRULE,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWNEIGH,
    RTM_NEWROUTE,
    RTM_NEWRULE,
)
from netstrata.protocols.rtnetlink.links import IFINFOMSG
from netstrata.protocols.rtnetlink.wire import attributes
from netstrata.testing.model.messages import Request
from netstrata.testing.schedules.facts import Facts, Key, value_of

_ABOUT = {
    RTM_NEWADDR: "addr", RTM_DELADDR: "addr", RTM_NEWROUTE: "route", RTM_DELROUTE: "route", RTM_NEWRULE: "rule",
    RTM_DELRULE: "rule", RTM_NEWNEIGH: "neigh", RTM_DELNEIGH: "neigh",
}  # fmt: skip
_IFINDEX_OF_ROUTE = 8  # its place in a key
_DESTINATION_OF_ROUTE = 3


def is_meant(request: Request, key: Key, deleted: set[int]) -> bool:
    """Say whether a change is what a request asks for."""
    about = _ABOUT.get(request.type)
    if about == "addr":
        asked = decode_address(request.body, 0, len(request.body))
        return bool(key == ("addr", asked.ifindex, asked.local, asked.prefix))
    if about is not None:
        return bool(key[0] == about)
    index = IFINFOMSG.unpack_from(request.body)[2]
    if key[0] == "link":
        return True
    return request.type != RTM_DELLINK and bool(key[0] == "field" and key[1] == index)


def follows(request: Request, key: Key, before: Any, after: Any, deleted: set[int], now: Facts) -> bool:
    """Say whether a change is what the kernel does because of a request."""
    if key[0] == "field" and key[2] == "mtu" and request.type in (RTM_NEWLINK, RTM_DELLINK):
        return bool(value_of(now, ("link", key[1])) == "bridge")  # it follows its ports
    if request.type == RTM_DELLINK:
        return (after is None and _link_of(key) in deleted) or (key[0] == "field" and before in deleted)
    if after is not None:
        return False
    if request.type == RTM_DELADDR:
        asked = decode_address(request.body, 0, len(request.body))
        if key[0] == "route":
            return (
                asked.family == AF_INET
                and key[1] == AF_INET
                and (_link_of(key) == asked.ifindex or before[0] == asked.local)
            )
        return key[0] == "neigh" and key[1] == asked.ifindex and len(key[2]) == len(asked.local)
    if request.type != RTM_NEWLINK:
        return False
    _, _, index, flags, change = IFINFOMSG.unpack_from(request.body)
    if _link_of(key) != index:
        return False
    given = {kind for kind, _, _ in attributes(request.body, IFINFOMSG.size, len(request.body))}
    falls = change & IFF_UP and not flags & IFF_UP
    return bool(falls and key[0] in ("addr", "route", "neigh")) or (IFLA_ADDRESS in given and key[0] == "neigh")


def _link_of(key: Key) -> int:
    """Return the link that a thing is on, 0 for none."""
    if key[0] == "route":
        return int(key[_IFINDEX_OF_ROUTE])
    return int(key[1]) if key[0] in ("addr", "neigh", "field", "link") else 0
