"""The configuration that dnsmasq is given."""

import pytest

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


def test_any_option_search_lists_and_time_servers_are_told_to_each_family_in_its_way() -> None:
    text = (
        '["range": {"192.0.2.10", "192.0.2.20"}, "dns": {}, "ra": "on", "search": {"a.example", "b.example"}, '
        '"ntp": {"192.0.2.123", "2001:db8::123"}, '
        '"options": ["252": "http://192.0.2.1/wpad.dat", "tftp-server": {"one", "two"}, "option6:63": "x", "19": {}]]'
    )

    assert lines(text)[7:] == [
        *LEASES,
        "dhcp-range=192.0.2.10,192.0.2.20,3600",
        "dhcp-option=option:dns-server",
        "dhcp-option=option:ntp-server,192.0.2.123",
        "dhcp-option=option:domain-search,a.example,b.example",
        "dhcp-range=::,constructor:lan,ra-stateless,64,3600",
        "enable-ra",
        "dhcp-option=option6:dns-server",
        "dhcp-option=option6:sntp-server,[2001:db8::123]",
        "dhcp-option=option6:domain-search,a.example,b.example",
        "dhcp-option=19",
        "dhcp-option=252,http://192.0.2.1/wpad.dat",
        "dhcp-option=option6:63,x",
        "dhcp-option=option:tftp-server,one,two",
    ]


def test_machines_are_told_what_to_boot_by_their_firmware() -> None:
    text = (
        '["range": {"192.0.2.10", "192.0.2.20"}, "router": "none", "dns": {}, "tftp": "/srv/tftp", '
        '"boot": ["file": "pxelinux.0", "efi": "grubx64.efi", "server": "192.0.2.5"]]'
    )

    assert lines(text)[12:] == [
        "enable-tftp",
        "tftp-root=/srv/tftp",
        "dhcp-match=set:efi,option:client-arch,6",
        "dhcp-match=set:efi,option:client-arch,7",
        "dhcp-match=set:efi,option:client-arch,9",
        "dhcp-boot=tag:efi,grubx64.efi,,192.0.2.5",
        "dhcp-boot=tag:!efi,pxelinux.0,,192.0.2.5",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"options": ["255": "x"]', "option options: '255' is no DHCP option"),
        ('"options": ["42": "a,b"]', "option options: the value of the DHCP option 42: printable ASCII without quotes"),
        ('"options": ["42": {"a", "b#"}]', "option options: the value of the DHCP option 42: printable ASCII"),
        ('"search": {"a b"}', "option search: expected a list of domains: names of domains"),
        ('"boot": ["file": "a b"]', "option boot: option file: expected a file to boot: up to 127"),
        ('"boot": ["efi": "a"]', "option boot: expected boot options with the option file"),
        ('"tftp": "tftp"', "option tftp: expected a folder: its path"),
        ('"ntp": {"pool.example.org"}', "option ntp: expected a list of name servers"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(text: str, message: str) -> None:
    value = parse_value(f'["range": {{"192.0.2.10", "192.0.2.20"}}, {text}]'.encode())
    assert value is not None

    assert DNSMASQ_OPTIONS.read(value) is None
    assert DNSMASQ_OPTIONS.refusal(1, value).message.startswith(message)


def test_what_goes_with_leases_is_refused_without_any() -> None:
    value = parse_value(b'["servers": {"192.0.2.53"}, "boot": ["file": "x"]]')
    assert value is not None

    refused = DNSMASQ_OPTIONS.refusal(1, value)

    assert (refused.message, refused.hint, refused.argument) == ("`boot` goes with leases", "give one of: range", 1)


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
