"""DHCPv6 options: lists of a code, a length and a value, inside a message and inside other options."""

from struct import Struct

CLIENT_ID = 1
SERVER_ID = 2
IA_NA = 3
IA_ADDRESS = 5
ASKED_FOR = 6
PREFERENCE = 7
ELAPSED = 8
AUTHENTICATION = 11
STATUS = 13
RAPID_COMMIT = 14
USER_CLASS = 15
VENDOR_CLASS = 16
DNS_SERVERS = 23
SEARCH = 24
IA_PD = 25
IA_PREFIX = 26
SNTP_SERVERS = 31
REFRESH_TIME = 32
FQDN = 39
NTP_SERVERS = 56
SOL_MAX_RT = 82
INF_MAX_RT = 83
CAPTIVE_PORTAL = 103

_HEAD = Struct("!HH")

Options = tuple[tuple[int, bytes], ...]


class Malformed(Exception):
    """These bytes are no DHCPv6 answer, and this is why."""


def read_options(field: bytes) -> Options:
    """Return options in their order, each as often as it comes.

    Raises: Malformed if one is cut short.
    """
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(field):
        if at + 4 > len(field):
            raise Malformed("the head of an option is cut short")
        code, length = _HEAD.unpack_from(field, at)
        value = field[at + 4 : at + 4 + length]
        if len(value) < length:
            raise Malformed(f"option {code} is cut short")
        found.append((code, value))
        at += 4 + length
    return tuple(found)


def write_options(options: Options) -> bytes:
    """Return options as bytes."""
    return b"".join(_HEAD.pack(code, len(value)) + value for code, value in options)


def first(options: Options, code: int) -> bytes | None:
    """Return the first option of a code; None if there is none."""
    return next((value for found, value in options if found == code), None)


def read_number(options: Options, code: int, size: int) -> int | None:
    """Return the number in an option; None if there is none of that many bytes."""
    value = first(options, code)
    return int.from_bytes(value, "big") if value is not None and len(value) == size else None


def is_a_hosts(address: bytes) -> bool:
    """Say whether a host can be given an address by a server: not ::, loopback, link-local, mapped or multicast.

    Source: RFC 4291 section 2.4.
    """
    if len(address) != 16 or address[0] == 0xFF or address[:12] in (bytes(12), bytes(10) + b"\xff\xff"):
        return False
    return not (address[0] == 0xFE and address[1] & 0xC0 == 0x80)


def read_addresses(value: bytes, most: int) -> tuple[bytes, ...]:
    """Return the addresses in a list, each once; a link-local server is fine, a group is none."""
    found = [value[at : at + 16] for at in range(0, len(value) - 15, 16)]
    return tuple(dict.fromkeys(one for one in found if one[0] != 0xFF and any(one)))[:most]
