"""The configuration of a wpa_supplicant for one link."""

from typing import Any

import pytest

from netstrata.contract.shapes.wpa import WPA_OPTIONS
from netstrata.protocols.wpa_configuration import configuration, driver
from netstrata.values import Map, Refused, Value


def read(**options: bytes) -> Any:
    """Return options as the shape reads them."""
    given: dict[Value, Value] = {name.encode(): value for name, value in options.items()}
    found = WPA_OPTIONS.read(Map(given))
    assert found is not None
    return found


def lines(**options: bytes) -> list[str]:
    """Return the configuration's lines without their indentation, and without the comment."""
    return [line.strip() for line in configuration("wlan0", read(**options)).splitlines()[1:]]


def test_a_passphrase_is_quoted_and_an_ssid_of_any_bytes_is_hexadecimal() -> None:
    assert lines(ssid=b'h"\n\xff', psk=b'say "friend" # and enter') == [
        "network={", "ssid=68220aff", "key_mgmt=WPA-PSK", 'psk="say "friend" # and enter"', "}",
    ]  # fmt: skip


def test_a_key_is_not_quoted() -> None:
    assert f"psk={'0a' * 32}" in lines(ssid=b"home", psk=b"0a" * 32)


def test_a_wire_authenticates_by_8021x() -> None:
    options = {"eap": b"MD5", "identity": b"bob", "password": b"hello"}

    assert lines(**options) == [
        "ap_scan=0", "network={", "key_mgmt=IEEE8021X", "eapol_flags=0", "eap=MD5", 'identity="bob"',
        'password="hello"', "}",
    ]  # fmt: skip
    assert driver(read(**options)) == b"wired"


def test_a_network_may_be_open_hidden_or_of_users() -> None:
    assert lines(ssid=b"a", hidden=b"true") == ["network={", "ssid=61", "key_mgmt=NONE", "scan_ssid=1", "}"]
    assert lines(ssid=b"a", eap=b"TLS", bssid=b"02:00:00:00:0a:01")[2:5] == [
        "key_mgmt=WPA-EAP", "eap=TLS", "bssid=02:00:00:00:0a:01",
    ]  # fmt: skip
    assert driver(read(ssid=b"a")) == b"nl80211"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "there is nothing to authenticate with"),
        ({"eap": b"MD5", "psk": b"12345678"}, "a passphrase without a network"),
        ({"ssid": b"a", "identity": b"bob"}, "an identity without a method"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, bytes], problem: str) -> None:
    with pytest.raises(Refused, match=problem) as refused:
        lines(**options)

    assert refused.value.argument == 1


@pytest.mark.parametrize("password", [b"two\nlines", b"", b"nul\0"])
def test_a_value_cannot_end_its_line(password: bytes) -> None:
    given: dict[Value, Value] = {b"eap": b"MD5", b"password": password}

    assert WPA_OPTIONS.read(Map(given)) is None
