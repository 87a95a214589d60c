"""The configuration that dnsmasq is given."""

from netstrata.contract.shapes.dnsmasq import DNSMASQ_OPTIONS
from netstrata.language.valuetext import parse_value
from netstrata.protocols.dnsmasq import configuration, reason

HEAD = [
    "interface=lan",
    "except-interface=lo",
    "bind-dynamic",
    "log-facility=-",
    "no-hosts",
    "no-resolv",
]
LEASES = ["dhcp-authoritative", "dhcp-leasefile=/l"]


def lines(text: str) -> list[str]:
    value = parse_value(text.encode())
    assert value is not None
    options = DNSMASQ_OPTIONS.read(value)
    assert options is not None
    return configuration("lan", options, "/l").splitlines()[1:]


def test_without_servers_no_names_are_answered_and_none_is_named() -> None:
    assert lines('["range": {"192.0.2.10", "192.0.2.20"}, "router": "none"]') == [
        *HEAD,
        "port=0",
        *LEASES,
        "dhcp-range=192.0.2.10,192.0.2.20,3600",
        "dhcp-option=option:router",
        "dhcp-option=option:dns-server",
    ]


def test_servers_of_both_families_are_told_to_each_in_its_way() -> None:
    text = '["range": {"192.0.2.10", "192.0.2.20"}, "dns": {"192.0.2.53", "2001:db8::53"}, "ra": "true"]'

    assert lines(text)[7:] == [
        *LEASES,
        "dhcp-range=192.0.2.10,192.0.2.20,3600",
        "dhcp-option=option:dns-server,192.0.2.53",
        "dhcp-range=::,constructor:lan,ra-stateless,64,3600",
        "enable-ra",
        "dhcp-option=option6:dns-server,[2001:db8::53]",
    ]


def test_names_alone_need_no_leases() -> None:
    assert lines('["servers": {"198.51.100.53", "2001:db8::53"}, "domain": "example.org"]') == [
        *HEAD,
        "bogus-priv",
        "domain-needed",
        "server=198.51.100.53",
        "server=2001:db8::53",
        "domain=example.org",
    ]


def test_leases_of_ipv6_and_static_ones_with_names() -> None:
    text = """["range": {"192.0.2.10", "192.0.2.20"}, "range6": {"2001:db8::10", "2001:db8::20"}, "servers": {},
        "lease_time": "600", "hosts": {{"02:00:00:00:0A:01", "192.0.2.9"}, {"02:00:00:00:0A:02", "192.0.2.8", "tv"}}]"""

    assert lines(text)[8:] == [
        "host-record=tv,192.0.2.8",
        *LEASES,
        "dhcp-range=192.0.2.10,192.0.2.20,600",
        "dhcp-host=02:00:00:00:0a:01,192.0.2.9",
        "dhcp-host=02:00:00:00:0a:02,192.0.2.8,tv",
        "dhcp-range=2001:db8::10,2001:db8::20,64,600",
    ]


def test_the_reason_is_the_last_line_that_is_one() -> None:
    said = ["dnsmasq: warning", "dnsmasq[7]: unknown user nobody", "dnsmasq[7]: FAILED to start up"]

    assert reason(said) == "unknown user nobody"
    assert reason(["dnsmasq: FAILED to start up"]) == ""
