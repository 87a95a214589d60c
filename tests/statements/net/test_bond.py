"""What `netstrata check` knows of bonds that look at none of their ports."""

import pytest

from netstrata.daemon.running.lookup import RegistryLookup
from netstrata.daemon.running.registry import make_registry
from netstrata.language.check import check
from netstrata.language.load import load

UNWATCHED = "without `miimon` or `arp_interval` this bond never notices that a port has lost its carrier"


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ('["mode": "active-backup"]', [34]),
        ('["mode": "active-backup", "miimon": "0"]', [34]),
        ('["mode": "balance-rr"]', [34]),
        ("[]", [34]),
        ('["mode": "active-backup", "miimon": "100"]', []),
        ('["mode": "balance-xor", "arp_interval": "500", "arp_ip_target": {"192.0.2.1"}]', []),
        ('["mode": "802.3ad"]', []),  # Linux sets miimon to 100 for this one, and for tlb and alb
    ],
)
def test_a_bond_that_never_looks_at_its_ports_is_warned_of(options: str, columns: list[int]) -> None:
    text = f'process main {{ net.bond("bond0", {options}); }}'
    findings = check(load("x.ncd", lambda path: text.encode()), RegistryLookup(make_registry()))

    assert findings.errors == []
    assert [(one.message, one.span.column if one.span else 0) for one in findings.warnings] == [
        (UNWATCHED, column) for column in columns
    ]


def test_options_that_are_only_known_later_are_not_warned_of() -> None:
    text = 'process main { call("t", {["mode": "active-backup"]}); }\ntemplate t { net.bond("bond0", _arg0); }'
    findings = check(load("x.ncd", lambda path: text.encode()), RegistryLookup(make_registry()))

    assert (findings.errors, findings.warnings) == ([], [])
