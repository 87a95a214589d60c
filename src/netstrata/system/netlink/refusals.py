"""The kernel's no, in words for people."""

import errno
from os import strerror

from netstrata.contract.shapes.route import write_words
from netstrata.ports.kernel import Hop, Route
from netstrata.protocols.rtnetlink import ROUTE_KINDS, Answer, RouteMessage
from netstrata.protocols.rtnetlink.constants import (
    RT_TABLE_MAIN,
    RTN_UNICAST,
    RTPROT_BOOT,
    RTPROT_KERNEL,
    RTPROT_NETSTRATA,
    RTPROT_STATIC,
)
from netstrata.protocols.rtnetlink.route_metrics import METRICS
from netstrata.protocols.rtnetlink.routes import ON_LINKS
from netstrata.protocols.rtnetlink.settings import SETTINGS
from netstrata.system.held import Unanswered
from netstrata.system.held.wait_queues import ADDRESS, ADDRESSES, LINK, NAME, PATHS, WAY
from netstrata.system.permission import takes
from netstrata.values import Awaited, Unavailable, format_address, mask_bits

ADDRESS_WORDS = {1: "address", 2: "address", 11: "protocol"}
ROUTE_WORDS = {
    1: "destination",
    4: "link",
    5: "gateway",
    6: "metric",
    7: "source",
    8: "metrics",
    9: "next hops",
    15: "table",
    18: "gateway",
}
LINK_WORDS = {5: "link", 53: "name"} | {row.kept.attribute: row.noun for row in SETTINGS.values() if row.kept.attribute}
RULE_WORDS = {1: "to", 2: "from", 3: "iif", 6: "priority", 10: "fwmark", 15: "table", 17: "oif"}
NEIGHBOUR_WORDS = {1: "address", 2: "hardware address"}
_OFF_LINK = "it is on none of the networks here; `onlink`, of net.gateway or net.route, takes it"
_HELP = {"Nexthop has invalid gateway": _OFF_LINK}
_OWNERS = {
    RTPROT_KERNEL: "kernel",
    RTPROT_BOOT: "boot",
    RTPROT_STATIC: "static",
    RTPROT_NETSTRATA: "netstrata",
    9: "ra",  # these are of linux/rtnetlink.h
    11: "zebra",
    12: "bird",
    16: "dhcp",
    18: "keepalived",
    42: "babel",
    99: "openr",
    186: "bgp",
    187: "isis",
    188: "ospf",
    189: "rip",
    192: "eigrp",
}
_KINDS = {number: word for word, number in ROUTE_KINDS.items() if number != RTN_UNICAST}


def reason_of(answer: Answer, words: dict[int, str]) -> str:
    """Return why: the kernel's own text if it gave one, else what the error number means."""
    if answer.errno == errno.EPERM and not answer.text:
        return takes("CAP_NET_ADMIN")
    reason = answer.text.rstrip(".") or strerror(answer.errno)
    if reason in _HELP:
        return f"{reason}: {_HELP[reason]}"
    word = words.get(answer.attribute, "")
    return f"{reason} (the {word})" if word and word not in reason.lower() else reason


def refused(operation: str, answer: Answer, words: dict[int, str], *awaits: Awaited) -> Unavailable:
    """Return the error for an operation that the kernel did not do, or did not say that it has done."""
    error = Unanswered if answer.silent else Unavailable
    return error(operation, reason_of(answer, words), answer.errno, awaits)


def no_link(operation: str, link: str) -> Unavailable:
    """Return the error for a link that is not there."""
    return Unavailable(operation, f"there is no link {link}", errno.ENODEV, (Awaited(NAME, link),))


def network_words(address: bytes, prefix: int) -> str:
    """Return `192.0.2.0/24`."""
    return f"{format_address(address).decode()}/{prefix}"


def owner_of(found: RouteMessage) -> str:
    """Return whose a route is, by its protocol: a word, or a number."""
    return _OWNERS.get(found.protocol, str(found.protocol))


def route_words(found: RouteMessage, link: str) -> str:
    """Return a route that is in the kernel as `ip route` writes it, with whose it is."""
    words = f"{_KINDS[found.type]} " if found.type in _KINDS else ""
    words += network_words(found.destination, found.prefix)
    if len(found.gateway) in (4, 16):
        words += f" via {format_address(found.gateway).decode()}"
    if link:
        words += f" dev {link}"
    if found.metric:
        words += f" metric {found.metric}"
    return f"{words} proto {owner_of(found)}"


def spec_words(route: Route) -> str:
    """Return a route as a user says it: `198.51.100.0/24 via 192.0.2.1 on eth0 metric 5`."""
    words = network_words(route.destination, route.prefix)
    if route.kind == "blackhole":
        words += " into the blackhole"
    elif route.kind != "unicast":
        words = f"{route.kind} {words}"
    if route.tos:
        words += f" tos {route.tos:#x}"
    for hop in route.hops or (Hop(route.gateway, route.link),):
        words += " nexthop" if route.hops else ""
        if hop.gateway is not None:
            words += f" via {format_address(hop.gateway).decode()}"
        if hop.link is not None and ROUTE_KINDS[route.kind] in ON_LINKS:
            words += f" on {hop.link}"
        if hop.weight != 1:
            words += f" weight {hop.weight}"
    if route.metric:
        words += f" metric {route.metric}"
    words = " ".join([words, *write_words({word: row.shape for word, row in METRICS.items()}, route.metrics)])
    return words if route.table == RT_TABLE_MAIN else f"{words} in table {route.table}"


def until_ipv6_is_on(link: str, answer: Answer) -> tuple[Awaited, ...]:
    """Return what may turn IPv6 on for a link, of which rtnetlink says nothing, if that is why the kernel refused."""
    if answer.errno != errno.EACCES:
        return ()
    return (Awaited(PATHS, tuple(f"/proc/sys/net/ipv6/conf/{where}/disable_ipv6" for where in (link, "all"))),)


def needs_of(wish: Route, links: tuple[int, ...]) -> tuple[Awaited, ...]:
    """Return what may come so that the kernel takes a route: a link that is up, addresses, a way to its gateway."""
    needs = [Awaited(ADDRESSES, ifindex) for ifindex in links or (0,)]
    needs += [Awaited(LINK, ifindex) for ifindex in links]
    gateways = dict.fromkeys([wish.gateway, *(hop.gateway for hop in wish.hops)])
    needs += [Awaited(WAY, gateway) for gateway in gateways if gateway is not None]
    if wish.source:
        needs.append(Awaited(ADDRESS, wish.source))
    return tuple(needs)


def refused_route(wish: Route, answer: Answer, links: tuple[int, ...]) -> Unavailable:
    """Return the error for a route that the kernel did not take."""
    network = mask_bits(wish.destination, wish.prefix)
    if answer.errno == errno.EINVAL and network != wish.destination:
        whole = network_words(network, wish.prefix)
        reason = f"{format_address(wish.destination).decode()} is one address in {whole}: write the network"
        return Unavailable(f"add route {spec_words(wish)}", reason, answer.errno)
    if answer.errno == errno.EHOSTUNREACH and not answer.text and wish.gateway is not None:  # as IPv6 says it
        answer = answer._replace(text=f"there is no way to the gateway: {_OFF_LINK}")
    awaits = (*needs_of(wish, links), *until_ipv6_is_on(wish.link or "", answer))
    return refused(f"add route {spec_words(wish)}", answer, ROUTE_WORDS, *awaits)
