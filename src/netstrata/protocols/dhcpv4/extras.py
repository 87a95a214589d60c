"""What else a lease says: values that a program may use, and all options as they came.

Strangers say it: a value that makes no sense, or could disturb who reads it, is left out.
Source: RFC 2132; RFC 3397 and RFC 1035 section 4.1.4 (search list); RFC 8910 (captive portal).
"""

from typing import NamedTuple

from netstrata.protocols.dhcpv4 import options as option
from netstrata.protocols.foreign_text import as_domain, as_uri, read_names

_MTU_LEAST = 68  # RFC 2132 section 5.1
_SERVERS_MOST = 16

# What is said of the exchange, not of the network.
_OF_THE_EXCHANGE = {
    option.OVERLOAD, option.LEASE_SECONDS, option.MESSAGE_TYPE, option.SERVER_ID, option.TEXT, option.T1, option.T2,
    option.CLIENT_ID,
}  # fmt: skip


class Extras(NamedTuple):
    """Values that are not there are empty, an MTU is 0.  Options are in the order of their numbers."""

    mtu: int = 0  # bytes
    ntp_servers: tuple[bytes, ...] = ()
    search: tuple[bytes, ...] = ()
    hostname: bytes = b""
    captive_portal: bytes = b""
    options: tuple[tuple[int, bytes], ...] = ()


def read_extras(found: dict[int, bytes]) -> Extras:
    """Return what a server says beside address, routers, name servers and routes."""
    mtu = int.from_bytes(found.get(option.MTU, b"")[:2], "big")
    return Extras(
        mtu if mtu >= _MTU_LEAST else 0,
        option.read_addresses(found, option.NTP_SERVERS, _SERVERS_MOST),
        read_names(found.get(option.SEARCH, b"")) or option.read_domains(found),
        as_domain(found.get(option.HOSTNAME, b"")),
        as_uri(found.get(option.CAPTIVE_PORTAL, b"")),
        tuple(sorted((code, value) for code, value in found.items() if code not in _OF_THE_EXCHANGE)),
    )
