"""The shapes of what statements say of the links that they make: iproute2's words, the kernel's numbers.

Source: ip-link(8); linux/if_link.h, linux/if_bonding.h.
"""

import re
from struct import Struct
from typing import Annotated, Any

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import IPV4_LIST, LINK, NAME, number_shape
from netstrata.contract.shapes.dhcp import MAC
from netstrata.values import List, Value, format_address, parse_address, parse_number

IPV6_MIN_MTU = 1280  # bytes


def whole(name: str, least: int, most: int, of: str = "") -> Shape[int]:
    """Make the shape of a whole number whose meaning is its bounds."""
    return number_shape(name, f"whole{of}, {least} to {most}", least, most)


def choice(name: str, words: dict[str, int]) -> Shape[int]:
    """Make the shape of one of some words, each of which is a number to the kernel."""
    numbers = {word.encode(): number for word, number in words.items()}
    first = next(iter(words))

    def read(value: Value) -> int | None:
        return numbers.get(value) if isinstance(value, bytes) else None

    def write(number: int) -> Value:
        return next(word for word, other in numbers.items() if other == number)

    return Shape(name, " or ".join(words), read, write, (f'"{first}"',), ('"no such word"', "{}"))


def ipv6_of(link: Value) -> Value:
    """Return what a link's IPv6 addresses and routes are lost with: see `Roles.keeps`."""
    return List([b"the IPv6 configuration of", link])


def is_below_ipv6(mtu: Value) -> bool:
    """Say whether with an MTU a link has no IPv6.

    Source: RFC 8200 section 5; Linux, net/ipv6/addrconf.c, NETDEV_CHANGEMTU.
    """
    size = parse_number(mtu) if isinstance(mtu, bytes) else None
    return size is not None and size < IPV6_MIN_MTU


def _switch(value: Value) -> int | None:
    if value in (b"on", b"1", b"true"):
        return 1
    return 0 if value in (b"off", b"0", b"false") else None


def _address(value: Value) -> bytes | None:
    return parse_address(value) if isinstance(value, bytes) else None


def _own_mac(value: Value) -> bytes | None:
    mac = MAC.read(value)
    return mac if mac is not None and not mac[0] & 1 and any(mac) else None


SWITCH = Shape[int](
    "a switch", "on or off", _switch, lambda on: b"on" if on else b"off", ('"on"', '"off"', '"1"'), ('"yes"', "{}")
)
ADDRESS = Shape[bytes](
    "an address", "such as 192.0.2.1 or 2001:db8::1", _address, format_address,
    ('"192.0.2.1"', '"2001:db8::1"'), ('"192.0.2"', "{}"),
)  # fmt: skip
OWN_MAC = Shape[bytes](
    "an Ethernet address of a link", "such as 02:00:00:00:0A:01, not all zero and not a group's",
    _own_mac, MAC.write, ('"02:00:00:00:0A:01"',), ('"01:00:5E:00:00:01"', '"00:00:00:00:00:00"', '"02"', "{}"),
)  # fmt: skip
MTU = whole("an MTU", 68, 65535, " bytes")
VLAN_ID = whole("a VLAN id", 0, 4094)
TABLE = choice("a table's name", {"main": 254, "local": 255, "default": 253})
_PROTOCOL = choice("a VLAN protocol", {"802.1Q": 0x8100, "802.1ad": 0x88A8})
_MULTICAST_ROUTER = whole("a multicast router's kind", 0, 2)


def _table(value: Value) -> int | str | None:
    found = TABLE.read(value) or _TABLE_NUMBER.read(value)
    if found is None and isinstance(value, bytes) and _TABLE_NAME.fullmatch(value):
        return value.decode("ascii")
    return found


def _write_table(table: int | str) -> Value:
    if isinstance(table, str):
        return table.encode("ascii")
    return TABLE.write(table) if table in (253, 254, 255) else b"%d" % table


_TABLE_NUMBER = whole("a table", 1, 2**32 - 1)
_TABLE_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
TABLE_ID = Shape[int | str](
    "a routing table", "whole, 1 to 4294967295, or main, local, default, or a name of /etc/iproute2/rt_tables",
    _table, _write_table, ('"7"', '"main"', '"wan"'), ('"0"', '"4294967296"', '"my table"', '"7x"', "{}"),
)  # fmt: skip


def _alias(value: Value) -> bytes | None:
    if not isinstance(value, bytes) or len(value) > 255 or any(byte < 32 or byte == 127 for byte in value):
        return None
    return value


def _same(value: bytes) -> Value:
    return value


def _group(value: Value) -> int | None:
    return 0 if value == b"default" else _GROUP_NUMBER.read(value)


_GROUP_NUMBER = whole("a group", 0, 2**32 - 1)
GROUP = Shape[int](
    "a group of links", "whole, 0 to 4294967295, or default, which is 0",
    _group, lambda group: b"%d" % group if group else b"default",
    ('"7"', '"default"'), ('"4294967296"', '"mine"', "{}"),
)  # fmt: skip
ALIAS = Shape[bytes](
    "an alias", "up to 255 bytes, one line", _alias, _same, ('"uplink to the cellar"', '""'), (r'"a\nb"', "{}")
)


def _switches(*names: str) -> dict[str, Shape[Any]]:
    return dict.fromkeys(names, SWITCH)


def _qos_map(name: str, means: str, most_from: int, most_to: int) -> Shape[list[bytes]]:
    """Make the shape of a map of priorities, which is to the kernel pairs of numbers."""

    def pair(value: Value) -> bytes | None:
        word, colon, other = value.partition(b":") if isinstance(value, bytes) else (b"", b"", b"")
        begin, end = parse_number(word, most_from), parse_number(other, most_to)
        return _PAIR.pack(begin, end) if colon and begin is not None and end is not None else None

    def read(value: Value) -> list[bytes] | None:
        pairs = [pair(one) for one in value.elements()] if isinstance(value, List) else [None]
        found = [one for one in pairs if one is not None]
        return found if len({one[:4] for one in found}) == len(pairs) else None

    def write(pairs: list[bytes]) -> Value:
        return List([b"%d:%d" % _PAIR.unpack(one) for one in pairs])

    return Shape(
        name, means, read, write, ('{"0:1", "6:7"}',), ('{"0:4294967296"}', '{"0:1", "0:2"}', '{"0"}', '"0:1"')
    )


_PAIR = Struct("=II")
EGRESS_MAP = _qos_map("a map of priorities", 'priority:PCP, such as {"0:1", "6:7"}, each priority once', 2**32 - 1, 7)
INGRESS_MAP = _qos_map("a map of priorities", 'PCP:priority, such as {"1:0", "7:6"}, each PCP once', 7, 2**32 - 1)
BRIDGE_OPTIONS = OptionsShape(
    "bridge options",
    {
        **_switches(
            "mcast_querier", "mcast_query_use_ifaddr", "mcast_snooping", "mcast_stats_enabled", "nf_call_arptables",
            "nf_call_ip6tables", "nf_call_iptables", "stp_state", "vlan_filtering", "vlan_stats_enabled",
        ),
        "ageing_time": whole("a time", 0, 2**31 - 1, " hundredths of a second"),
        "forward_delay": whole("a time", 200, 3000, " hundredths of a second"),
        "group_fwd_mask": whole("a mask", 0, 65535),
        "hello_time": whole("a time", 100, 1000, " hundredths of a second"),
        "max_age": whole("a time", 600, 4000, " hundredths of a second"),
        "mcast_hash_max": whole("a size", 1, 2**31 - 1),
        "mcast_igmp_version": whole("a version", 2, 3),
        "mcast_mld_version": whole("a version", 1, 2),
        "mcast_router": _MULTICAST_ROUTER,
        "priority": whole("a bridge priority", 0, 65535),
        "vlan_default_pvid": whole("a VLAN id", 0, 4094),
        "vlan_protocol": _PROTOCOL,
    },
    ('["stp_state": "on", "forward_delay": "200"]', "[]"),
    ('["stp": "on"]', '["stp_state": "perhaps"]', '["forward_delay": "1"]', "{}", '[{}: "on"]'),
)  # fmt: skip
BRIDGE_PORT_OPTIONS = OptionsShape(
    "bridge port options",
    {
        **_switches(
            "bcast_flood", "fastleave", "flood", "guard", "hairpin", "isolated", "learning", "locked", "mcast_flood",
            "mab", "mcast_to_unicast", "neigh_suppress", "neigh_vlan_suppress", "proxy_arp", "proxy_arp_wifi",
            "root_block", "vlan_tunnel",
        ),
        "backup_port": LINK,
        "group_fwd_mask": whole("a mask", 0, 65535),
        "mcast_max_groups": whole("a number of groups", 0, 2**32 - 1),
        "cost": whole("a path cost", 1, 65535),
        "mcast_router": _MULTICAST_ROUTER,
        "priority": whole("a port priority", 0, 63),
    },
    ('["hairpin": "on", "cost": "10"]', "[]"), ('["cost": "0"]', '["hair": "on"]', "{}"),
)  # fmt: skip
VETH_OPTIONS = OptionsShape(
    "veth options",
    {"numrxqueues": whole("a number of queues", 1, 4096), "numtxqueues": whole("a number of queues", 1, 4096)},
    ('["numtxqueues": "2"]', "[]"), ('["numtxqueues": "0"]', '["queues": "2"]', "{}"),
)  # fmt: skip
VLAN_OPTIONS = OptionsShape(
    "VLAN options",
    {
        **_switches("gvrp", "loose_binding", "mvrp", "reorder_hdr"),
        "egress-qos-map": EGRESS_MAP,
        "ingress-qos-map": INGRESS_MAP,
        "protocol": _PROTOCOL,
    },
    ('["protocol": "802.1ad"]', '["egress-qos-map": {"0:1", "6:7"}]', "[]"),
    ('["protocol": "802.1x"]', '["id": "7"]', '["egress-qos-map": "0:8"]', "{}"),
)  # fmt: skip
VXLAN_OPTIONS = OptionsShape(
    "VXLAN options",
    {
        **_switches(
            "external", "l2miss", "l3miss", "learning", "proxy", "rsc", "udp6zerocsumrx", "udp6zerocsumtx", "udpcsum",
        ),
        "ageing": whole("a time", 0, 2**31 - 1, " seconds"),
        "dev": LINK,
        "dstport": whole("a port", 1, 65535),
        "group": ADDRESS,
        "id": whole("a network's id", 0, 2**24 - 1),
        "local": ADDRESS,
        "maxaddress": whole("a number of addresses", 0, 2**32 - 1),
        "remote": ADDRESS,
        "tos": whole("a type of service", 0, 255),
        "ttl": whole("a time to live", 0, 255),
    },
    ('["id": "7", "remote": "192.0.2.1", "dstport": "4789"]',), ("[]", '["id": "16777216"]', "{}"), ("id",),
)  # fmt: skip
BOND_OPTIONS = OptionsShape(
    "bond options",
    {
        **_switches("all_slaves_active", "lacp_active", "tlb_dynamic_lb", "use_carrier"),
        "ad_select": choice("a selection", {"stable": 0, "bandwidth": 1, "count": 2}),
        "arp_interval": whole("a time", 0, 2**31 - 1, " milliseconds"),
        "arp_ip_target": IPV4_LIST,
        "downdelay": whole("a time", 0, 2**31 - 1, " milliseconds"),
        "fail_over_mac": choice("a choice", {"none": 0, "active": 1, "follow": 2}),
        "lacp_rate": choice("a rate", {"slow": 0, "fast": 1}),
        "miimon": whole("a time", 0, 2**31 - 1, " milliseconds"),
        "min_links": whole("a number of links", 0, 2**31 - 1),
        "mode": choice("a mode", {
            "balance-rr": 0, "active-backup": 1, "balance-xor": 2, "broadcast": 3, "802.3ad": 4, "balance-tlb": 5,
            "balance-alb": 6,
        }),
        "num_grat_arp": whole("a number of packets", 0, 255),
        "packets_per_slave": whole("a number of packets", 0, 65535),
        "primary": LINK,
        "primary_reselect": choice("a choice", {"always": 0, "better": 1, "failure": 2}),
        "resend_igmp": whole("a number of packets", 0, 255),
        "updelay": whole("a time", 0, 2**31 - 1, " milliseconds"),
        "xmit_hash_policy": choice("a policy", {
            "layer2": 0, "layer3+4": 1, "layer2+3": 2, "encap2+3": 3, "encap3+4": 4, "vlan+srcmac": 5,
        }),
    },
    ('["mode": "active-backup", "miimon": "100"]', '["arp_ip_target": {"192.0.2.1"}]', "[]"),
    ('["mode": "1"]', '["slaves": "2"]', "{}"),
)  # fmt: skip
TUN_OPTIONS = OptionsShape(
    "tun options", {**_switches("multi_queue", "pi", "vnet_hdr"), "group": NAME, "user": NAME},
    ('["user": "root"]', '["user": "0", "pi": "on"]', "[]"), ('["owner": "root"]', '["pi": "maybe"]', "{}"),
)  # fmt: skip
TUN_MODE = choice("a mode", {"tun": 1, "tap": 2})
MACVLAN_MODE = choice("a mode", {"vepa": 2, "private": 1, "bridge": 4, "passthru": 8})

Mtu = Annotated[int, MTU]  # what docs/extending.md shows to other people's packages
Mac = Annotated[bytes, OWN_MAC]
Address = Annotated[bytes, ADDRESS]
VlanId = Annotated[int, VLAN_ID]
Table = Annotated[int | str, TABLE_ID]
TunMode = Annotated[int, TUN_MODE]
MacvlanMode = Annotated[int, MACVLAN_MODE]
BridgeOptions = Annotated[Options, BRIDGE_OPTIONS]
BridgePortOptions = Annotated[Options, BRIDGE_PORT_OPTIONS]
VethOptions = Annotated[Options, VETH_OPTIONS]
VlanOptions = Annotated[Options, VLAN_OPTIONS]
VxlanOptions = Annotated[Options, VXLAN_OPTIONS]
BondOptions = Annotated[Options, BOND_OPTIONS]
TunOptions = Annotated[Options, TUN_OPTIONS]
