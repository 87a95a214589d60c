"""A captive portal that router advertisements name, in a network without IPv4.

radvd 2.19 cannot name one, so `net.ipv6.advertise` does.  dnsmasq 2.90, nftables 1.0.6, Linux 6.18.
"""

import sys
from pathlib import Path

import pytest
from tests.kernel.test_portal import LOG_IN, Hotel, hotel, printed

from netstrata.testing.child import wait_until

pytestmark = pytest.mark.kernel
__all__ = ["hotel"]
SERVER, NEAR = "2001:db8:ff::7", "2001:db8:1::1"
LAPTOP = """process eth0 {
    net.up("eth0");
    net.backend.waitlink("eth0");
    net.ipv6.ra("eth0") ra;
    net.gateway("eth0", "advertised", ["preference": "10"]);
    net.portal("eth0", {"http://www.example.org/generate_204"},
        ["servers": ra.dns_servers, "api": ra.captive_portal, "family": "inet6"]) portal;
    println("eth0 captive ", portal.captive, " ", portal.url);
}
"""
ROUTER = f"""process lan {{
    net.ipv6.advertise("lan", ["prefixes": {{"2001:db8:1::/64"}}, "dns": {{"{NEAR}"}}OPTIONS]);
}}
"""
API = ', "captive_portal": "https://portal.example.org/api"'
DNSMASQ = (
    "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--pid-file=", "--log-facility=-", "--interface=lan",
    "--bind-dynamic", "--except-interface=lo", "--no-resolv", "--no-hosts", f"--address=/www.example.org/{SERVER}",
    f"--address=/portal.example.org/{NEAR}",
)  # fmt: skip


@pytest.mark.parametrize("says", [True, False])
def test_a_portal_of_a_network_with_ipv6_alone_is_known_until_somebody_has_logged_in(
    hotel: Hotel, tmp_path: Path, says: bool
) -> None:
    portal = hotel.portal
    portal.sysctl("net.ipv6.conf.all.forwarding", "1")
    portal.up("lan", f"{NEAR}/64")
    portal.up("wan", "2001:db8:f::1/64")
    portal.ip("route add default via 2001:db8:f::2")
    hotel.server.up("way0", "2001:db8:f::2/64")
    hotel.server.up("lo", f"{SERVER}/128")
    hotel.server.ip("route add 2001:db8:1::/64 via 2001:db8:f::1")
    hotel.children.append(portal.start(DNSMASQ))
    router = tmp_path / "router.ncd"
    router.write_text(ROUTER.replace("OPTIONS", API if says else ""))
    words = ("run", "--quiet", "--control", "none", "--state", str(tmp_path / "state"), str(router))
    hotel.children.append(portal.start((sys.executable, "-m", "netstrata", *words)))
    hotel.captive(True)
    server = hotel.serve(portal, hotel.folder)

    daemon = hotel.run(LAPTOP)

    url = LOG_IN if says else "http://www.example.org/log-in"
    wait_until("it is known", lambda: printed(daemon, "eth0")[-1:] == [f"eth0 captive true {url}"])
    assert ("asked portal.example.org /api application/captive+json" in server.output()) is says
    hotel.captive(False)
    wait_until("it is free", lambda: printed(daemon, "eth0")[-1].startswith("eth0 captive false"))
    assert daemon.end() == 0
