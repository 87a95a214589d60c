"""What systemd-resolved is told of a link over D-Bus: properties of the link's object, each with a method that sets it.

Source: org.freedesktop.resolve1(5); names and types as `busctl introspect` shows them of 252.
"""

from typing import Any, Final

from netstrata.ports.dns import LinkServers
from netstrata.values import parse_address

NAME: Final = "org.freedesktop.resolve1"
MANAGER: Final = "/org/freedesktop/resolve1"
LINK: Final = f"{NAME}.Link"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
# By property: the method, and the type of its argument.  What it says of default routes depends on all others.
SETTERS: Final = {
    "DNSEx": ("SetDNSEx", "a(iayqs)"),
    "Domains": ("SetDomains", "a(sb)"),
    "LLMNR": ("SetLLMNR", "s"),
    "MulticastDNS": ("SetMulticastDNS", "s"),
    "DNSSEC": ("SetDNSSEC", "s"),
    "DNSOverTLS": ("SetDNSOverTLS", "s"),
    "DefaultRoute": ("SetDefaultRoute", "b"),
}
_SWITCHES: Final = {"llmnr": "LLMNR", "mdns": "MulticastDNS", "dnssec": "DNSSEC", "dot": "DNSOverTLS"}
_WORDS: Final = {"on": "yes", "off": "no"}
_FAMILIES: Final = {4: 2, 16: 10}  # AF_INET, AF_INET6 by the length of an address
# What people call them.
TITLES: Final = {
    "DNSEx": "servers", "Domains": "domains", "LLMNR": "LLMNR", "MulticastDNS": "mDNS", "DNSSEC": "DNSSEC",
    "DNSOverTLS": "DNS over TLS", "DefaultRoute": "default route",
}  # fmt: skip

Settings = dict[str, Any]  # of one link, by property


def link_path(ifindex: int) -> str:
    """Return the path of a link's object: a digit that begins is written by its number.

    Source: sd_bus_path_encode(3).
    """
    digits = str(ifindex)
    return f"{MANAGER}/link/_{ord(digits[0]):x}{digits[1:]}"


def settings_of(servers: list[LinkServers], *, is_best: bool) -> Settings:
    """Return what a link is to have for some who hold servers over it, best first.

    The best of all links has the domain of all names, so that no other one is asked for what belongs to nobody.
    """
    addresses: dict[bytes, None] = {}
    domains: dict[str, int] = {}
    found: Settings = {}
    for one in servers:
        addresses |= dict.fromkeys(_packed(server) for server in one.servers)
        domains |= {domain.decode("ascii"): 0 for domain in one.search}
        for domain in one.domains:
            domains.setdefault(domain.decode("ascii"), 1)
        for word, value in one.switches.items():
            found.setdefault(_SWITCHES[word], _WORDS.get(value, value))
    if is_best:
        domains["."] = 1
    found["DNSEx"] = [(_FAMILIES[len(address)], list(address), 0, "") for address in addresses]
    found["Domains"] = list(domains.items())
    found["DefaultRoute"] = int(is_best)
    return found


def _packed(server: bytes) -> bytes:
    address = parse_address(server.partition(b"%")[0])
    assert address is not None
    return address
