"""The kinds of links that the model can make, with what the kernel makes of no option.

The numbers are what `ip -d link` of iproute2 6.1 shows on Linux 6.18.
"""

import errno
from collections.abc import Callable, Iterable
from typing import NamedTuple

from netstrata.protocols.rtnetlink import KINDS, PORTS, encode_options
from netstrata.protocols.rtnetlink.kinds import Given
from netstrata.testing.model.link import ModelLink
from netstrata.testing.model.messages import Attributes, NotModelled, Refusal, number

_VXLAN_ID, _VXLAN_GROUP, _VXLAN_LOCAL, _VXLAN_PORT, _VXLAN_GROUP6, _VXLAN_LOCAL6, _VXLAN_EXTERNAL = (
    1,
    2,
    4,
    15,
    16,
    17,
    25,
)
_VXLAN_LINK = 3
_PORT_PRIORITY, _PORT_COST = 2, 3


class Kind(NamedTuple):
    """What is special about a kind: its options, known and as they are at first, and what is checked."""

    known: frozenset[int]
    at_first: Attributes
    check: Callable[[Attributes, Iterable[ModelLink]], None] = lambda data, links: None


def _defaults(kind: str, **options: Given) -> Attributes:
    return encode_options(KINDS[kind], options)


def _check_vxlan(data: Attributes, links: Iterable[ModelLink]) -> None:
    """Refuse what vxlan_config_validate refuses."""
    local, group = data.keys() & {_VXLAN_LOCAL, _VXLAN_LOCAL6}, data.keys() & {_VXLAN_GROUP, _VXLAN_GROUP6}
    if local and group and (_VXLAN_LOCAL in data) != (_VXLAN_GROUP in data):
        raise Refusal(errno.EINVAL, "Local and remote address must be from the same family")
    for other in links:
        if other.kind == "vxlan" and all(other.data.get(n) == data.get(n) for n in (_VXLAN_ID, _VXLAN_PORT)):
            raise Refusal(errno.EEXIST, "A VXLAN device with the specified VNI already exists")


KINDS_MODELLED = {
    "veth": Kind(frozenset({1}), {}),
    "dummy": Kind(frozenset(), {}),
    "ifb": Kind(frozenset(), {}),
    "bridge": Kind(
        frozenset(field.attribute for field in KINDS["bridge"].values()),
        _defaults(
            "bridge", forward_delay=1500, hello_time=200, max_age=2000, ageing_time=30000, stp_state=0,
            priority=32768, group_fwd_mask=0, mcast_router=1, mcast_snooping=1, mcast_query_use_ifaddr=0,
            mcast_querier=0, mcast_hash_max=4096, nf_call_iptables=0, nf_call_ip6tables=0, nf_call_arptables=0,
            mcast_stats_enabled=0, mcast_igmp_version=2, mcast_mld_version=1,
        ),
    ),
    "vxlan": Kind(
        frozenset({*(field.attribute for field in KINDS["vxlan"].values()), _VXLAN_GROUP6, _VXLAN_LOCAL6}),
        _defaults("vxlan", id=0, ttl=0, tos=0, learning=1, ageing=300, maxaddress=0, dstport=8472, udpcsum=1),
        _check_vxlan,
    ),
}  # fmt: skip

_OTHERS = frozenset((*KINDS, "ipvlan", "macvtap", "gre", "gretap", "ipip", "sit", "wireguard", "geneve"))

BRIDGE_PORT = encode_options(
    PORTS["bridge"],
    {
        "priority": 32, "cost": 2, "hairpin": 0, "guard": 0, "root_block": 0, "fastleave": 0, "learning": 1, "flood": 1,
        "proxy_arp": 0, "proxy_arp_wifi": 0, "mcast_router": 1, "mcast_flood": 1, "mcast_to_unicast": 0,
        "bcast_flood": 1, "neigh_suppress": 0, "vlan_tunnel": 0, "isolated": 0, "locked": 0,
    },
)  # fmt: skip


def kind_of(name: str) -> Kind:
    """Return a kind.

    Raises: Refusal if no kernel has it; NotModelled if the model alone lacks it.
    """
    found = KINDS_MODELLED.get(name)
    if found is None and name in _OTHERS:
        raise NotModelled(f"links of the kind {name}")
    if found is None:
        raise Refusal(errno.EOPNOTSUPP, "Unknown device type")
    return found


def lower_link(kind: str, data: Attributes) -> int:
    """Return the index of the link that one stands on by its options."""
    return number(data[_VXLAN_LINK]) if kind == "vxlan" and _VXLAN_LINK in data else 0


def check_port(data: Attributes) -> None:
    """Refuse what the kernel refuses of a bridge's port.

    Raises: Refusal; NotModelled.
    """
    unknown = data.keys() - BRIDGE_PORT.keys()
    if unknown:
        raise NotModelled(f"a bridge's port with the attributes {sorted(unknown)}")
    if _PORT_COST in data and not 1 <= number(data[_PORT_COST]) <= 65535:
        raise Refusal(errno.ERANGE)
    if _PORT_PRIORITY in data and number(data[_PORT_PRIORITY]) > 63:
        raise Refusal(errno.ERANGE)
