"""The shapes of what a DHCP and DNS server for a link is told."""

import re
from typing import Annotated, Any, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape, options_shape
from netstrata.contract.shapes.common import IPV4, number_shape
from netstrata.contract.shapes.dhcp import MAC
from netstrata.contract.shapes.dns import DOMAINS, SERVERS, read_domain
from netstrata.contract.shapes.link import SWITCH
from netstrata.values import ITS_NAME, List, Map, Refused, Value, format_address, parse_ipv4, parse_ipv6

LEASE_LEAST_S = 120  # dnsmasq knows no less
SERVES = ("range", "range6", "ra", "servers", "tftp")
_OPTION = re.compile(rb"(option6:)?([1-9][0-9]{0,4}|[a-z][a-z0-9-]{0,62})")
_VALUE = re.compile(rb"[ !$-+\--\[\]-~]{1,255}")  # without " # \\ and the comma between values
_FILE = re.compile(rb"[!$-+\--\[\]-~]{1,127}")
# What goes only with addresses that are given out: of IPv4, or of any.
_GO_WITH = {"boot": ("range",), "ntp": ("range", "range6", "ra"), "search": ("range", "range6", "ra"),
            "options": ("range", "range6", "ra")}  # fmt: skip


class StaticLease(NamedTuple):
    """Which address a machine always gets, and its name, b"" if it has none."""

    mac: bytes
    address: bytes
    name: bytes


def _pair(value: Value, parse: Any) -> tuple[bytes, bytes] | None:
    if not isinstance(value, List) or len(value) != 2:
        return None
    first, last = (parse(word) if isinstance(word, bytes) else None for word in value.elements())
    return (first, last) if first is not None and last is not None and first <= last else None


def _write_pair(pair: tuple[bytes, bytes]) -> Value:
    return List([format_address(address) for address in pair])


def _router(value: Value) -> bytes | None:
    if value == b"none":
        return b""
    return parse_ipv4(value) if isinstance(value, bytes) else None


def _host(value: Value) -> StaticLease | None:
    if not isinstance(value, List) or len(value) not in (2, 3):
        return None
    words = value.elements()
    mac, address = MAC.read(words[0]), parse_ipv4(words[1]) if isinstance(words[1], bytes) else None
    name = read_domain(words[2]) if len(words) == 3 else b""
    return StaticLease(mac, address, name) if mac and address and name is not None and b"." not in name else None


def _hosts(value: Value) -> list[StaticLease] | None:
    if not isinstance(value, List):
        return None
    hosts: list[StaticLease] = []
    for element in value.elements():
        host = _host(element)
        if host is None:
            return None
        hosts.append(host)
    return hosts


def _write_hosts(hosts: list[StaticLease]) -> Value:
    found: list[Value] = []
    for host in hosts:
        words: list[Value] = [MAC.write(host.mac), format_address(host.address)]
        found.append(List([*words, host.name] if host.name else words))
    return List(found)


def _value(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) and _VALUE.fullmatch(value) else None


def _options(value: Value) -> dict[bytes, list[bytes]] | None:
    """Read options by name or number, each with one value or a list of them."""
    if not isinstance(value, Map):
        return None
    found: dict[bytes, list[bytes]] = {}
    for key in value.keys():  # noqa: SIM118 - a Map's keys are ordered, and not a dict's
        given = value.entries[key]
        words = [_value(word) for word in (given.elements() if isinstance(given, List) else [given])]
        values = [word for word in words if word is not None]
        if not isinstance(key, bytes) or not _is_option(key) or len(values) != len(words):
            return None
        found[key] = values
    return found


def _is_option(key: bytes) -> bool:
    """Say whether something is a DHCP option: which names there are is dnsmasq's to know."""
    found = _OPTION.fullmatch(key)
    most = 65535 if found is not None and found[1] else 254
    return found is not None and not (found[2].isdigit() and int(found[2]) > most)


def _explain_options(value: Value) -> Refused | None:
    """Say of which option something is wrong."""
    for key, given in value.entries.items() if isinstance(value, Map) else ():
        if _options(Map({key: given})) is None:
            name = key.decode("latin-1") if isinstance(key, bytes) else "{}"
            if not isinstance(key, bytes) or not _is_option(key):
                within = (key, ITS_NAME) if isinstance(key, bytes) else ()
                return Refused(f"{name!r} is no DHCP option", hint=_OPTION_MEANS, within=within)
            return Refused(f"the value of the DHCP option {name}: {_VALUE_MEANS}", within=(key,))
    return None


def _write_options(options: dict[bytes, list[bytes]]) -> Value:
    return Map({key: List(list(values)) for key, values in options.items()})


def _file(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) and _FILE.fullmatch(value) else None


def _folder(value: Value) -> bytes | None:
    found = _value(value)
    return found if found is not None and found.startswith(b"/") else None


_OPTION_MEANS = "a number, 1 to 254, or a name of `dnsmasq --help dhcp`; of DHCPv6 with option6: before it"
_VALUE_MEANS = "printable ASCII without quotes, backslashes, commas and #, or a list of that"
_BOOT_FILE: Shape[Any] = Shape(
    "a file to boot", "up to 127 printable ASCII characters, no spaces, quotes, backslashes, commas or #", _file,
    lambda name: name, ('"pxelinux.0"',), ('""', '"a b"', '"a,b"', "{}"),
)  # fmt: skip
BOOT = OptionsShape(
    "boot options",
    {
        "efi": _BOOT_FILE, "file": _BOOT_FILE,
        "server": Shape("an IPv4 address", "such as 192.0.2.1", IPV4.read, IPV4.write, IPV4.good, IPV4.bad),
    },
    ('["file": "pxelinux.0", "efi": "grubx64.efi", "server": "192.0.2.5"]',), ("[]", '["file": "a,b"]'), ("file",),
)  # fmt: skip

FIELDS: dict[str, Shape[Any]] = {
    "range": Shape(
        "a range", "a list of the first and the last IPv4 address", lambda value: _pair(value, parse_ipv4),
        _write_pair, ('{"192.0.2.10", "192.0.2.20"}',), ('"192.0.2.10"', '{"192.0.2.20", "192.0.2.10"}'),
    ),
    "range6": Shape(
        "a range", "a list of the first and the last IPv6 address", lambda value: _pair(value, parse_ipv6),
        _write_pair, ('{"2001:db8::10", "2001:db8::20"}',), ('{"192.0.2.10", "192.0.2.20"}',),
    ),
    "lease_time": number_shape("a time", "whole seconds, at least 120", LEASE_LEAST_S, 2**32 - 2),
    "router": Shape(
        "a router", "an IPv4 address, or none", _router, lambda router: format_address(router) if router else b"none",
        ('"192.0.2.1"', '"none"'), ('"here"',),
    ),
    "dns": SERVERS,
    "domain": Shape(
        "a domain", "such as example.org", read_domain, lambda name: name, ('"example.org"',), ('"a b"', '""')
    ),
    "hosts": Shape(
        "static leases", 'lists of a MAC address, an IPv4 address and perhaps a name, such as '
        '{{"02:00:00:00:0A:01", "192.0.2.9", "printer"}}',
        _hosts, _write_hosts, ("{}", '{{"02:00:00:00:0A:01", "192.0.2.9"}}'), ('"x"', '{{"x", "192.0.2.9"}}'),
    ),
    "search": DOMAINS,
    "ntp": SERVERS,
    "boot": BOOT,
    "tftp": Shape(
        "a folder", "its path, in printable ASCII without quotes, backslashes, commas and #", _folder,
        lambda path: path, ('"/srv/tftp"',), ('"tftp"', r'"/a\"b"', '"/a,b"'),
    ),
    "options": Shape(
        "DHCP options", f"a map of them, each {_OPTION_MEANS}, to {_VALUE_MEANS}", _options, _write_options,
        ('["42": "192.0.2.1", "tftp-server": {"boot.example.org"}, "option6:56": "[2001:db8::1]"]', "[]"),
        ('["0": "x"]', '["255": "x"]', '["a b": "x"]', '["42": "192.0.2.1,192.0.2.2"]', '["42": []]', '"42"'),
        explain=_explain_options,
    ),
    "ra": SWITCH,
    "servers": SERVERS,
}  # fmt: skip
_MAP = options_shape(FIELDS, (), ())


def _explain(value: Value) -> Refused | None:
    options = _MAP.read(value)
    if options is None:
        return _MAP.refusal(0, value)
    if not any(options.get(word) or (word == "servers" and word in options) for word in SERVES):
        return Refused("there is nothing to serve", hint=f"give one of: {', '.join(SERVES)}")
    for word, needed in _GO_WITH.items():
        if word in options and not any(options.get(one) for one in needed):
            return Refused(f"`{word}` goes with leases", hint=f"give one of: {', '.join(needed)}")
    return None


DNSMASQ_OPTIONS = Shape[Options](
    "options", _MAP.means, lambda value: None if _explain(value) is not None else _MAP.read(value), _MAP.write,
    (
        '["range": {"192.0.2.10", "192.0.2.20"}, "lease_time": "3600", "dns": {"192.0.2.53"}]',
        '["ra": "on", "servers": {"2001:db8::53"}]',
    ),
    ('["rnage": {"192.0.2.10", "192.0.2.20"}]', '["range": "192.0.2.10"]', "[]", '["lease_time": "60"]',
     '["ra": "yes"]'),
    explain=_explain,
)  # fmt: skip

DnsmasqOptions = Annotated[Options, DNSMASQ_OPTIONS]
