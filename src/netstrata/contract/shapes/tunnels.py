"""The shapes of what statements say of tunnels and other links over links: iproute2's words, the kernel's numbers.

Source: ip-link(8), ip-macsec(8); linux/if_tunnel.h, linux/if_macsec.h.
"""

from typing import Annotated, Any

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import IPV4, IPV6, LINK
from netstrata.contract.shapes.link import ADDRESS, SWITCH, choice, whole

_KEY = whole("a key", 0, 2**32 - 1)
_COMMON: dict[str, Shape[Any]] = {
    "dev": LINK,
    "fwmark": whole("a mark", 0, 2**32 - 1),
    "tos": whole("a type of service", 0, 255),
    "ttl": whole("a time to live", 0, 255),
}
_OVER_IPV4: dict[str, Shape[Any]] = {**_COMMON, "local": IPV4, "pmtudisc": SWITCH, "remote": IPV4}
_OVER_IPV6: dict[str, Shape[Any]] = {
    **_COMMON,
    "encaplimit": whole("a limit", 0, 255),
    "flowlabel": whole("a flow label", 0, 2**20 - 1),
    "local": IPV6,
    "remote": IPV6,
}
_KEYS: dict[str, Shape[Any]] = dict.fromkeys(("ikey", "key", "okey"), _KEY)
_GRE: dict[str, Shape[Any]] = {
    **dict.fromkeys(("csum", "icsum", "iseq", "ocsum", "oseq", "seq"), SWITCH),
    **_KEYS,
}
_GOOD4, _BAD4 = ('["remote": "192.0.2.1", "ttl": "64"]', "[]"), ('["remote": "2001:db8::1"]', '["to": "x"]', "{}")
_GOOD6, _BAD6 = ('["remote": "2001:db8::1"]', "[]"), ('["remote": "192.0.2.1"]', '["ttl": "256"]', "{}")

GRE_OPTIONS = OptionsShape("GRE options", {**_OVER_IPV4, **_GRE, "ignore_df": SWITCH}, _GOOD4, _BAD4)
IP6GRE_OPTIONS = OptionsShape("GRE options", {**_OVER_IPV6, **_GRE}, _GOOD6, _BAD6)
IPIP_OPTIONS = OptionsShape(
    "IPIP options", {**_OVER_IPV4, "mode": choice("a mode", {"ipip": 4, "mplsip": 137, "any": 0})}, _GOOD4, _BAD4
)
SIT_OPTIONS = OptionsShape(
    "SIT options", {**_OVER_IPV4, "mode": choice("a mode", {"ip6ip": 41, "ipip": 4, "mplsip": 137, "any": 0})},
    _GOOD4, _BAD4,
)  # fmt: skip
IP6TNL_OPTIONS = OptionsShape(
    "IPv6 tunnel options", {**_OVER_IPV6, "mode": choice("a mode", {"ip6ip6": 41, "ipip6": 4, "any": 0})},
    _GOOD6, _BAD6,
)  # fmt: skip
IPVLAN_MODE = choice("a mode", {"l2": 0, "l3": 1, "l3s": 2})
IPVLAN_REACH = choice("who reaches whom", {"bridge": 0, "private": 1, "vepa": 2})
XFRM_OPTIONS = OptionsShape(
    "XFRM options", {"dev": LINK, "if_id": whole("an interface id", 1, 2**32 - 1)}, ('["if_id": "7"]',),
    ('["if_id": "0"]', "[]", "{}"), ("if_id",),
)  # fmt: skip
_VTI: dict[str, Shape[Any]] = {"dev": LINK, "fwmark": _COMMON["fwmark"], **_KEYS}
VTI_OPTIONS = OptionsShape(
    "VTI options", {**_VTI, "local": IPV4, "remote": IPV4}, ('["remote": "192.0.2.1", "key": "7"]', "[]"), _BAD4
)
VTI6_OPTIONS = OptionsShape(
    "VTI options", {**_VTI, "local": IPV6, "remote": IPV6}, ('["remote": "2001:db8::1", "key": "7"]', "[]"), _BAD6
)
GENEVE_OPTIONS = OptionsShape(
    "GENEVE options",
    {
        "df": choice("whether packets may not be split", {"unset": 0, "set": 1, "inherit": 2}),
        "dstport": whole("a port", 1, 65535),
        "flowlabel": _OVER_IPV6["flowlabel"],
        "id": whole("an id", 0, 2**24 - 1),
        "remote": ADDRESS,
        "tos": _COMMON["tos"],
        "ttl": _COMMON["ttl"],
        **dict.fromkeys(("udp6zerocsumrx", "udp6zerocsumtx", "udpcsum"), SWITCH),
    },
    ('["id": "42", "remote": "192.0.2.2"]', '["id": "42", "remote": "2001:db8::2", "df": "set"]'),
    ('["id": "42"]', '["remote": "192.0.2.2"]', '["id": "16777216", "remote": "192.0.2.2"]', "{}"),
    ("id", "remote"),
)
_NETKIT_POLICY = choice("what becomes of packets that no program looks at", {"forward": 0, "blackhole": 2})
NETKIT_OPTIONS = OptionsShape(
    "netkit options",
    {"mode": choice("a mode", {"l2": 0, "l3": 1}), "peer_policy": _NETKIT_POLICY, "policy": _NETKIT_POLICY},
    ('["mode": "l2", "peer_policy": "blackhole"]', "[]"), ('["mode": "l4"]', '["policy": "drop"]', "{}"),
)  # fmt: skip
MACSEC_OPTIONS = OptionsShape(
    "MACsec options",
    {
        **dict.fromkeys(("encrypt", "end_station", "protect", "replay", "scb", "send_sci"), SWITCH),
        "cipher": choice("a cipher", {
            "gcm-aes-128": 0x0080C20001000001, "gcm-aes-256": 0x0080C20001000002, "gcm-aes-xpn-128": 0x0080C20001000003,
            "gcm-aes-xpn-256": 0x0080C20001000004,
        }),
        "encodingsa": whole("a number of a secure association", 0, 3),
        "icvlen": whole("a length", 8, 16, " bytes"),
        "validate": choice("what is done with what is not valid", {"disabled": 0, "check": 1, "strict": 2}),
        "window": whole("a window", 0, 2**32 - 1, " packets"),
    },
    ('["encrypt": "on", "cipher": "gcm-aes-256"]', "[]"), ('["cipher": "aes"]', '["icvlen": "7"]', "{}"),
)  # fmt: skip

GreOptions = Annotated[Options, GRE_OPTIONS]
Ip6GreOptions = Annotated[Options, IP6GRE_OPTIONS]
IpipOptions = Annotated[Options, IPIP_OPTIONS]
SitOptions = Annotated[Options, SIT_OPTIONS]
Ip6TnlOptions = Annotated[Options, IP6TNL_OPTIONS]
IpvlanMode = Annotated[int, IPVLAN_MODE]
IpvlanReach = Annotated[int, IPVLAN_REACH]
XfrmOptions = Annotated[Options, XFRM_OPTIONS]
VtiOptions = Annotated[Options, VTI_OPTIONS]
Vti6Options = Annotated[Options, VTI6_OPTIONS]
GeneveOptions = Annotated[Options, GENEVE_OPTIONS]
NetkitOptions = Annotated[Options, NETKIT_OPTIONS]
MacsecOptions = Annotated[Options, MACSEC_OPTIONS]


def each_way(options: Options) -> Options:
    """Return the options of a GRE tunnel with what is said of both ways said of each."""
    both = {name: options[name] for name in ("csum", "key", "seq") if name in options}
    rest = {name: value for name, value in options.items() if name not in both}
    return {**{f"{way}{name}": value for name, value in both.items() for way in "io"}, **rest}
