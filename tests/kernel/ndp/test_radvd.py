"""What a host makes of radvd: radvd 2.19, Linux 6.18."""

import signal
from pathlib import Path

import pytest
from tests.kernel.ndp.routers import Hearing, cabled, configure, radvd

from netstrata.testing.child import wait_until
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
PREFIX = "prefix 2001:db8:1::/64 { AdvValidLifetime 7200; AdvPreferredLifetime 3600; };"
ROUTE = "route 2001:db8:9::/48 { AdvRoutePreference low; AdvRouteLifetime 600; };"
SEARCH = "DNSSL example.org example.com { AdvDNSSLLifetime 8; };"
DNS = f"RDNSS 2001:db8::53 fe80::53 {{ AdvRDNSSLifetime 8; }}; {SEARCH}"
WHOLE = f"AdvLinkMTU 1480; AdvManagedFlag on; AdvDefaultPreference high; {PREFIX} {ROUTE} {DNS}"
ROUTER = "fe80::ff:fe00:a01"
ROUTERS = f'{{["address":"{ROUTER}", "lifetime":"12", "preference":"high"]}}'
PREFIXES = '{["autonomous":"true", "network":"2001:db8:1::/64", "on_link":"true", "preferred":"3600", "valid":"7200"]}'


def test_all_that_radvd_says_is_there_and_what_it_takes_back_is_gone_at_once(lab: Lab, tmp_path: Path) -> None:
    # On SIGTERM router, route, RDNSS and DNSSL have a lifetime of 0; the prefix is as it was, and so is the MTU.
    host, router = cabled(lab)
    hearing = Hearing(host, tmp_path)
    child = radvd(router, tmp_path, WHOLE)

    hearing.wait("routers", ROUTERS)
    hearing.wait("prefixes", PREFIXES)
    hearing.wait(
        "routes", f'{{["gateway":"{ROUTER}", "lifetime":"600", "network":"2001:db8:9::/48", "preference":"low"]}}'
    )
    hearing.wait("dns_servers", '{"2001:db8::53", "fe80::53%eth0"}')
    hearing.wait("search", '{"example.org", "example.com"}')
    hearing.wait("mtu", '"1480"')
    hearing.wait("managed", '"true"')
    hearing.wait("other", '"false"')
    child.end()

    for fact in ("routers", "routes", "dns_servers", "search"):
        hearing.wait(fact, "{}", 5)
    assert (hearing.now("prefixes"), hearing.now("mtu")) == (PREFIXES, '"1480"')
    assert hearing.daemon.end() == 0


def test_a_prefix_that_is_deprecated_on_the_way_out_is_there_and_not_preferred(lab: Lab, tmp_path: Path) -> None:
    # DeprecatePrefix: on SIGTERM valid 7200, preferred 0
    host, router = cabled(lab)
    hearing = Hearing(host, tmp_path, ("prefixes",))
    child = radvd(router, tmp_path, PREFIX.replace("};", "DeprecatePrefix on; };"))
    hearing.wait("prefixes", PREFIXES)

    child.end()

    hearing.wait("prefixes", PREFIXES.replace("3600", "0"))


def test_a_router_that_is_killed_ages_out(lab: Lab, tmp_path: Path) -> None:
    host, router = cabled(lab)
    hearing = Hearing(host, tmp_path, ("routers", "dns_servers"))
    child = radvd(router, tmp_path, f"AdvDefaultLifetime 6; {DNS}")
    hearing.wait("dns_servers", '{"2001:db8::53", "fe80::53%eth0"}')

    child.signal(signal.SIGKILL)

    hearing.wait("routers", "gone", 15)
    hearing.wait("dns_servers", "gone", 15)
    wait_until("why", lambda: "router solicitations were sent" in hearing.why("routers"))


def test_what_is_only_missing_after_a_reload_ages_out_and_the_rest_stays(lab: Lab, tmp_path: Path) -> None:
    host, router = cabled(lab)
    hearing = Hearing(host, tmp_path, ("routers", "dns_servers", "search"))
    child = radvd(router, tmp_path, f"AdvDefaultPreference high; {PREFIX} {DNS}")
    hearing.wait("dns_servers", '{"2001:db8::53", "fe80::53%eth0"}')
    before = hearing.daemon.output().count("routers = ")

    configure(tmp_path, f"AdvDefaultPreference high; {PREFIX} {SEARCH}")
    child.signal(signal.SIGHUP)

    hearing.wait("dns_servers", "{}", 20)
    assert hearing.now("search") == '{"example.org", "example.com"}'
    assert hearing.daemon.output().count("routers = ") == before


def test_routers_are_heard_where_the_kernel_accepts_none_and_that_is_said(lab: Lab, tmp_path: Path) -> None:
    # With accept_ra 0 the kernel sends no solicitation; radvd would say nothing by itself for 1000 seconds.
    host, router = cabled(lab)
    host.sysctl("net.ipv6.conf.eth0.accept_ra", "0")
    radvd(router, tmp_path, f"{PREFIX} MinRtrAdvInterval 900; MaxRtrAdvInterval 1200;")

    hearing = Hearing(host, tmp_path, ("prefixes",))

    hearing.wait("prefixes", PREFIXES, 20)
    said = "the kernel makes no addresses and routes of it: net.ipv6.conf.eth0.accept_ra is 0"
    hearing.daemon.wait_output(said)
    assert "2001:db8:1:" not in host.run("ip", "-6", "addr", "show", "dev", "eth0")


def test_two_routers_are_taken_together_the_better_one_first(lab: Lab, tmp_path: Path) -> None:
    host, first, second = lab.host("host"), lab.host("first"), lab.host("second")
    lab.cable((host, "eth0"), (first, "eth0"), (second, "eth0"))
    for router, mac in ((first, "02:00:00:00:0a:01"), (second, "02:00:00:00:0a:02")):
        router.sysctl("net.ipv6.conf.all.forwarding", "1")
        router.ip(f"link set eth0 address {mac}")
        router.up("eth0")
        (tmp_path / mac[-2:]).mkdir()
    hearing = Hearing(host, tmp_path, ("routers", "dns_servers", "mtu"))
    radvd(first, tmp_path / "01", "AdvDefaultPreference low; AdvLinkMTU 1400; RDNSS 2001:db8::1 { };")
    child = radvd(second, tmp_path / "02", "AdvLinkMTU 1480; RDNSS 2001:db8::2 { };")

    hearing.wait("dns_servers", '{"2001:db8::2", "2001:db8::1"}')
    hearing.wait("mtu", '"1400"')
    child.end()

    hearing.wait("dns_servers", '{"2001:db8::1"}')
    hearing.wait("routers", '{["address":"fe80::ff:fe00:a01", "lifetime":"12", "preference":"low"]}')


def test_a_router_behind_another_cable_is_asked_at_once(lab: Lab, tmp_path: Path) -> None:
    host, router = lab.host("host"), lab.host("router")
    cable = lab.cable((host, "eth0"), (router, "eth0"))
    router.sysctl("net.ipv6.conf.all.forwarding", "1")
    router.ip("link set eth0 address 02:00:00:00:0a:01")
    router.up("eth0")
    host.sysctl("net.ipv6.conf.eth0.accept_ra", "0")
    cable.pull(host)
    hearing = Hearing(host, tmp_path, ("prefixes",))
    wait_until("why", lambda: "carrier on eth0" in hearing.why("prefixes"))
    radvd(router, tmp_path, f"{PREFIX} MinRtrAdvInterval 900; MaxRtrAdvInterval 1200;")

    cable.plug(host)

    hearing.wait("prefixes", PREFIXES, 20)
