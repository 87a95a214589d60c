"""What is known of an uplink, in the same words however a program came by it: by DHCP, by PPP, or from itself."""

import re
from collections.abc import Iterable
from typing import Annotated, Final, NamedTuple, TypeVar, get_type_hints

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import Network, Strings, Text, number_shape, read_each
from netstrata.contract.shapes.dhcp import ON_LINK, Gateway, GrantedMtu, GrantedOptions, GrantedRoute, Mac, UplinkRoutes
from netstrata.contract.shapes.dhcpv6 import DUID, Networks6
from netstrata.contract.shapes.dns import ZONED_SERVERS
from netstrata.contract.shapes.link import ADDRESS
from netstrata.contract.shapes.route import NETWORK_ADDRESS, is_link_local
from netstrata.values import List, Refused, Value, format_address, mask_bits, parse_address

T = TypeVar("T")
_HOST: Final = re.compile(rb"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})")
NO_NETWORK: Final = Network(b"", 0)


def _or_empty(shape: Shape[T], empty: T, good: str) -> Shape[T]:
    """Return a shape that may be empty, too, as what nobody has said."""
    return Shape(
        shape.name, f"{shape.means}, or empty", lambda value: empty if value == b"" else shape.read(value),
        lambda found: shape.write(found) if found != empty else b"", (good, '""'), ("{}", '"x"'),
    )  # fmt: skip


def _host(word: Value) -> bytes | None:
    address = parse_address(word) if isinstance(word, bytes) else None
    if address is not None:
        return format_address(address)
    return word if isinstance(word, bytes) and _HOST.fullmatch(word) else None


_HOSTS = Shape[list[bytes]](
    "a list of hosts", 'addresses or names, such as {"192.0.2.1", "ntp.example.org"}',
    lambda value: read_each(value, _host), lambda hosts: List(list(hosts)),
    ('{"192.0.2.1", "2001:db8::1", "ntp.example.org"}', "{}"),
    ('"192.0.2.1"', '{"a b"}'),
)  # fmt: skip
_NETWORK_ADDRESSES = Shape[list[Network]](
    "a list of addresses with a prefix length", 'such as {"192.0.2.1/24", "2001:db8::1/128"}',
    lambda value: read_each(value, NETWORK_ADDRESS.read),
    lambda networks: List([NETWORK_ADDRESS.write(one) for one in networks]),
    ('{"192.0.2.1/24", "2001:db8::1/128"}', "{}"), ('"192.0.2.1/24"', '{"192.0.2.1"}'),
)  # fmt: skip
_PREFIX = number_shape("a prefix length", "0 to 128", 0, 128)
_Address = Annotated[bytes, _or_empty(ADDRESS, b"", '"192.0.2.1"')]
_NetworkAddress = Annotated[Network, _or_empty(NETWORK_ADDRESS, NO_NETWORK, '"192.0.2.1/24"')]
_NetworkAddresses = Annotated[list[Network], _NETWORK_ADDRESSES]
_Hosts = Annotated[list[bytes], _HOSTS]
_Servers = Annotated[list[bytes], ZONED_SERVERS]
_Prefix = Annotated[int, _PREFIX]
_Duid = Annotated[bytes, _or_empty(DUID, b"", '"00:03:00:01:02:00:00:00:0a:01"')]


class UplinkTerms(NamedTuple):
    """The variables of whatever gives an address; empty is what nobody has said."""

    addr: _Address
    prefix: _Prefix
    cidr_addr: _NetworkAddress
    addresses: _NetworkAddresses
    prefixes: Networks6
    gateway: Gateway
    routes: UplinkRoutes
    dns_servers: _Servers
    domain: Text
    search: Strings
    ntp_servers: _Hosts
    mtu: GrantedMtu
    hostname: Text
    captive_portal: Text
    server_mac: Mac
    server_duid: _Duid
    options: GrantedOptions


def terms_of(
    network: Network,
    gateway: bytes = b"",
    routes: Iterable[GrantedRoute] = (),
    dns_servers: Iterable[bytes] = (),
    domain: bytes = b"",
    search: Iterable[bytes] = (),
    ntp_servers: Iterable[bytes] = (),
    mtu: int = 0,
    hostname: bytes = b"",
    captive_portal: bytes = b"",
    server_mac: bytes = b"",
    options: tuple[tuple[int, bytes], ...] = (),
    *,
    addresses: Iterable[Network] = (),
    prefixes: Iterable[Network] = (),
    server_duid: bytes = b"",
) -> UplinkTerms:
    """Return the variables of an uplink; a domain is searched if nothing else is said.

    Shapes: addresses are packed, but for servers, which are text: name servers may have a zone, others be names.
    """
    searched = list(search) or ([domain] if domain else [])
    return UplinkTerms(
        network.address, network.prefix, network, list(addresses) or ([network] if network.address else []),
        list(prefixes), gateway, list(routes), list(dns_servers), domain, searched, list(ntp_servers), mtu, hostname,
        captive_portal, server_mac, server_duid, options,
    )  # fmt: skip


def _fault(said: Options) -> Refused | None:
    """Say what is wrong with an uplink of which each word is right by itself."""
    network: Network = said["address"]
    gateway, routes = said.get("gateway", b""), said.get("routes", [])
    if any(len(to) != len(network.address) for to, _, _ in routes):
        return Refused("the routes are of another family than the address", within=(b"routes",))
    if not gateway:
        return None
    if len(gateway) != len(network.address):
        return Refused("the gateway is of another family than the address", within=(b"gateway",))
    if gateway == network.address:
        return Refused("the gateway is the address itself", within=(b"gateway",))
    if not all(prefix for _, prefix, _ in routes):
        return Refused("there is a default route in `routes`, so leave out the gateway", within=(b"gateway",))
    on_link = [network, *(Network(to, prefix) for to, prefix, via in routes if via == ON_LINK)]
    alone = network.prefix == 8 * len(network.address)
    if alone or is_link_local(gateway) or any(_holds(one, gateway) for one in on_link):
        return None
    shown, around = format_address(gateway).decode(), format_address(mask_bits(*network)).decode()
    hint = f'if it is on the link all the same, say so: "routes": {{{{"{shown}/{8 * len(gateway)}", "none"}}}}'
    return Refused(f"{shown} is outside of the network {around}/{network.prefix}", hint=hint, within=(b"gateway",))


def _holds(network: Network, address: bytes) -> bool:
    return mask_bits(address, network.prefix) == mask_bits(*network)


_SHAPES = {word: hint.__metadata__[0] for word, hint in get_type_hints(UplinkTerms, include_extras=True).items()}
_SAID = ("gateway", "routes", "prefixes", "dns_servers", "domain", "search", "ntp_servers", "mtu")
STATIC_TERMS = OptionsShape(
    "an address and what goes with it",
    {"address": NETWORK_ADDRESS, **{word: _SHAPES[word] for word in _SAID}},
    (
        '["address": "192.0.2.7/24", "gateway": "192.0.2.1", "dns_servers": {"192.0.2.53"}]',
        '["address": "2001:db8::7/64", "gateway": "fe80::1"]', '["address": "192.0.2.7/32", "gateway": "203.0.113.1"]',
        '["address": "192.0.2.7/24", "gateway": "203.0.113.1", "routes": {{"203.0.113.1/32", "none"}}]',
    ),
    (
        "[]", '["address": "192.0.2.7"]', '["address": "192.0.2.7/24", "gateway": "203.0.113.1"]',
        '["address": "192.0.2.7/24", "gateway": "2001:db8::1"]', '["address": "192.0.2.7/24", "gateway": "192.0.2.7"]',
        '["address": "192.0.2.7/24", "routes": {{"2001:db8::/32", "none"}}]',
        '["address": "192.0.2.7/24", "gateway": "192.0.2.1", "routes": {{"0.0.0.0/0", "192.0.2.2"}}]',
    ),
    ("address",),
    fault=_fault,
)  # fmt: skip
StaticTerms = Annotated[Options, STATIC_TERMS]
