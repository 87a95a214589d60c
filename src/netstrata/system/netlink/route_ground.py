"""What routes stand on, as the kernel has it now: the link of a gateway, the MTU of links, this host's addresses."""

import errno
from collections.abc import Iterable

from netstrata.ports.kernel import Hop, Route
from netstrata.protocols.rtnetlink import (
    ROUTE_KINDS,
    Answer,
    LinkMessage,
    RouteMessage,
    ask_addresses,
    ask_link,
    ask_way,
    decode_address,
    decode_link,
    decode_route,
    messages,
)
from netstrata.protocols.rtnetlink.constants import (
    AF_INET6,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_GETROUTE,
    RTM_NEWADDR,
    RTPROT_NETSTRATA,
)
from netstrata.protocols.rtnetlink.routes import ON_LINKS
from netstrata.protocols.rtnetlink.wire import HEADER_SIZE
from netstrata.system.netlink.held_route import HeldRoute
from netstrata.system.netlink.refusals import ROUTE_WORDS, needs_of, refused, route_words, spec_words
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.netlink.tables import connected_link
from netstrata.values import Unavailable


def hops_of(wish: Route) -> tuple[Hop, ...]:
    """Return the ways of a route, none if it leads to no link."""
    if ROUTE_KINDS[wish.kind] not in ON_LINKS:
        return ()
    return wish.hops or (Hop(wish.gateway, wish.link, 1, wish.onlink),)


def link_towards(requests: RequestSocket, wish: Route, hop: Hop) -> int:
    """Return the link that the gateway of one of a route's ways is on.

    Raises: Unavailable if there is no way to it.
    """
    found = requests.get(RTM_GETROUTE, ask_way(hop.gateway or b""))
    operation = f"add route {spec_words(wish)}"
    if isinstance(found, Answer):
        raise refused(operation, found, ROUTE_WORDS, *needs_of(wish, ()))
    (way,) = [decode_route(found, one.start, one.end) for one in messages(found, len(found))]
    if not way.gateway and way.ifindex:
        return way.ifindex
    # What a rule leads to may be a route by the gateway, such as the one that is wanted.
    ifindex = connected_link(requests, way.destination)
    if not ifindex:
        raise Unavailable(operation, "its gateway is on no link of ours", errno.ENETUNREACH, needs_of(wish, ()))
    return ifindex


def read_link(requests: RequestSocket, ifindex: int) -> LinkMessage | None:
    """Return a link as it is now, None if that cannot be known."""
    link = requests.get(RTM_GETLINK, ask_link(ifindex))
    return None if isinstance(link, Answer) else decode_link(link, HEADER_SIZE, len(link))


def fit(requests: RequestSocket, routes: Iterable[HeldRoute]) -> None:
    """Know which MTU of IPv6 routes their links take: the kernel lets it follow the link, and a larger one harms."""
    links: dict[int, LinkMessage | None] = {}
    for held in routes:
        if held.route.mtu and held.links and held.family == AF_INET6:
            for ifindex in held.links:
                if ifindex not in links:
                    links[ifindex] = read_link(requests, ifindex)
            there = [link.mtu for ifindex in held.links if (link := links[ifindex]) is not None]
            held.mtu = min(held.route.mtu, *there) if there else held.mtu


def without_source(requests: RequestSocket, routes: Iterable[HeldRoute]) -> set[HeldRoute]:
    """Return the routes whose source is no address of this host; none if that cannot be known now.

    Of IPv4 routes that lead nowhere the kernel takes any source.
    """
    found = {held for held in routes if held.route.source and (held.links or held.family == AF_INET6)}
    dump = requests.dump(RTM_GETADDR, ask_addresses(0, 0)) if found else None
    if dump is None or not dump.complete or dump.answer is not None:
        return set()
    there = {
        decode_address(data, one.start, one.end).local
        for data in dump.datagrams
        for one in messages(data, len(data))
        if one.type == RTM_NEWADDR
    }
    return {held for held in found if held.route.source not in there}


def why_gone(requests: RequestSocket, held: HeldRoute, found: list[RouteMessage], *, told: bool) -> str:
    """Say why a route is not there as it was made; told is whether somebody has said so."""
    hops = zip(hops_of(held.route), held.ways, strict=True)
    names = {hop.link or requests.name_of(way.ifindex): way.ifindex for hop, way in hops}
    for name, ifindex in names.items():
        if requests.index_of(name) != ifindex:
            return f"{name} is gone or has a new name"
    others = (one for one in found if one.protocol != RTPROT_NETSTRATA)
    if told and (other := next(others, None)) is not None:
        link = requests.name_of(other.ifindex) if other.ifindex else ""
        return f"another route is in its place: {route_words(other, link)}"
    if told:
        return "someone removed or replaced it"
    return f"the kernel dropped it when {' and '.join(names)} went down or lost its last address"
