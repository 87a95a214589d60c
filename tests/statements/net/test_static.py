"""An uplink that a program knows by itself: its variables, its routes in order, and what is wrong with one."""

import pytest

from netstrata.contract import declaration_of
from netstrata.language.valuetext import format_value, parse_value
from netstrata.statements.net.ipv4.dhcp import dhcp
from netstrata.statements.net.ipv6.dhcp import dhcp as dhcpv6
from netstrata.statements.net.static import static
from netstrata.values import Refused

IT = declaration_of(static)


def found(text: str) -> dict[str, str]:
    value = parse_value(text.encode())
    assert value is not None
    terms = IT.implementation(*IT.bind([value]))
    pairs = zip(IT.variables, terms, strict=True)
    return {variable.name: format_value(variable.shape.write(value)).decode() for variable, value in pairs}


def test_all_that_is_said_is_there_and_the_rest_is_empty() -> None:
    assert found(
        '["address": "192.0.2.7/24", "gateway": "192.0.2.1", "dns_servers": {"192.0.2.53", "fe80::1%eth0"}, '
        '"domain": "example.org", "ntp_servers": {"192.0.2.1"}, "mtu": "1400"]'
    ) == {
        "addr": '"192.0.2.7"',
        "prefix": '"24"',
        "cidr_addr": '"192.0.2.7/24"',
        "addresses": '{"192.0.2.7/24"}',
        "prefixes": "{}",
        "gateway": '"192.0.2.1"',
        "routes": '{{"0.0.0.0/0", "192.0.2.1"}}',
        "dns_servers": '{"192.0.2.53", "fe80::1%eth0"}',
        "domain": '"example.org"',
        "search": '{"example.org"}',
        "ntp_servers": '{"192.0.2.1"}',
        "mtu": '"1400"',
        "hostname": '""',
        "captive_portal": '""',
        "server_mac": '""',
        "server_duid": '""',
        "options": "[]",
    }


def test_an_uplink_by_dhcp_has_the_same_variables() -> None:
    assert IT.variables == declaration_of(dhcp).variables == declaration_of(dhcpv6).variables


def test_a_prefix_that_is_routed_here_and_names_of_servers_are_said_as_a_lease_says_them() -> None:
    said = found('["address": "2001:db8::7/64", "prefixes": {"2001:db8:1::/56"}, "ntp_servers": {"ntp.example.org"}]')

    assert (said["prefixes"], said["ntp_servers"]) == ('{"2001:db8:1::/56"}', '{"ntp.example.org"}')


@pytest.mark.parametrize(
    ("said", "gateway", "routes"),
    [
        ('"address": "192.0.2.7/24"', "none", "{}"),
        ('"address": "192.0.2.7/24", "gateway": "none"', "none", "{}"),
        ('"address": "2001:db8::7/64", "gateway": "fe80::1"', "fe80::1", '{{"::/0", "fe80::1"}}'),
        ('"address": "2001:db8::7/64", "gateway": "2001:db8::1"', "2001:db8::1", '{{"::/0", "2001:db8::1"}}'),
        (
            '"address": "192.0.2.7/32", "gateway": "203.0.113.1"',
            "203.0.113.1",
            '{{"203.0.113.1/32", "none"}, {"0.0.0.0/0", "203.0.113.1"}}',
        ),
        (
            '"address": "2001:db8::7/128", "gateway": "2001:db8:1::1"',
            "2001:db8:1::1",
            '{{"2001:db8:1::1/128", "none"}, {"::/0", "2001:db8:1::1"}}',
        ),
        ('"address": "192.0.2.6/31", "gateway": "192.0.2.7"', "192.0.2.7", '{{"0.0.0.0/0", "192.0.2.7"}}'),
        (
            '"address": "192.0.2.7/24", "gateway": "203.0.113.1", "routes": {{"203.0.113.0/28", "none"}}',
            "203.0.113.1",
            '{{"203.0.113.0/28", "none"}, {"0.0.0.0/0", "203.0.113.1"}}',
        ),
        (
            '"address": "192.0.2.7/24", "routes": {{"0.0.0.0/0", "192.0.2.1"}, {"10.0.0.0/8", "192.0.2.2"}}',
            "192.0.2.1",
            '{{"0.0.0.0/0", "192.0.2.1"}, {"10.0.0.0/8", "192.0.2.2"}}',
        ),
        ('"address": "192.0.2.7/24", "routes": {{"0.0.0.0/0", "none"}}', "none", '{{"0.0.0.0/0", "none"}}'),
    ],
)
def test_routes_are_in_an_order_in_which_a_kernel_takes_them(said: str, gateway: str, routes: str) -> None:
    terms = found(f"[{said}]")

    assert (terms["gateway"], terms["routes"]) == (f'"{gateway}"', routes)


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ('"gateway": "192.0.2.1"', "expected an address and what goes with it with the option address", ""),
        (
            '"address": "192.0.2.7/24", "gateway": "192.0.3.1"',
            "192.0.3.1 is outside of the network 192.0.2.0/24",
            'if it is on the link all the same, say so: "routes": {{"192.0.3.1/32", "none"}}',
        ),
        (
            '"address": "2001:db8::7/64", "gateway": "2001:db8:1::1"',
            "2001:db8:1::1 is outside of the network 2001:db8::/64",
            'if it is on the link all the same, say so: "routes": {{"2001:db8:1::1/128", "none"}}',
        ),
        ('"address": "192.0.2.7/24", "gateway": "fe80::1"', "the gateway is of another family than the address", ""),
        ('"address": "192.0.2.7/24", "gateway": "192.0.2.7"', "the gateway is the address itself", ""),
        (
            '"address": "192.0.2.7/24", "routes": {{"::/0", "fe80::1"}}',
            "the routes are of another family than the address",
            "",
        ),
        (
            '"address": "192.0.2.7/24", "gateway": "192.0.2.1", "routes": {{"0.0.0.0/0", "192.0.2.2"}}',
            "there is a default route in `routes`, so leave out the gateway",
            "",
        ),
        (
            '"address": "192.0.2.7/24", "router": "192.0.2.1"',
            "there is no option `router`; known are address",
            "did you mean `routes`?",
        ),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(said: str, message: str, hint: str) -> None:
    with pytest.raises(Refused) as refused:
        found(f"[{said}]")

    assert refused.value.message.startswith(message)
    assert refused.value.hint == hint
