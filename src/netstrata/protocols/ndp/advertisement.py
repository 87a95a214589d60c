"""Router advertisements as bytes: read with care, and written.

What is not as it must be is read as if it were not there: of an option with an impossible length or value the others
count all the same.  The kernel checks the checksum, and neither the hop limit nor the source, which `fault` does.
Source: RFC 4861 sections 4.2, 4.6 and 6.1.2; RFC 4191 (preferences, routes), RFC 8106 (name servers), RFC 8781 (NAT64),
RFC 8910 (captive portal).
"""

from collections.abc import Callable, Iterator
from struct import Struct
from typing import Final, NamedTuple

from netstrata.contract.shapes.common import Network
from netstrata.protocols.foreign_text import as_uri, read_names, write_name
from netstrata.values import mask_bits

ALL_NODES: Final = "ff02::1"
ALL_ROUTERS: Final = "ff02::2"
ADVERTISEMENT: Final = 134
_HOP_LIMIT: Final = 255  # of what no router has forwarded

_HEADER: Final = Struct("!BBHBBHII")
_PREFIX: Final = Struct("!BBBBIIxxxx16s")
_ROUTE: Final = Struct("!BBBBI")
_TIMED: Final = Struct("!BBxxI")  # of name servers and search lists; what is behind it has no fixed length
_MTU: Final = Struct("!BBxxI")
_PREF64: Final = Struct("!BBH12s")
_SOURCE_MAC, _PREFIX_INFORMATION, _MTU_OPTION, _ROUTE_INFORMATION = 1, 3, 5, 24
_DNS_SERVERS, _SEARCH, _CAPTIVE_PORTAL, _NAT64 = 25, 31, 37, 38
_UNIT: Final = 8  # bytes: what lengths are counted in, and the seconds of a NAT64 prefix
_MANAGED, _OTHER, _ON_LINK, _AUTONOMOUS = 0x80, 0x40, 0x80, 0x40
_PREFERENCES: Final = {b"high": 0b01, b"medium": 0b00, b"low": 0b11}
_WORDS: Final = {bits: word for word, bits in _PREFERENCES.items()}
_NAT64_LENGTHS: Final = (96, 64, 56, 48, 40, 32)  # by their code
_NAT64_LIFETIME_MOST: Final = 0x1FFF * _UNIT
_LINK_LOCAL: Final = b"\xfe\x80"


class Prefix(NamedTuple):
    """A prefix of the link, for seconds."""

    network: Network
    on_link: bool
    autonomous: bool
    preferred: int
    valid: int


class RouteInformation(NamedTuple):
    """A network that the router is the way to, for seconds."""

    network: Network
    preference: bytes
    lifetime: int


class Timed(NamedTuple):
    """A name server (packed) or a domain to search, for seconds."""

    what: bytes
    lifetime: int


class Nat64Prefix(NamedTuple):
    """What IPv4 addresses are put behind, for seconds."""

    network: Network
    lifetime: int


class Advertisement(NamedTuple):
    """What one packet of a router says; an MTU is 0, and a captive portal empty, if it says none."""

    lifetime: int = 0  # of the router as one to be used by default, in seconds
    preference: bytes = b"medium"
    managed: bool = False
    other: bool = False
    prefixes: tuple[Prefix, ...] = ()
    routes: tuple[RouteInformation, ...] = ()
    dns_servers: tuple[Timed, ...] = ()
    search: tuple[Timed, ...] = ()
    pref64: tuple[Nat64Prefix, ...] = ()
    mtu: int = 0
    captive_portal: bytes = b""
    mac: bytes = b""


def fault(packet: bytes, source: bytes, hop_limit: int) -> str:
    """Say why an advertisement is to be thrown away, "" if it is not; packet begins with the ICMPv6 header.

    Source: RFC 4861 section 6.1.2.
    """
    if len(packet) < _HEADER.size or packet[0] != ADVERTISEMENT or packet[1] != 0:
        return "it is no router advertisement"
    if hop_limit != _HOP_LIMIT:
        return f"its hop limit is {hop_limit}: it may come from another network"
    if not source.startswith(_LINK_LOCAL):
        return "its source is no link-local address"
    return "" if _are_whole(packet) else "its options are cut short"


def decode(packet: bytes) -> Advertisement:
    """Return what an advertisement without fault says."""
    _, _, _, _, flags, lifetime, _, _ = _HEADER.unpack_from(packet)
    prefixes: list[Prefix] = []
    routes: list[RouteInformation] = []
    servers: list[Timed] = []
    search: list[Timed] = []
    pref64: list[Nat64Prefix] = []
    mtu, portal, mac = 0, b"", b""
    for kind, option in _options(packet):
        if kind == _PREFIX_INFORMATION and len(option) == _PREFIX.size:
            prefixes += _read_prefix(option)
        elif kind == _ROUTE_INFORMATION:
            routes += _read_route(option)
        elif kind == _DNS_SERVERS and len(option) % 16 == _TIMED.size and len(option) > 16:
            until = _TIMED.unpack_from(option)[2]
            addresses = (option[at : at + 16] for at in range(_TIMED.size, len(option), 16))
            servers += [Timed(address, until) for address in addresses if _is_a_hosts(address)]
        elif kind == _SEARCH and len(option) > _TIMED.size:
            search += [Timed(name, _TIMED.unpack_from(option)[2]) for name in read_names(option[_TIMED.size :])]
        elif kind == _NAT64 and len(option) == _PREF64.size:
            pref64 += _read_pref64(option)
        elif kind == _MTU_OPTION and len(option) == _MTU.size:
            mtu = _MTU.unpack(option)[2]
        elif kind == _CAPTIVE_PORTAL:
            portal = as_uri(option[2:])
        elif kind == _SOURCE_MAC and len(option) == _UNIT:
            mac = option[2:]
    return Advertisement(
        lifetime, _WORDS.get(flags >> 3 & 3, b"medium"), bool(flags & _MANAGED), bool(flags & _OTHER),
        tuple(prefixes), tuple(routes), tuple(servers), tuple(search), tuple(pref64), mtu, portal, mac,
    )  # fmt: skip


def encode(said: Advertisement) -> bytes:
    """Return an advertisement without its checksum, which the kernel makes.

    Options for all name servers, and for all names, of one lifetime are one.
    """
    flags = _MANAGED * said.managed | _OTHER * said.other | _PREFERENCES[said.preference] << 3
    parts = [_HEADER.pack(ADVERTISEMENT, 0, 0, 0, flags, said.lifetime, 0, 0)]
    for prefix in said.prefixes:
        bits = _ON_LINK * prefix.on_link | _AUTONOMOUS * prefix.autonomous
        network, length = prefix.network
        parts.append(_PREFIX.pack(_PREFIX_INFORMATION, 4, length, bits, prefix.valid, prefix.preferred, network))
    for (network, length), preference, lifetime in said.routes:
        behind = network[: 0 if not length else 8 if length <= 64 else 16]
        units = 1 + len(behind) // _UNIT
        parts.append(_ROUTE.pack(_ROUTE_INFORMATION, units, length, _PREFERENCES[preference] << 3, lifetime) + behind)
    parts += _timed(_DNS_SERVERS, said.dns_servers, b"".join)
    parts += _timed(_SEARCH, said.search, lambda names: b"".join(map(write_name, names)))
    for (network, length), lifetime in said.pref64:
        scaled = min(lifetime, _NAT64_LIFETIME_MOST) + _UNIT - 1 & -_UNIT  # its last three bits are the length's
        scaled = min(scaled, _NAT64_LIFETIME_MOST) | _NAT64_LENGTHS.index(length)
        parts.append(_PREF64.pack(_NAT64, 2, scaled, network[:12]))
    if said.mtu:
        parts.append(_MTU.pack(_MTU_OPTION, 1, said.mtu))
    if said.captive_portal:
        parts.append(_padded(bytes([_CAPTIVE_PORTAL, 0]) + said.captive_portal))
    if said.mac:
        parts.append(bytes([_SOURCE_MAC, 1]) + said.mac)
    return b"".join(parts)


def _options(packet: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEADER.size
    while at + 2 <= len(packet) and packet[at + 1]:
        end = at + _UNIT * packet[at + 1]
        if end <= len(packet):
            yield packet[at], packet[at:end]
        at = end


def _are_whole(packet: bytes) -> bool:
    """Say whether the lengths of the options come to that of the packet."""
    return _HEADER.size + sum(len(option) for _, option in _options(packet)) == len(packet)


def _read_prefix(option: bytes) -> Iterator[Prefix]:
    """Read a prefix; source: RFC 4861 section 6.3.4, RFC 4862 section 5.5.3."""
    _, _, length, flags, valid, preferred, address = _PREFIX.unpack(option)
    if length <= 128 and preferred <= valid and address[0] != 0xFF and not address.startswith(_LINK_LOCAL):
        network = Network(mask_bits(address, length), length)
        yield Prefix(network, bool(flags & _ON_LINK), bool(flags & _AUTONOMOUS), preferred, valid)


def _read_route(option: bytes) -> Iterator[RouteInformation]:
    """Read a route; source: RFC 4191 section 2.3."""
    length = option[2]
    preference = _WORDS.get(option[3] >> 3 & 3)
    enough = 1 if not length else 2 if length <= 64 else 3
    if length <= 128 and preference is not None and enough <= option[1] <= 3:
        address = option[_ROUTE.size :].ljust(16, b"\0")
        lifetime = _ROUTE.unpack_from(option)[4]
        yield RouteInformation(Network(mask_bits(address, length), length), preference, lifetime)


def _read_pref64(option: bytes) -> Iterator[Nat64Prefix]:
    """Read a NAT64 prefix; source: RFC 8781 section 4."""
    _, _, scaled, high = _PREF64.unpack(option)
    if scaled & 7 < len(_NAT64_LENGTHS):
        length = _NAT64_LENGTHS[scaled & 7]
        yield Nat64Prefix(Network(mask_bits(high + bytes(4), length), length), scaled & ~7)


def _is_a_hosts(address: bytes) -> bool:
    return address[0] != 0xFF and address[:15] != bytes(15)  # neither a group's, nor :: and ::1


def _timed(kind: int, all_of_it: tuple[Timed, ...], write: Callable[[list[bytes]], bytes]) -> Iterator[bytes]:
    for lifetime in dict.fromkeys(one.lifetime for one in all_of_it):
        values = [one.what for one in all_of_it if one.lifetime == lifetime]
        yield _padded(_TIMED.pack(kind, 0, lifetime) + write(values))


def _padded(option: bytes) -> bytes:
    """Return an option filled up to whole units, with its length."""
    filled = option + bytes(-len(option) % _UNIT)
    return filled[:1] + bytes([len(filled) // _UNIT]) + filled[2:]
