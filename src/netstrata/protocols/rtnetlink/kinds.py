"""What the options of each kind of link are to the kernel: an attribute, and the form of its value.

Options have iproute2's names and arrive as the kernel's numbers; links arrive as indexes.
Source: linux/if_link.h, linux/if_tun.h, linux/if_tunnel.h, linux/if_vlan.h.
"""

from collections.abc import Mapping
from struct import Struct
from typing import Final, NamedTuple, Union

from netstrata.protocols.rtnetlink.constants import IFLA_NUM_RX_QUEUES, IFLA_NUM_TX_QUEUES
from netstrata.protocols.rtnetlink.wire import attribute, attributes

Given = Union[int, bytes, list[bytes]]
Attributes = dict[int, bytes]  # value by type, without padding


class Field(NamedTuple):
    """Where an option's value stands."""

    attribute: int
    form: Struct | None  # None: bytes as they are
    attribute6: int = 0  # for an IPv6 address, if it is another one
    bit: int = 0  # of two words: flags, and which of them are meant; of one word, if it has a form of its own
    marked: tuple[int, int] = (0, 0)  # the attribute and the bit, in network order, that say that there is a value
    element: int | None = None  # what each of several is called; None: its number


_U8 = Struct("=B")
_U16 = Struct("=H")
_U32 = Struct("=I")
_U64 = Struct("=Q")
_NETWORK16 = Struct("!H")
_NETWORK32 = Struct("!I")
_FLAGS = Struct("=II")


def _fields(form: Struct, **attributes: int) -> dict[str, Field]:
    return {name: Field(number, form) for name, number in attributes.items()}


_GRE: Final[dict[str, Field]] = {
    **_fields(_U32, dev=1, fwmark=20),
    **_fields(_U8, ttl=8, tos=9, pmtudisc=10, ignore_df=19),
    "ikey": Field(4, _NETWORK32, marked=(2, 0x2000)),
    "okey": Field(5, _NETWORK32, marked=(3, 0x2000)),
    **{f"{way}{name}": Field(number, _NETWORK16, bit=bit)
       for way, number in (("i", 2), ("o", 3)) for name, bit in (("csum", 0x8000), ("seq", 0x1000))},
    "local": Field(6, None),
    "remote": Field(7, None),
}  # fmt: skip
_IP6GRE: Final[dict[str, Field]] = {**_GRE, "encaplimit": Field(11, _U8), "flowlabel": Field(12, _NETWORK32)}
_IPTUN: Final[dict[str, Field]] = {
    **_fields(_U32, dev=1, fwmark=20),
    **_fields(_U8, ttl=4, tos=5, mode=9, pmtudisc=10),
    "local": Field(2, None),
    "remote": Field(3, None),
}
_VTI: Final[dict[str, Field]] = {
    **_fields(_U32, dev=1, fwmark=6),
    **_fields(_NETWORK32, ikey=2, okey=3),
    "local": Field(4, None),
    "remote": Field(5, None),
}

# Kinds whose links come in pairs; each has the other end under the attribute PEER_INFO.
PAIRS: Final = frozenset(("veth", "netkit"))

# Attributes of the link itself, not of its kind.
COMMON: Final[dict[str, Field]] = _fields(_U32, numtxqueues=IFLA_NUM_TX_QUEUES, numrxqueues=IFLA_NUM_RX_QUEUES)

KINDS: Final[dict[str, dict[str, Field]]] = {
    "bridge": {
        **_fields(
            _U32, forward_delay=1, hello_time=2, max_age=3, ageing_time=4, stp_state=5, mcast_hash_max=27
        ),
        **_fields(_U16, priority=6, group_fwd_mask=9, vlan_default_pvid=39),
        **_fields(
            _U8, vlan_filtering=7, mcast_router=22, mcast_snooping=23, mcast_query_use_ifaddr=24, mcast_querier=25,
            nf_call_iptables=36, nf_call_ip6tables=37, nf_call_arptables=38, vlan_stats_enabled=41,
            mcast_stats_enabled=42, mcast_igmp_version=43, mcast_mld_version=44,
        ),
        **_fields(_NETWORK16, vlan_protocol=8),
    },
    "veth": {},
    "dummy": {},
    "wireguard": {},
    "vlan": {
        **_fields(_U16, id=1),
        **_fields(_NETWORK16, protocol=5),
        "reorder_hdr": Field(2, _FLAGS, bit=1),
        "gvrp": Field(2, _FLAGS, bit=2),
        "loose_binding": Field(2, _FLAGS, bit=4),
        "mvrp": Field(2, _FLAGS, bit=8),
        "egress-qos-map": Field(3, None, element=1),
        "ingress-qos-map": Field(4, None, element=1),
    },
    "vxlan": {
        **_fields(_U32, id=1, dev=3, ageing=8, maxaddress=9),
        **_fields(
            _U8, ttl=5, tos=6, learning=7, proxy=11, rsc=12, l2miss=13, l3miss=14, udpcsum=18, udp6zerocsumtx=19,
            udp6zerocsumrx=20, external=25,
        ),
        **_fields(_NETWORK16, dstport=15),
        "group": Field(2, None, 16),
        "remote": Field(2, None, 16),
        "local": Field(4, None, 17),
    },
    "macvlan": _fields(_U32, mode=1),
    "ipvlan": {**_fields(_U16, mode=1), "flags": Field(2, _U16)},
    "gre": _GRE,
    "gretap": _GRE,
    "ip6gre": _IP6GRE,
    "ip6gretap": _IP6GRE,
    "ipip": _IPTUN,
    "sit": _IPTUN,
    "ip6tnl": {**_IPTUN, "encaplimit": Field(6, _U8), "flowlabel": Field(7, _NETWORK32)},
    "xfrm": _fields(_U32, dev=1, if_id=2),
    "vti": _VTI,
    "vti6": _VTI,
    "geneve": {
        **_fields(_U32, id=1),
        **_fields(_U8, ttl=3, tos=4, udpcsum=8, udp6zerocsumtx=9, udp6zerocsumrx=10, df=13),
        **_fields(_NETWORK16, dstport=5),
        "flowlabel": Field(11, _NETWORK32),
        "remote": Field(2, None, 7),
    },
    "netkit": _fields(_U32, policy=3, peer_policy=4, mode=5),
    "macsec": {
        **_fields(
            _U8, icvlen=3, encodingsa=6, encrypt=7, protect=8, send_sci=9, end_station=10, scb=11, replay=12,
            validate=13,
        ),
        "cipher": Field(4, _U64),
        "window": Field(5, _U32),
    },
    "vrf": _fields(_U32, table=1),
    "bond": {
        **_fields(
            _U8, mode=1, use_carrier=6, primary_reselect=12, fail_over_mac=13, xmit_hash_policy=14, num_grat_arp=16,
            all_slaves_active=17, lacp_rate=21, ad_select=22, tlb_dynamic_lb=27, lacp_active=29,
        ),
        **_fields(
            _U32, miimon=3, updelay=4, downdelay=5, arp_interval=7, primary=11, resend_igmp=15, min_links=18,
            packets_per_slave=20,
        ),
        "arp_ip_target": Field(8, None),
    },
    "tun": {
        **_fields(_U32, user=1, group=2),
        **_fields(_U8, mode=3, pi=4, vnet_hdr=5, multi_queue=7),
    },
}  # fmt: skip

PORTS: Final[dict[str, dict[str, Field]]] = {
    "bridge": {
        **_fields(_U16, priority=2, group_fwd_mask=31),
        **_fields(_U32, cost=3),
        **_fields(
            _U8, hairpin=4, guard=5, root_block=6, fastleave=7, learning=8, flood=9, proxy_arp=10, proxy_arp_wifi=12,
            mcast_router=25, mcast_flood=27, mcast_to_unicast=28, vlan_tunnel=29, bcast_flood=30, neigh_suppress=32,
            isolated=33, locked=39, mab=40, neigh_vlan_suppress=43,
        ),
        **_fields(_U32, backup_port=34, mcast_max_groups=42),
    },
    "bond": {},
    "vrf": {},
}  # fmt: skip


def encode_options(fields: Mapping[str, Field], options: Mapping[str, Given]) -> Attributes:
    """Return the attributes that options are; several flags of one attribute are put together."""
    found: Attributes = {}
    for name, value in options.items():
        number, form, number6, bit, (mark, mark_bit), element = fields[name]
        if mark:
            found[mark] = _or(found.get(mark), _NETWORK16, mark_bit)
        if isinstance(value, list):
            pieces = (attribute(index if element is None else element, one) for index, one in enumerate(value))
            found[number] = b"".join(pieces)
        elif isinstance(value, bytes):
            found[number6 if len(value) == 16 and number6 else number] = value
        elif bit and form is not None and form is not _FLAGS:
            found[number] = _or(found.get(number), form, bit * (value != 0))
        elif bit:
            flags, mask = _FLAGS.unpack(found.get(number, bytes(8)))
            found[number] = _FLAGS.pack(flags | bit * (value != 0), mask | bit)
        elif form is not None:
            found[number] = form.pack(value)
    return found


def _or(word: bytes | None, form: Struct, bit: int) -> bytes:
    return form.pack((form.unpack(word)[0] if word else 0) | bit)


def differing(fields: Mapping[str, Field], options: Mapping[str, Given], shown: Attributes) -> list[str]:
    """Return the names of the options that stand otherwise than they were asked for."""
    names: list[str] = []
    for name, value in options.items():
        field = fields[name]
        wanted = encode_options({name: field._replace(marked=(0, 0))}, {name: value})
        if not all(_is_met(field, piece, shown.get(number)) for number, piece in wanted.items()):
            names.append(name)
    return names


def _is_met(field: Field, wanted: bytes, shown: bytes | None) -> bool:
    if shown is None:
        # What the kernel does not show is nothing, off, or as it was: only something else than that is missed.
        return not any(wanted)
    if field.bit and field.form is not None and field.form is not _FLAGS:
        return bool(field.form.unpack(shown)[0] & field.bit) is any(wanted)
    if field.bit and len(shown) == 8:
        flags, mask = _FLAGS.unpack(wanted)
        return bool(_FLAGS.unpack(shown)[0] & mask == flags)
    if field.element is not None:  # the kernel has an order of its own
        return _elements(wanted) == _elements(shown)
    return wanted == shown


def _elements(packed: bytes) -> list[bytes]:
    return sorted(packed[first:last] for _, first, last in attributes(packed, 0, len(packed)))
