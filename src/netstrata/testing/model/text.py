"""What the model holds, in the text that `testing.kernel_text` makes of what ip(8) says."""

from collections.abc import Iterable

from netstrata.protocols.rtnetlink import ROUTE_KINDS, RouteMessage, RuleMessage
from netstrata.protocols.rtnetlink.constants import AF_INET, RT_SCOPE_LINK, RT_TABLE_MAIN, RTN_UNICAST, RTPROT_KERNEL
from netstrata.protocols.rtnetlink.rules import FR_ACT_TO_TBL
from netstrata.testing.model.addresses import ModelAddress
from netstrata.testing.model.link import ModelLink
from netstrata.values import format_address

_KINDS = {number: word for word, number in ROUTE_KINDS.items()}
_OWN = ("127.0.0.1", "::1")
_TABLES = {253: "default", 254: "main", 255: "local"}
_COMMON_RULES = {(0, 255), (32766, 254), (32767, 253)}


def text_of(
    links: Iterable[ModelLink],
    addresses: Iterable[ModelAddress],
    routes: Iterable[RouteMessage],
    rules: Iterable[RuleMessage],
) -> str:
    """Return one line for each link, address, route and rule, without what the kernel makes by itself."""
    names = {link.ifindex: link.name for link in links}
    lines = sorted(_link(link, names) for link in links if not link.loopback)
    lines += sorted(line for one in addresses for line in _address(one, names))
    lines += sorted({_route(one, names) for one in routes if _is_shown(one)})
    lines += sorted(_rule(rule) for rule in rules if (rule.priority, rule.table) not in _COMMON_RULES)
    return "\n".join(lines)


def _written(address: bytes) -> str:
    return format_address(address).decode()


def _network(address: bytes, prefix: int) -> str:
    if not prefix:
        return "default"
    return _written(address) + (f"/{prefix}" if prefix < 8 * len(address) else "")


def _link(link: ModelLink, names: dict[int, str]) -> str:
    words = ["link", link.name]
    words += ["up", "carrier" if link.carrier else "no-carrier"] if link.up else ["down"]
    if link.mtu != 1500:
        words.append(f"mtu {link.mtu}")
    if link.master:
        words.append(f"master {names[link.master]}")
    return " ".join(words)


def _address(one: ModelAddress, names: dict[int, str]) -> list[str]:
    local = _written(one.local)
    if local in _OWN or one.scope == RT_SCOPE_LINK:
        return []
    peer = f" peer {_written(one.peer)}" if one.peer != one.local else ""
    return [f"addr {local}{peer}/{one.prefix} dev {names[one.ifindex]}"]


def _is_shown(route: RouteMessage) -> bool:
    return not (route.protocol == RTPROT_KERNEL and not route.gateway) and route.type in _KINDS


def _route(route: RouteMessage, names: dict[int, str]) -> str:
    words = ["route"]
    if route.type != RTN_UNICAST:
        words.append(_KINDS[route.type])
    words.append(_network(route.destination, route.prefix))
    if route.gateway:
        words += ["via", _written(route.gateway)]
    if route.ifindex:
        words += ["dev", names[route.ifindex]]
    if route.source:
        words += ["src", _written(route.source)]
    if route.metric:
        words += ["metric", str(route.metric)]
    if route.table != RT_TABLE_MAIN:
        words += ["table", _TABLES.get(route.table, str(route.table))]
    for hop in route.nexthops:
        words += ["nexthop", "via", _written(hop.gateway), "dev", names[hop.ifindex]]
    return " ".join(words)


def _rule(rule: RuleMessage) -> str:
    words = ["rule", str(rule.priority)]
    for word, address, prefix in (
        ("from", rule.source, rule.source_prefix),
        ("to", rule.destination, rule.destination_prefix),
    ):
        if prefix:
            whole = 32 if rule.family == AF_INET else 128
            words += [word, _written(address) + (f"/{prefix}" if prefix != whole else "")]
    for word, name in (("iif", rule.iif), ("oif", rule.oif)):
        if name:
            words += [word, name]
    if rule.mask:
        words += ["fwmark", f"{rule.mark:#x}"]
    looks_up = rule.action == FR_ACT_TO_TBL
    words += ["lookup", _TABLES.get(rule.table, str(rule.table))] if looks_up else [_KINDS[rule.action]]
    return " ".join(words)
