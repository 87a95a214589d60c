"""What links are like: one row for each thing that can be set, and the only place that knows it.

The words are those of `ip link set`, the values what a shape makes of a program's.
Source: ip-link(8), rtnetlink(7), linux/if_link.h, linux/if.h.
"""

from collections.abc import Callable, Iterable, Mapping
from sys import byteorder
from typing import Annotated, Any, Final, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import IPV6, LINK
from netstrata.contract.shapes.link import ALIAS, GROUP, MTU, OWN_MAC, SWITCH, choice, whole
from netstrata.protocols.rtnetlink.constants import (
    AF_INET6,
    AF_UNSPEC,
    IFF_ALLMULTI,
    IFF_MULTICAST,
    IFF_NOARP,
    IFF_PROMISC,
    IFLA_ADDRESS,
    IFLA_AF_SPEC,
    IFLA_GRO_IPV4_MAX_SIZE,
    IFLA_GRO_MAX_SIZE,
    IFLA_GROUP,
    IFLA_GSO_IPV4_MAX_SIZE,
    IFLA_GSO_MAX_SEGS,
    IFLA_GSO_MAX_SIZE,
    IFLA_IFALIAS,
    IFLA_IFNAME,
    IFLA_INET6_ADDR_GEN_MODE,
    IFLA_INET6_TOKEN,
    IFLA_LINKMODE,
    IFLA_MTU,
    IFLA_PROTO_DOWN,
    IFLA_TXQLEN,
)
from netstrata.protocols.rtnetlink.links import IFINFOMSG
from netstrata.protocols.rtnetlink.wire import U32, Malformed, Octets, attribute, attributes, text_of, u32_of
from netstrata.values import Value


class Kept(NamedTuple):
    """Where the kernel keeps a setting: in an attribute of the link, or as one of its flags."""

    attribute: int = 0  # of the link, or of what it has for IPv6
    in_inet6: bool = False
    pack: Callable[[Any], bytes] = bytes
    unpack: Callable[[bytes], Any] = bytes
    absent: Any = None  # what it is where the attribute is not shown; None: the kernel does not know such a thing
    flag: int = 0
    inverted: bool = False  # on where the flag is not


class LinkSetting(NamedTuple):
    """One thing of a link: what people call it, which values fit, where the kernel keeps it."""

    noun: str
    shape: Shape[Any]
    kept: Kept
    told: bool = True  # of each change, also of a link that is down; else it is to be looked at now and then
    along: str = ""  # what the kernel sets to the same value, if that is at most LEGACY_SIZE

    def words(self, value: Any) -> str:
        """Return a value as it is written in a program."""
        written = self.shape.write(value)
        return (written.decode("utf-8", "backslashreplace") if isinstance(written, bytes) else "") or "nothing"


def _u32(number: int) -> Kept:
    return Kept(number, False, U32.pack, lambda value: u32_of(value, 0, len(value)))


def _u8(number: int, in_inet6: bool = False) -> Kept:
    return Kept(number, in_inet6, lambda value: bytes((value,)), lambda value: int.from_bytes(value, byteorder))


def _flag(flag: int, inverted: bool = False) -> Kept:
    return Kept(flag=flag, inverted=inverted)


def _to_nul(value: bytes) -> bytes:
    return value.partition(b"\0")[0]


def _name(number: int) -> Kept:
    def pack(name: str) -> bytes:
        return name.encode("utf-8", "surrogateescape") + b"\0"

    return Kept(number, False, pack, lambda value: text_of(value, 0, len(value)))


def _token(value: Value) -> bytes | None:
    token = IPV6.read(value)
    return token if token is not None and not any(token[:8]) else None


LEGACY_SIZE: Final = 65536  # GSO_LEGACY_MAX_SIZE, GRO_LEGACY_MAX_SIZE
_SIZE = whole("a size", 1, 2**32 - 1, " bytes")
_SEGMENTS = whole("a number of segments", 1, 65535)
_LENGTH = whole("a queue's length", 0, 2**32 - 1, " packets")
_GEN_MODE = choice("a way to make addresses", {"eui64": 0, "none": 1, "stable_secret": 2, "random": 3})
_TOKEN = Shape[bytes](
    "a token", "the last 64 bits of an IPv6 address, such as ::1:2; :: is none", _token, IPV6.write,
    ('"::5"', '"::"'), ('"2001:db8::5"', '"5"'),
)  # fmt: skip

# What is told of was seen with `ip link set` and `ip monitor` on Linux 6.18.
SETTINGS: Final[dict[str, LinkSetting]] = {
    "mtu": LinkSetting("MTU", MTU, _u32(IFLA_MTU)),
    "address": LinkSetting("hardware address", OWN_MAC, Kept(IFLA_ADDRESS)),
    "name": LinkSetting("name", LINK, _name(IFLA_IFNAME)),
    "alias": LinkSetting("alias", ALIAS, Kept(IFLA_IFALIAS, unpack=_to_nul, absent=b""), told=False),
    "group": LinkSetting("group", GROUP, _u32(IFLA_GROUP), told=False),
    "txqueuelen": LinkSetting("txqueuelen", _LENGTH, _u32(IFLA_TXQLEN)),
    "gso_ipv4_max_size": LinkSetting("gso_ipv4_max_size", _SIZE, _u32(IFLA_GSO_IPV4_MAX_SIZE), False),
    "gso_max_size": LinkSetting("gso_max_size", _SIZE, _u32(IFLA_GSO_MAX_SIZE), False, "gso_ipv4_max_size"),
    "gso_max_segs": LinkSetting("gso_max_segs", _SEGMENTS, _u32(IFLA_GSO_MAX_SEGS), told=False),
    "gro_ipv4_max_size": LinkSetting("gro_ipv4_max_size", _SIZE, _u32(IFLA_GRO_IPV4_MAX_SIZE), False),
    "gro_max_size": LinkSetting("gro_max_size", _SIZE, _u32(IFLA_GRO_MAX_SIZE), False, "gro_ipv4_max_size"),
    "arp": LinkSetting("ARP", SWITCH, _flag(IFF_NOARP, inverted=True)),
    "multicast": LinkSetting("multicast", SWITCH, _flag(IFF_MULTICAST)),
    "allmulticast": LinkSetting("allmulticast", SWITCH, _flag(IFF_ALLMULTI)),
    "promisc": LinkSetting("promiscuous mode", SWITCH, _flag(IFF_PROMISC)),
    "mode": LinkSetting("mode", choice("a mode", {"default": 0, "dormant": 1}), _u8(IFLA_LINKMODE), told=False),
    "protodown": LinkSetting("protodown", SWITCH, _u8(IFLA_PROTO_DOWN), told=False),
    "addrgenmode": LinkSetting("addrgenmode", _GEN_MODE, _u8(IFLA_INET6_ADDR_GEN_MODE, in_inet6=True), told=False),
    "token": LinkSetting("token", _TOKEN, Kept(IFLA_INET6_TOKEN, in_inet6=True), told=False),
}

# What one statement may set together: all but the name, by which programs go on to call the link.
LINK_SETTINGS = OptionsShape(
    "link settings",
    {word: setting.shape for word, setting in SETTINGS.items() if word != "name"},
    ('["alias": "uplink", "txqueuelen": "500"]', "[]"),
    ('["qlen": "500"]', '["promisc": "perhaps"]', '["name": "wan"]', "{}"),
)
LinkSettings = Annotated[Options, LINK_SETTINGS]


def encode_settings(ifindex: int, values: Mapping[str, Any]) -> bytes:
    """Return the body of an RTM_NEWLINK that sets some things of a link and changes nothing else."""
    flags = change = 0
    attached = inet6 = b""
    for word, value in values.items():
        kept = SETTINGS[word].kept
        if kept.flag:
            change |= kept.flag
            flags |= kept.flag if bool(value) is not kept.inverted else 0
        elif kept.in_inet6:
            inet6 += attribute(kept.attribute, kept.pack(value))
        else:
            attached += attribute(kept.attribute, kept.pack(value))
    if inet6:
        attached += attribute(IFLA_AF_SPEC, attribute(AF_INET6, inet6))
    return IFINFOMSG.pack(AF_UNSPEC, 0, ifindex, flags, change) + attached


def decode_settings(data: Octets, start: int, end: int, words: Iterable[str]) -> dict[str, Any]:
    """Read some things of a link from the body of an RTM_NEWLINK; None is one that the kernel does not know.

    Raises: Malformed.
    """
    if end - start < IFINFOMSG.size:
        raise Malformed(f"a link in {end - start} bytes")
    shown = {(False, what): (first, last) for what, first, last in attributes(data, start + IFINFOMSG.size, end)}
    for family, first, last in attributes(data, *shown[False, IFLA_AF_SPEC]) if (False, IFLA_AF_SPEC) in shown else ():
        if family == AF_INET6:
            shown |= {(True, what): (a, b) for what, a, b in attributes(data, first, last)}
    flags: int = IFINFOMSG.unpack_from(data, start)[3]
    found: dict[str, Any] = {}
    for word in words:
        kept = SETTINGS[word].kept
        if kept.flag:
            found[word] = int(bool(flags & kept.flag) is not kept.inverted)
        elif (kept.in_inet6, kept.attribute) in shown:
            first, last = shown[kept.in_inet6, kept.attribute]
            found[word] = kept.unpack(bytes(data[first:last]))
        else:
            found[word] = kept.absent
    return found


def with_along(values: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings, and after each what the kernel sets along with it, unless that is given.

    Shapes: known has what the kernel shows of such as are set along, None where it does not know them.
    """
    wanted: dict[str, Any] = {}
    for word, value in values.items():
        wanted[word] = value
        along = SETTINGS[word].along
        if along and along not in values and value <= LEGACY_SIZE and known[along] is not None:
            wanted[along] = value
    return wanted
