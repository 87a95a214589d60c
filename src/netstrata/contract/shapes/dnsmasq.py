"""The shapes of what a DHCP and DNS server for a link is told."""

import re
from typing import Annotated, Any, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, options_shape
from netstrata.contract.shapes.common import number_shape
from netstrata.contract.shapes.dhcp import MAC
from netstrata.contract.shapes.dns import SERVERS
from netstrata.contract.shapes.link import SWITCH
from netstrata.values import List, Refused, Value, format_address, parse_ipv4, parse_ipv6

LEASE_LEAST_S = 120  # dnsmasq knows no less
_DOMAIN = re.compile(rb"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*")
SERVES = ("range", "range6", "ra", "servers")


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


def _domain(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) and len(value) < 254 and _DOMAIN.fullmatch(value) else None


def _host(value: Value) -> StaticLease | None:
    if not isinstance(value, List) or len(value) not in (2, 3):
        return None
    words = value.elements()
    mac, address = MAC.read(words[0]), parse_ipv4(words[1]) if isinstance(words[1], bytes) else None
    name = _domain(words[2]) if len(words) == 3 else b""
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
    "domain": Shape("a domain", "such as example.org", _domain, lambda name: name, ('"example.org"',), ('"a b"', '""')),
    "hosts": Shape(
        "static leases", 'lists of a MAC address, an IPv4 address and perhaps a name, such as '
        '{{"02:00:00:00:0A:01", "192.0.2.9", "printer"}}',
        _hosts, _write_hosts, ("{}", '{{"02:00:00:00:0A:01", "192.0.2.9"}}'), ('"x"', '{{"x", "192.0.2.9"}}'),
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
