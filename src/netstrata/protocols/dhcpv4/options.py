"""DHCP options: the type-length-value lists inside a message, and the values this client reads.

Reading is lenient where servers are known to be careless (padding anywhere, no end mark, something behind it, an
option cut short at the end) and strict where a wrong guess would configure a wrong network (masks, addresses).
"""

from netstrata.protocols.foreign_text import as_domain, as_message

PAD = 0
MASK = 1
ROUTERS = 3
DNS_SERVERS = 6
HOSTNAME = 12
DOMAIN = 15
MTU = 26
STATIC_ROUTES = 33
NTP_SERVERS = 42
REQUESTED_ADDRESS = 50
LEASE_SECONDS = 51
OVERLOAD = 52
MESSAGE_TYPE = 53
SERVER_ID = 54
PARAMETER_LIST = 55
TEXT = 56
MAXIMUM_SIZE = 57
T1 = 58
T2 = 59
VENDOR_CLASS = 60
CLIENT_ID = 61
USER_CLASS = 77
FQDN = 81
IPV6_ONLY = 108
CAPTIVE_PORTAL = 114
SEARCH = 119
CLASSLESS_ROUTES = 121
MICROSOFT_ROUTES = 249  # the same, of before RFC 3442
END = 255

Route = tuple[bytes, int, bytes]  # destination, prefix length, gateway (0.0.0.0: on the link itself)


def _collect(field: bytes, found: dict[int, bytes]) -> None:
    """Add the options of one field to those found so far; an option that comes again goes on where it stopped."""
    at = 0
    end = len(field)
    while at < end:
        code = field[at]
        if code == END:
            return
        if code == PAD:
            at += 1
            continue
        if at + 1 >= end or at + 2 + field[at + 1] > end:
            return
        length = field[at + 1]
        found[code] = found.get(code, b"") + field[at + 2 : at + 2 + length]
        at += 2 + length


def read_options(options: bytes, file: bytes, sname: bytes) -> dict[int, bytes]:
    """Return all options of a message, those that overflowed into `file` and `sname` too.

    Source: RFC 2131 section 4.1; RFC 3396 section 5 (the order of the parts, and concatenation).
    """
    found: dict[int, bytes] = {}
    _collect(options, found)
    overload = found.get(OVERLOAD, b"\0")[:1]
    if overload in (b"\1", b"\3"):
        _collect(file, found)
    if overload in (b"\2", b"\3"):
        _collect(sname, found)
    return found


def write_options(options: dict[int, bytes]) -> bytes:
    """Return options as bytes with the end mark; a value over 255 bytes is split (RFC 3396)."""
    field = bytearray()
    for code, value in options.items():
        for at in range(0, len(value) or 1, 255):
            part = value[at : at + 255]
            field += bytes((code, len(part))) + part
    field.append(END)
    return bytes(field)


def read_address(options: dict[int, bytes], code: int) -> bytes | None:
    """Return the address in an option, the first of several; None if there is none."""
    value = options.get(code, b"")[:4]
    return value if len(value) == 4 else None


def is_a_hosts(address: bytes) -> bool:
    """Say whether a host can have an address: not 0/8, loopback, multicast, reserved or broadcast (RFC 6890)."""
    return address[0] not in (0, 127) and address[0] < 224


def read_addresses(options: dict[int, bytes], code: int, most: int) -> tuple[bytes, ...]:
    """Return the addresses in an option, without those that no host can have: placeholders, and nonsense."""
    value = options.get(code, b"")
    found = [value[at : at + 4] for at in range(0, len(value) - 3, 4)]
    return tuple([a for a in found if is_a_hosts(a)][:most])


def read_seconds(options: dict[int, bytes], code: int) -> int | None:
    """Return a time in seconds, None if it is missing or cut short; 4294967295 means for ever."""
    value = options.get(code, b"")[:4]
    return int.from_bytes(value, "big") if len(value) == 4 else None


def read_ipv6_only(options: dict[int, bytes]) -> int | None:
    """Return for how many seconds a network that prefers IPv6 wants no DHCPv4; None if it does not (RFC 8925)."""
    return read_seconds(options, IPV6_ONLY) if len(options.get(IPV6_ONLY, b"")) == 4 else None


def read_prefix(mask: bytes) -> int | None:
    """Return a mask's prefix length, 1 to 32; None if its bits are not contiguous or all are zero."""
    number = int.from_bytes(mask, "big")
    prefix = number.bit_count()
    return prefix if prefix and number == 0xFFFFFFFF << (32 - prefix) & 0xFFFFFFFF else None


def classful_prefix(address: bytes) -> int:
    """Return the prefix length that an address has by its class, for servers that send no mask (RFC 950)."""
    first = address[0]
    if first < 128:
        return 8
    if first < 192:
        return 16
    return 24 if first < 224 else 32


def read_domains(options: dict[int, bytes]) -> tuple[bytes, ...]:
    """Return the domain name, or several, as servers give a search list to old clients; none if one is no name."""
    names = [as_domain(word) for word in options.get(DOMAIN, b"").rstrip(b"\0").split(b" ") if word]
    return tuple(names) if all(names) else ()


def read_text(options: dict[int, bytes]) -> str:
    """Return the server's message to a human, without anything that could disturb a terminal."""
    return as_message(options.get(TEXT, b""))


def read_routes(options: dict[int, bytes]) -> tuple[Route, ...] | None:
    """Return the classless static routes; None if there is no such option, or if it makes no sense (RFC 3442)."""
    found = _classless(options.get(CLASSLESS_ROUTES, b""))
    return found if found is not None else _classless(options.get(MICROSOFT_ROUTES, b""))


def read_static_routes(options: dict[int, bytes]) -> tuple[Route, ...]:
    """Return the static routes of before there were prefix lengths (RFC 2132 section 5.8): to networks of a class."""
    value = options.get(STATIC_ROUTES, b"")
    pairs = [(value[at : at + 4], value[at + 4 : at + 8]) for at in range(0, len(value) - 7, 8)]
    routes = []
    for to, gateway in pairs:
        if is_a_hosts(to):
            prefix = classful_prefix(to)
            host = int.from_bytes(to, "big") & ((1 << 32 - prefix) - 1)
            routes.append((to, 32 if host else prefix, gateway))
    return tuple(routes)


def _classless(value: bytes) -> tuple[Route, ...] | None:
    if not value:
        return None
    routes: list[Route] = []
    at = 0
    while at < len(value):
        prefix = value[at]
        length = (prefix + 7) // 8
        if prefix > 32 or at + 1 + length + 4 > len(value):
            return None
        destination = int.from_bytes(value[at + 1 : at + 1 + length].ljust(4, b"\0"), "big")
        destination &= 0xFFFFFFFF << (32 - prefix)
        gateway = value[at + 1 + length : at + 5 + length]
        routes.append(((destination & 0xFFFFFFFF).to_bytes(4, "big"), prefix, gateway))
        at += 5 + length
    return tuple(routes)
