"""What is known of an uplink, in the same words however a program came by it: by DHCP, by PPP, or from itself."""

from collections.abc import Iterable
from typing import Annotated, NamedTuple, get_type_hints

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import Network, Strings, Text, number_shape
from netstrata.contract.shapes.dhcp import ON_LINK, Gateway, GrantedMtu, GrantedOptions, GrantedRoute, Mac, UplinkRoutes
from netstrata.contract.shapes.dns import SERVERS, ZONED_SERVERS
from netstrata.contract.shapes.link import Address
from netstrata.contract.shapes.route import NETWORK_ADDRESS, NetworkAddress, is_link_local
from netstrata.values import Refused, format_address, mask_bits

_ADDRESSES = Shape[list[bytes]](
    "a list of addresses", 'such as {"192.0.2.1", "2001:db8::1"}', SERVERS.read, SERVERS.write,
    ('{"192.0.2.1", "2001:db8::1"}', "{}"), ('"192.0.2.1"', '{"x"}'),
)  # fmt: skip
_PREFIX = number_shape("a prefix length", "0 to 128", 0, 128)
_Addresses = Annotated[list[bytes], _ADDRESSES]
_Servers = Annotated[list[bytes], ZONED_SERVERS]
_Prefix = Annotated[int, _PREFIX]


class UplinkTerms(NamedTuple):
    """The variables of whatever gives an address; empty is what nobody has said."""

    addr: Address
    prefix: _Prefix
    cidr_addr: NetworkAddress
    gateway: Gateway
    routes: UplinkRoutes
    dns_servers: _Servers
    domain: Text
    search: Strings
    ntp_servers: _Addresses
    mtu: GrantedMtu
    hostname: Text
    captive_portal: Text
    server_mac: Mac
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
) -> UplinkTerms:
    """Return the variables of an uplink; a domain is searched if nothing else is said.

    Shapes: addresses are packed, but for name servers, which are text and may have a zone.
    """
    searched = list(search) or ([domain] if domain else [])
    return UplinkTerms(
        network.address, network.prefix, network, gateway, list(routes), list(dns_servers), domain, searched,
        list(ntp_servers), mtu, hostname, captive_portal, server_mac, options,
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
_SAID = ("gateway", "routes", "dns_servers", "domain", "search", "ntp_servers", "mtu")
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
