"""What a server says of the network besides addresses: values that a program may use, and all options as they came.

Strangers say it: a value that makes no sense, or could disturb who reads it, is left out.
Source: RFC 3646 (name servers), RFC 4075 and RFC 5908 (time), RFC 4704 (name), RFC 8910 (captive portal).
"""

from typing import NamedTuple

from netstrata.protocols.dhcpv6 import options as option
from netstrata.protocols.dhcpv6.options import Malformed, Options
from netstrata.protocols.foreign_text import as_uri, read_names
from netstrata.values import format_ipv6

_SERVERS_MOST = 16
_NTP_ADDRESS, _NTP_NAME = 1, 3  # RFC 5908 section 4; 2 is a multicast group

# What is said of the exchange, not of the network.
_OF_THE_EXCHANGE = {
    option.CLIENT_ID, option.SERVER_ID, option.IA_NA, option.IA_PD, option.PREFERENCE, option.STATUS,
    option.RAPID_COMMIT, option.REFRESH_TIME, option.SOL_MAX_RT, option.INF_MAX_RT, option.AUTHENTICATION,
}  # fmt: skip


class Facts(NamedTuple):
    """Values that are not there are empty.  Of options that came several times the first is kept."""

    dns_servers: tuple[bytes, ...] = ()
    search: tuple[bytes, ...] = ()
    ntp_servers: tuple[bytes, ...] = ()  # addresses as text, and names
    hostname: bytes = b""
    captive_portal: bytes = b""
    options: tuple[tuple[int, bytes], ...] = ()


def read_facts(found: Options) -> Facts:
    """Return what a server says of the network."""
    said: dict[int, bytes] = {}
    for code, value in found:
        if code not in _OF_THE_EXCHANGE:
            said.setdefault(code, value)
    fqdn = read_names(said.get(option.FQDN, b"")[1:])
    return Facts(
        option.read_addresses(said.get(option.DNS_SERVERS, b""), _SERVERS_MOST),
        read_names(said.get(option.SEARCH, b"")),
        _read_time_servers(said),
        fqdn[0] if fqdn else b"",
        as_uri(said.get(option.CAPTIVE_PORTAL, b"")),
        tuple(sorted(said.items())),
    )


def _read_time_servers(said: dict[int, bytes]) -> tuple[bytes, ...]:
    found: list[bytes] = []
    try:
        inside = option.read_options(said.get(option.NTP_SERVERS, b""))
    except Malformed:
        inside = ()
    for code, value in inside:
        if code == _NTP_ADDRESS:
            found += [format_ipv6(address) for address in option.read_addresses(value, 1)]
        elif code == _NTP_NAME:
            found += read_names(value)[:1]
    for address in option.read_addresses(said.get(option.SNTP_SERVERS, b""), _SERVERS_MOST):
        found.append(format_ipv6(address))
    return tuple(dict.fromkeys(found))[:_SERVERS_MOST]


# Options that are compared as what they mean.
_READ = {
    option.DNS_SERVERS, option.SEARCH, option.SNTP_SERVERS, option.NTP_SERVERS, option.FQDN, option.CAPTIVE_PORTAL
}  # fmt: skip


def in_order(facts: Facts) -> Facts:
    """Return facts so that those which differ in nothing but the order of their servers are equal."""
    return facts._replace(
        dns_servers=tuple(sorted(facts.dns_servers)),
        ntp_servers=tuple(sorted(facts.ntp_servers)),
        options=tuple((code, value) for code, value in facts.options if code not in _READ),
    )
