"""What `netstrata check` knows of uplinks that never come up."""

import pytest

from netstrata.daemon.running.lookup import RegistryLookup
from netstrata.daemon.running.registry import make_registry
from netstrata.language.check import check
from netstrata.language.load import load

WAITS = "an uplink without a router: this waits for ever"


@pytest.mark.parametrize(("words", "waits"), [
    ('"eth0", ""', True),
    ('"eth0", "none"', True),
    ('"eth0", "none", ["kind": "wifi"]', True),
    ('"eth0", "none", ["preference": "3"]', True),
    ('"tun0", "none", ["kind": "vpn"]', False),
    ('"eth0", "192.0.2.1"', False),
    ('"eth0", lease.gateway', False),
    ('"eth0", "none", options', False),
])  # fmt: skip
def test_a_gateway_that_can_never_be_one_is_warned_of(words: str, waits: bool) -> None:
    text = f'process p {{ net.ipv4.dhcp("eth0") lease; var(["kind": "vpn"]) options; net.gateway({words}); }}'
    findings = check(load("x.ncd", lambda path: text.encode()), RegistryLookup(make_registry()))

    assert findings.errors == []
    assert [one.message for one in findings.warnings] == ([WAITS] if waits else [])
