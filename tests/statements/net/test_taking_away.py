"""What `netstrata check` knows of statements that take away what those above them hold."""

import pytest

from netstrata.daemon.running.lookup import RegistryLookup
from netstrata.daemon.running.registry import make_registry
from netstrata.language.check import check
from netstrata.language.load import load

HELD = 'net.ipv6.addr("eth0", "2001:db8::1/64");'
TAKEN = {
    f'process main {{\n {HELD}\n net.mtu("eth0", "1279");\n}}': ["3 net.ipv6.addr 2"],
    f'process main {{\n {HELD}\n net.mtu("eth0", "1280");\n net.mtu("eth1", "1200");\n}}': [],
    f'process main {{\n net.mtu("eth0", "1200");\n {HELD}\n}}': [],
    f'process main {{\n {HELD}\n net.link.set("eth0", ["mtu": "1000"]);\n}}': ["3 net.ipv6.addr 2"],
    f'process main {{\n {HELD}\n net.link.set("eth0", ["mtu": "1500", "alias": "x"]);\n}}': [],
    f'process main {{\n {HELD}\n net.vrf.port("blue", "eth0");\n}}': ["3 net.ipv6.addr 2"],
    f'process main {{\n {HELD}\n net.vrf.port("eth0", "eth1");\n}}': [],
    f'process main {{\n {HELD}\n net.sysctl("net.ipv6.conf.eth0.disable_ipv6", "1");\n}}': ["3 net.ipv6.addr 2"],
    f'process main {{\n {HELD}\n net.sysctl("net.ipv6.conf.eth0.disable_ipv6", "0");\n}}': [],
    f'process main {{\n {HELD}\n net.sysctl("net.ipv6.conf.eth0.accept_ra", "1");\n}}': [],
    'process main {\n net.ipv6.route("2001:db8::", "32", "none", "0", "e.7");\n'
    ' net.sysctl("net.ipv6.conf.e/7.disable_ipv6", "1");\n}': ["3 net.ipv6.route 2"],
    'process main { call("t", {"eth0"}); }\ntemplate t {\n var(_arg0) dev; var("1000") size;\n'
    ' net.ipv6.addr(dev, "2001:db8::1", "64");\n net.vrf.port("blue", dev);\n net.vrf.port("blue", _arg0);\n'
    ' net.mtu(dev, size);\n}': ["5 net.ipv6.addr 4"],
    f'process main {{\n {HELD}\n}}\nprocess other {{\n net.mtu("eth0", "1200");\n}}': [],
}  # fmt: skip


@pytest.mark.parametrize("text", TAKEN)
def test_what_takes_away_what_is_held_above_it_is_warned_of(text: str) -> None:
    findings = check(load("x.ncd", lambda path: text.encode()), RegistryLookup(make_registry()))

    said = [f"{one.span.line if one.span else 0} {one.message}" for one in findings.warnings]
    assert findings.errors == []
    assert said == [
        f"{line} this takes away what {name} in line {above} holds: it goes up and down for ever"
        for line, name, above in map(str.split, TAKEN[text])
    ]
