"""What a DHCP client is told: a map, or the words of NCD, which mean the same and are refused alike."""

import pytest

from netstrata.contract.shapes.dhcp_client import DHCP_OPTIONS, DhcpOptions
from netstrata.language.valuetext import parse_value
from netstrata.values import Value


def value(text: str) -> Value:
    found = parse_value(text.encode())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("words", "map_"),
    [
        ('{"hostname", "a", "vendorclassid", "b"}', '["hostname": "a", "vendor_class": "b"]'),
        ('{"auto_clientid"}', '["client_id": "mac"]'),
        ('{"client_id", "xyz", "auto_clientid"}', '["client_id": "xyz"]'),
        ('{"send", "77", "a", "send", "90", "b"}', '["send": ["77": "a", "90": "b"]]'),
        ('{"user_class", {"a", "b"}, "request", {"1"}}', '["user_class": {"a", "b"}, "request": {"1"}]'),
        ("{}", "[]"),
    ],
)
def test_words_in_a_list_mean_what_they_mean_in_a_map(words: str, map_: str) -> None:
    assert DHCP_OPTIONS.read(value(words)) == DHCP_OPTIONS.read(value(map_)) != None  # noqa: E711 - a chain


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('["colour": "blue"]', "there is no option `colour`; known are broadcast, client_id", ""),
        ('["vendor": "x"]', "there is no option `vendor`", "vendor_class"),
        ('{"vendor", "x"}', "there is no option `vendor`", "vendor_class"),
        ('["priority": "7"]', "option priority: expected the priority of packets: 0 to 6", ""),
        ('{"priority", "7"}', "option priority: expected the priority of packets: 0 to 6", ""),
        ('["fqdn": "a..b"]', "option fqdn: expected a domain name: such as host.example.org", ""),
        ('["fqdn": "a.b", "hostname": "a"]', "`fqdn` is the host's name as well: leave out `hostname`", ""),
        (f'["hostname": "{"x" * 1025}"]', "what is sent is longer than 1024 bytes", ""),
        ('{"hostname"}', "expected DHCP options: a map of broadcast", ""),
        ('"hostname"', "expected DHCP options: a map of broadcast", ""),
    ],
)
def test_what_is_wrong_is_said_of_the_option(text: str, message: str, hint: str) -> None:
    refused = DHCP_OPTIONS.refusal(1, value(text))

    assert refused.message.startswith(message)
    assert hint in refused.hint
    assert refused.argument == 1


def test_options_are_written_as_a_map_without_what_goes_without_saying() -> None:
    assert DHCP_OPTIONS.write(DhcpOptions()) == value("[]")
    assert DHCP_OPTIONS.write(DhcpOptions(lease_time=60)) == value('["lease_time": "60"]')
