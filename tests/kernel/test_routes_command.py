"""`netstrata routes`, and what `netstrata why` says of an uplink, on a host of a lab.

Seen with Linux 6.18, iproute2 6.1.0.
"""

import json
from pathlib import Path

import pytest
from tests.kernel.test_changed_gateways import Changed
from tests.kernel.test_gateways import UPLINK, printed

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab
from netstrata.testing.uplinks import ways_between
from netstrata.values import Unavailable

pytestmark = pytest.mark.kernel


def test_routes_and_uplinks_are_told_with_who_holds_them_and_why(lab: Lab, tmp_path: Path) -> None:
    laptop, server = lab.host("laptop"), lab.host("server")
    links = {"eth0": "192.0.2", "eth1": "198.51.100"}
    first, _ = ways_between(lab, laptop, server, links)
    server.up("lo", "203.0.113.7/32")
    probe = 'net.probe("{0}", {{"203.0.113.7"}}, ["fast": "on"]);\n    println'
    texts = [
        UPLINK.replace("println", probe).format(link, net, 10 * at) for at, (link, net) in enumerate(links.items(), 1)
    ]
    changed = Changed(laptop, tmp_path, "".join(texts))
    wait_until("both", lambda: {"eth0 true", "eth1 false"} <= set(printed(changed.daemon)))

    told = changed.ask("routes")

    assert "eth0 is preferred: eth0 has preference 10, and gets through; eth1 (20) gets through" in told
    lines = [line.split() for line in told.splitlines()]
    assert ["eth1", "198.51.100.1", "20", "ethernet", "ready,"] in [words[:5] for words in lines]
    assert ["0.0.0.0/0", "via", "192.0.2.1", "on", "eth0", "eth0.5", "net.gateway"] in lines
    used = changed.ask("routes", "203.0.113.7")
    assert used.splitlines()[:2] == [
        "203.0.113.7 goes by 0.0.0.0/0 via 192.0.2.1 dev eth0 proto netstrata", "held by eth0.5 net.gateway",
    ]  # fmt: skip
    laptop.ip("route add 203.0.113.0/24 via 198.51.100.1 dev eth1 proto bird")
    used = changed.ask("routes", "203.0.113.7")
    assert "not held by this program: it is bird's" in used
    assert "eth0 is preferred" not in used
    assert "the only" not in changed.ask("why", "eth1")
    assert "eth1 as an uplink: eth0 is preferred: eth0 has preference 10" in changed.ask("why", "eth1")
    first.router.ip("route replace blackhole default")
    laptop.ip("route del 203.0.113.0/24 proto bird")
    wait_until("it is said", lambda: "eth0 (10) does not get through since " in changed.ask("routes"))
    assert json.loads(changed.ask("routes", "--json"))["uplinks"][1]["state"] == "silent"
    changed.end()


def test_a_program_without_uplinks_and_an_address_without_a_route(lab: Lab, tmp_path: Path) -> None:
    laptop = lab.host("laptop")
    changed = Changed(laptop, tmp_path, 'process p { println("eth up"); }')
    wait_until("it is up", lambda: printed(changed.daemon) == ["eth up"])

    assert changed.ask("routes").splitlines() == ["no uplinks", "", "no routes are held"]
    with pytest.raises(Unavailable, match="cannot send anything to"):
        changed.ask("routes", "203.0.113.7")
    changed.end()
