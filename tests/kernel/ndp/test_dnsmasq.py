"""What a host makes of the router advertisements of dnsmasq 2.90, Linux 6.18."""

import signal
from pathlib import Path

import pytest
from tests.kernel.ndp.routers import Hearing, cabled

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
OWN = '{"fe80::ff:fe00:a01%eth0"}'


def dnsmasq(router: Host, *options: str) -> Child:
    """Advertise every few seconds the prefixes that eth0 has addresses in."""
    server = router.start((
        "dnsmasq", "-k", "--conf-file=/dev/null", "--enable-ra", "--interface=eth0", "--leasefile-ro",
        "--user=root", "--log-facility=-", "--ra-param=eth0,4,12", "--pid-file",
        "--dhcp-range=::,constructor:eth0,ra-only,64,1800", *options,
    ))  # fmt: skip
    server.wait_output("IPv6 router advertisement enabled")
    return server


def test_all_that_dnsmasq_says_is_there_and_ages_out_when_it_ends(lab: Lab, tmp_path: Path) -> None:
    # Without a DNS option its own link-local address is the name server; when it ends it says nothing.
    host, router = cabled(lab)
    router.ip("addr add 2001:db8:1::1/64 dev eth0 nodad")
    hearing = Hearing(host, tmp_path, ("routers", "prefixes", "dns_servers", "search"))
    server = dnsmasq(router, "--dhcp-option=option6:domain-search,example.org")
    hearing.wait("routers", '{["address":"fe80::ff:fe00:a01", "lifetime":"12", "preference":"medium"]}')
    hearing.wait("dns_servers", OWN)
    hearing.wait("search", '{"example.org"}')
    assert '"network":"2001:db8:1::/64"' in hearing.now("prefixes")

    server.end()

    hearing.wait("routers", "{}", 30)


def test_the_name_server_goes_with_the_last_prefix(lab: Lab, tmp_path: Path) -> None:
    # Router lifetime 0, prefix preferred 0, and the name server, which is itself, with a lifetime without end.
    host, router = cabled(lab)
    router.ip("addr add 2001:db8:1::1/64 dev eth0 nodad")
    hearing = Hearing(host, tmp_path, ("routers", "prefixes", "dns_servers"))
    dnsmasq(router)
    hearing.wait("dns_servers", OWN)

    router.ip("addr del 2001:db8:1::1/64 dev eth0")

    hearing.wait("routers", "{}", 30)
    hearing.wait("dns_servers", "{}", 30)
    assert '"preferred":"0"' in hearing.now("prefixes")


def test_one_of_two_prefixes_is_not_preferred_any_more_and_the_rest_stays(lab: Lab, tmp_path: Path) -> None:
    # It is repeated with preferred 0 and a valid lifetime that falls, which are no changes.
    host, router = cabled(lab)
    router.ip("addr add 2001:db8:1::1/64 dev eth0 nodad", "addr add 2001:db8:2::1/64 dev eth0 nodad")
    hearing = Hearing(host, tmp_path, ("routers", "prefixes", "dns_servers"))
    dnsmasq(router)
    hearing.wait("dns_servers", OWN)
    lines = hearing.daemon.output().count("dns_servers = ")

    router.ip("addr del 2001:db8:1::1/64 dev eth0")

    old = '["autonomous":"true", "network":"2001:db8:1::/64", "on_link":"true", "preferred":"0"'
    wait_until("the old prefix deprecated", lambda: old in hearing.now("prefixes"), 30)
    assert '"network":"2001:db8:2::/64", "on_link":"true", "preferred":"1800"' in hearing.now("prefixes")
    assert hearing.daemon.output().count("dns_servers = ") == lines


def test_a_server_that_is_killed_ages_out(lab: Lab, tmp_path: Path) -> None:
    host, router = cabled(lab)
    router.ip("addr add 2001:db8:1::1/64 dev eth0 nodad")
    hearing = Hearing(host, tmp_path, ("routers",))
    server = dnsmasq(router)
    hearing.wait("routers", '{["address":"fe80::ff:fe00:a01", "lifetime":"12", "preference":"medium"]}')

    server.signal(signal.SIGKILL)

    hearing.wait("routers", "{}", 30)
