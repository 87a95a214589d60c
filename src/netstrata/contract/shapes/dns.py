"""The shapes of name servers, of whom they are asked for, and of resolver lines."""

import re
from typing import Annotated, Final

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import LINK, LINK_NAME, read_each, word_shape
from netstrata.contract.shapes.link import ADDRESS, SWITCH
from netstrata.contract.shapes.route import is_link_local
from netstrata.values import List, Refused, Value, format_address, line_fault, parse_address

# Bytes of a line without its end.  dnsmasq 2.90 reads resolv.conf with a buffer of 1025: what is behind 1024 bytes is
# another line to it ("using nameserver ..." was seen from the end of a long `search`).
LINE_MOST = 1023
_DOMAIN = re.compile(rb"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*")
# What net.dns can say for one link only, as systemd-resolved and dnsmasq know it.
_OF_LINKS: Final = ("domains", "default", "mdns", "llmnr", "dnssec", "dot")
_ALLOWED = f"each pair becomes one line of resolv.conf: no line feed, no carriage return, up to {LINE_MOST} bytes"


def _read_servers(value: Value) -> list[bytes] | None:
    return read_each(value, ADDRESS.read)


def _read_zoned(value: Value) -> list[bytes] | None:
    """Read servers as they stand in resolv.conf."""
    return read_each(value, read_zoned)


def read_zoned(word: Value) -> bytes | None:
    """Read an address; one of a link may have that link's name behind it."""
    if not isinstance(word, bytes):
        return None
    text, percent, zone = word.partition(b"%")
    address = parse_address(text)
    if address is None or (percent and not (is_link_local(address) and LINK_NAME.read(zone))):
        return None
    return format_address(address) + percent + zone


def _explain_zone(value: Value) -> Refused | None:
    """Say which server is wrong."""
    for at, word in enumerate(value.elements() if isinstance(value, List) else []):
        if isinstance(word, bytes) and read_zoned(word) is None and b"%" in word:
            hint = "only link-local addresses have one, and it is the name of a link: fe80::1%eth0"
            return Refused(f"{_shown(word)} is no name server with a zone", hint=hint, within=(at,))
    return None


def _same(servers: list[bytes]) -> Value:
    return List(list(servers))


def _write_servers(servers: list[bytes]) -> Value:
    return List([format_address(server) for server in servers])


def _read_lines(value: Value) -> list[tuple[bytes, bytes]] | None:
    if not isinstance(value, List):
        return None
    lines: list[tuple[bytes, bytes]] = []
    for pair in value.elements():
        if not isinstance(pair, List) or len(pair) != 2:
            return None
        kind, text = pair.elements()
        if not isinstance(kind, bytes) or not isinstance(text, bytes) or line_fault(kind + b" " + text, LINE_MOST):
            return None
        lines.append((kind, text))
    return lines


def _explain_lines(value: Value) -> Refused | None:
    """Say of a pair that would be more than one line, why."""
    for pair in value.elements() if isinstance(value, List) else []:
        words = pair.elements() if isinstance(pair, List) else []
        if len(words) == 2 and isinstance(words[0], bytes) and isinstance(words[1], bytes):
            for word in words:
                assert isinstance(word, bytes)
                fault = line_fault(word, LINE_MOST)
                if fault:
                    return Refused(f"{_shown(word)} cannot stand in a line of resolv.conf: {fault}", hint=_ALLOWED)
            fault = line_fault(words[0] + b" " + words[1], LINE_MOST)
            if fault:
                return Refused(f"the line of {_shown(words[0])} cannot be written: {fault}", hint=_ALLOWED)
    return None


def _shown(word: bytes) -> str:
    """Return the beginning of a word as it would stand in a program."""
    text = word[:60].decode("utf-8", "backslashreplace")
    escaped = "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in text.replace("\n", "\\n"))
    return f'"{escaped}{"..." if len(word) > 60 else ""}"'


def _write_lines(lines: list[tuple[bytes, bytes]]) -> Value:
    return List([List([kind, text]) for kind, text in lines])


def read_domain(value: Value) -> bytes | None:
    """Read a name as it can stand in a query."""
    return value if isinstance(value, bytes) and len(value) < 254 and _DOMAIN.fullmatch(value) else None


def _read_domains(value: Value) -> list[bytes] | None:
    return read_each(value, read_domain) or None


def _explain_domains(value: Value) -> Refused | None:
    """Say what is meant of domains that are written as in systemd."""
    for at, word in enumerate(value.elements() if isinstance(value, List) else []):
        if isinstance(word, bytes) and word.startswith(b"~"):
            hint = "`domains` are not searched, `search` are: no ~ is needed"
            return Refused(f"{_shown(word)} is no domain", hint=hint, within=(at,))
    return None


def _mode(name: str, third: bytes) -> Shape[bytes]:
    """Make the shape of what is on, off or a third thing."""
    return word_shape(name, f"on, off or {third.decode()}", (b"on", b"off", third), "maybe")


SERVERS = Shape[list[bytes]](
    "a list of name servers", 'IPv4 or IPv6 addresses, such as {"192.0.2.53", "2001:db8::53"}',
    _read_servers, _write_servers, ('{"192.0.2.53"}', '{"192.0.2.53", "2001:db8::53"}', "{}"),
    ('"192.0.2.53"', '{"x"}', "{{}}"),
)  # fmt: skip
ZONED_SERVERS = Shape[list[bytes]](
    "a list of name servers",
    'IPv4 or IPv6 addresses, such as {"192.0.2.53", "2001:db8::53"}, link-local ones with a zone: {"fe80::1%eth0"}',
    _read_zoned, _same, ('{"192.0.2.53"}', '{"192.0.2.53", "fe80::1%eth0"}', "{}"),
    ('"192.0.2.53"', '{"x"}', '{"2001:db8::1%eth0"}', '{"fe80::1%"}', r'{"fe80::1%a\nb"}', "{{}}"),
    explain=_explain_zone,
)  # fmt: skip
RESOLVER_LINES = Shape[list[tuple[bytes, bytes]]](
    "a list of resolver lines", 'pairs of a keyword and its value, such as {{"search", "example.org"}}',
    _read_lines, _write_lines, ('{{"search", "example.org"}}', "{}"),
    ('"search"', '{"search"}', '{{"search"}}', r'{{"search", "a\nnameserver 192.0.2.9"}}', r'{{"search", "a\r"}}'),
    explain=_explain_lines,
)  # fmt: skip

DOMAINS = Shape[list[bytes]](
    "a list of domains", 'names of domains, such as {"example.org", "example.com"}', _read_domains,
    lambda domains: List(list(domains)), ('{"example.org"}',), ("{}", '"example.org"', '{"a b"}', '{"~example.org"}'),
    explain=_explain_domains,
)  # fmt: skip


def _fault(options: Options) -> Refused | None:
    """Say what is said for one link, without saying which."""
    wrong = next((word for word in _OF_LINKS if word in options and "link" not in options), "")
    hint = 'name the link that these servers are asked over: ["link": "eth0", …]'
    return Refused(f"`{wrong}` needs a link", hint=hint, within=(wrong.encode(),)) if wrong else None


DNS_OPTIONS = OptionsShape(
    "options of name servers",
    {
        "link": LINK, "domains": DOMAINS, "search": DOMAINS, "default": SWITCH,
        "mdns": _mode("whether mDNS is used", b"resolve"),
        "llmnr": _mode("whether LLMNR is used", b"resolve"),
        "dnssec": _mode("whether DNSSEC is used", b"allow-downgrade"),
        "dot": _mode("whether DNS over TLS is used", b"opportunistic"),
    },
    (
        '["link": "eth0"]', '["search": {"example.org"}]', "[]",
        '["link": "tun0", "domains": {"corp.example"}, "search": {"corp.example"}, "default": "off", "mdns": "off"]',
    ),
    ('["domains": {"corp.example"}]', '["link": "eth0", "domain": "x"]', '["link": "eth0", "mdns": "1"]', "{}"),
    fault=_fault,
)  # fmt: skip

Servers = Annotated[list[bytes], ZONED_SERVERS]
ResolverLines = Annotated[list[tuple[bytes, bytes]], RESOLVER_LINES]
DnsOptions = Annotated[Options, DNS_OPTIONS]
