"""The shapes of what a router is to advertise on a link."""

import re
from typing import Annotated, Final

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import IPV6, IPV6_NETWORK, Network, read_each
from netstrata.contract.shapes.dnsmasq import FIELDS
from netstrata.contract.shapes.link import IPV6_MIN_MTU, SWITCH, whole
from netstrata.contract.shapes.ra import LIFETIME, PREFERENCE
from netstrata.values import List, Value, mask_bits

LIFETIME_S: Final = 1800  # of the router, three times the longest time between two advertisements
INTERVAL_S: Final = 600
PREFERRED_S: Final = 2700  # RFC 9096: a prefix that nobody takes back is not used for long
VALID_S: Final = 5400
_MOST: Final = 32  # of a kind: what fits into one packet
_URI: Final = re.compile(rb"[!-~]{1,240}")
_NAT64_LENGTHS: Final = (32, 40, 48, 56, 64, 96)


def _networks(value: Value) -> list[Network] | None:
    found = read_each(value, IPV6_NETWORK.read)
    if found is None or len(found) > _MOST:
        return None
    return list(dict.fromkeys(Network(mask_bits(*one), one.prefix) for one in found))


def _write_networks(networks: list[Network]) -> Value:
    return List([IPV6_NETWORK.write(network) for network in networks])


def _servers(value: Value) -> list[bytes] | None:
    servers = read_each(value, IPV6.read)
    return servers if servers is not None and len(servers) <= _MOST else None


def _domains(value: Value) -> list[bytes] | None:
    found = FIELDS["search"].read(value) if value != List([]) else []
    return found if found is not None and sum(len(one) + 2 for one in found) <= 1024 else None


def _pref64(value: Value) -> Network | None:
    network = IPV6_NETWORK.read(value)
    return network if network is not None and network.prefix in _NAT64_LENGTHS else None


def _uri(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) and _URI.fullmatch(value) else None


_NETWORKS = Shape[list[Network]](
    "a list of IPv6 networks", 'up to 32, such as {"2001:db8:1::/64"}', _networks, _write_networks,
    ('{"2001:db8:1::/64"}', "{}"), ('"2001:db8:1::/64"', '{"2001:db8:1::"}'),
)  # fmt: skip
ADVERTISE_OPTIONS = OptionsShape(
    "options of advertisements",
    {
        "captive_portal": Shape[bytes](
            "a URI", "1 to 240 printable ASCII characters without spaces", _uri, lambda uri: uri,
            ('"https://example.org/portal"',), ('"a b"', '""'),
        ),
        "dns": Shape[list[bytes]](
            "a list of name servers", 'up to 32 IPv6 addresses, such as {"2001:db8::53"}', _servers,
            lambda servers: List([IPV6.write(one) for one in servers]), ('{"2001:db8::53"}', "{}"), ('{"192.0.2.53"}',),
        ),
        "interval": whole("a time", 4, 1800, " seconds"),
        "lifetime": whole("a time", 0, 9000, " seconds"),
        "managed": SWITCH,
        "mtu": whole("an MTU", IPV6_MIN_MTU, 65535, " bytes"),
        "other": SWITCH,
        "pref64": Shape[Network](
            "a NAT64 prefix", "an IPv6 network of length 32, 40, 48, 56, 64 or 96", _pref64, IPV6_NETWORK.write,
            ('"64:ff9b::/96"',), ('"64:ff9b::/80"', '"64:ff9b::"'),
        ),
        "preference": PREFERENCE,
        "preferred": LIFETIME,
        "prefixes": _NETWORKS,
        "routes": _NETWORKS,
        "search": Shape[list[bytes]](
            "a search list", 'names of domains, such as {"example.org"}, up to 1024 bytes together', _domains,
            lambda domains: List(list(domains)), ('{"example.org", "example.com"}', "{}"), ('"example.org"', '{"a b"}'),
        ),
        "valid": LIFETIME,
    },
    ('["prefixes": {"2001:db8:1::/64"}, "dns": {"2001:db8:1::1"}]', '["lifetime": "0", "managed": "on"]', "[]"),
    ('["prefix": {"2001:db8:1::/64"}]', '["mtu": "1200"]', '["lifetime": "forever"]', "{}"),
)  # fmt: skip

AdvertiseOptions = Annotated[Options, ADVERTISE_OPTIONS]
