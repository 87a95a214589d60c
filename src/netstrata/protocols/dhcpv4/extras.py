"""What else a lease says: values that a program may use, and all options as they came.

Strangers say it: a value that makes no sense, or could disturb who reads it, is left out.
Source: RFC 2132; RFC 3397 and RFC 1035 section 4.1.4 (search list); RFC 8910 (captive portal).
"""

from typing import NamedTuple

from netstrata.protocols.dhcpv4 import options as option

_MTU_LEAST = 68  # RFC 2132 section 5.1
_SERVERS_MOST = 16
_NAMES_MOST = 32
_NAME_BYTES_MOST = 253
_POINTER = 0xC0

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
        _read_search(found.get(option.SEARCH, b"")) or option.read_domains(found),
        option.as_domain(found.get(option.HOSTNAME, b"")),
        _read_uri(found.get(option.CAPTIVE_PORTAL, b"")),
        tuple(sorted((code, value) for code, value in found.items() if code not in _OF_THE_EXCHANGE)),
    )


def _read_uri(value: bytes) -> bytes:
    text = value.rstrip(b"\0")
    return text if all(0x21 <= byte <= 0x7E for byte in text) else b""


def _read_search(value: bytes) -> tuple[bytes, ...]:
    """Return the names of a search list; none if it makes no sense."""
    names: list[bytes] = []
    at = 0
    while at < len(value) and len(names) < _NAMES_MOST:
        found = _read_name(value, at)
        if found is None:
            return ()
        name, at = found
        if option.as_domain(name):
            names.append(name)
    return tuple(dict.fromkeys(names))


def _read_name(value: bytes, at: int) -> tuple[bytes, int] | None:
    """Read a name; return where the next one begins, too.  A pointer leads back only, so that none goes in circles."""
    labels: list[bytes] = []
    after = 0
    start = at
    while at < len(value):
        length = value[at]
        if length >= _POINTER:
            if at + 1 >= len(value):
                return None
            after = after or at + 2
            at = (length - _POINTER) << 8 | value[at + 1]
            if at >= start:
                return None
            start = at
        elif length == 0:
            name = b".".join(labels)
            return (name, after or at + 1) if len(name) <= _NAME_BYTES_MOST else None
        elif length >= 64 or at + 1 + length > len(value):
            return None
        else:
            labels.append(value[at + 1 : at + 1 + length])
            at += 1 + length
    return None
