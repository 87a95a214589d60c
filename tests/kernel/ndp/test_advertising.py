"""net.ipv6.advertise, and what a kernel's host makes of it: Linux 6.18."""

import json
import sys
from pathlib import Path

import pytest
from tests.kernel.ndp.routers import Hearing, cabled

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
ONE, OTHER = "2001:db8:1::ff:fe00:a02", "2001:db8:2::ff:fe00:a02"
ROUTER = "fe80::ff:fe00:a01"


class Router:
    """A daemon that advertises on eth0 of a host."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.daemon: Child | None = None

    def write(self, options: str, before: str = 'net.up("eth0");') -> None:
        """Write a program that advertises."""
        text = f'process main {{ {before} net.ipv6.advertise("eth0", [{options}]); println("advertises"); }}'
        (self.folder / "router.ncd").write_text(text)

    def run(self, options: str, before: str = 'net.up("eth0");') -> Child:
        """Run a daemon with it."""
        self.write(options, before)
        return self.start()

    def start(self) -> Child:
        """Run a daemon with what is written."""
        words = ("-m", "netstrata", "run", "--control", str(self.folder / "ctl"), "--state", str(self.folder / "state"))
        self.daemon = self.host.start((sys.executable, *words, str(self.folder / "router.ncd")))
        return self.daemon

    def reload(self, options: str, before: str = 'net.up("eth0");') -> None:
        """Have the daemon run another program."""
        self.write(options, before)
        self.host.run(sys.executable, "-m", "netstrata", "reload", "--control", str(self.folder / "ctl"))


def addresses(host: Host) -> dict[str, str]:
    """Return the global addresses of eth0, and what the kernel says of each."""
    shown = json.loads(host.run("ip", "-6", "-j", "addr", "show", "dev", "eth0", "scope", "global"))
    found = [one for link in shown for one in link.get("addr_info", []) if one]
    return {
        one["local"]: "deprecated" if one.get("deprecated") else "preferred"
        for one in found
        if not one.get("tentative")
    }


def default_routes(host: Host) -> str:
    return host.run("ip", "-6", "route", "show", "default")


def host_and_router(lab: Lab, folder: Path) -> tuple[Host, Router]:
    """Return a host whose kernel accepts advertisements, and a router on the same cable."""
    host, machine = cabled(lab)
    host.ip("link set eth0 address 02:00:00:00:0a:02")
    host.up("eth0")
    return host, Router(machine, folder / "router")


def test_a_host_gets_an_address_a_route_and_all_else_that_is_said_and_loses_it_at_the_end(
    lab: Lab, tmp_path: Path
) -> None:
    host, router = host_and_router(lab, tmp_path)
    hearing = Hearing(host, tmp_path)
    daemon = router.run(
        '"prefixes": {"2001:db8:1::/64"}, "dns": {"2001:db8:1::1", "fe80::1"}, "search": {"example.org"},'
        ' "mtu": "1480", "pref64": "64:ff9b::/96", "captive_portal": "https://example.org/", "managed": "on",'
        ' "routes": {"2001:db8:9::/48"}, "preference": "high"'
    )

    wait_until("an address", lambda: addresses(host) == {ONE: "preferred"})
    assert f"via {ROUTER}" in default_routes(host)
    hearing.wait("routers", f'{{["address":"{ROUTER}", "lifetime":"1800", "preference":"high"]}}')
    hearing.wait("dns_servers", '{"2001:db8:1::1", "fe80::1%eth0"}')
    hearing.wait("search", '{"example.org"}')
    hearing.wait("mtu", '"1480"')
    hearing.wait("pref64", '"64:ff9b::/96"')
    hearing.wait("captive_portal", '"https://example.org/"')
    hearing.wait("managed", '"true"')
    hearing.wait("other", '"false"')
    assert daemon.end() == 0

    wait_until("no route", lambda: default_routes(host) == "")
    wait_until("a deprecated address", lambda: addresses(host) == {ONE: "deprecated"})
    for fact in ("routers", "dns_servers", "search", "routes"):
        hearing.wait(fact, "{}")
    hearing.wait("pref64", '""')


def test_after_a_renumbering_a_host_prefers_an_address_in_the_new_prefix(lab: Lab, tmp_path: Path) -> None:
    host, router = host_and_router(lab, tmp_path)
    daemon = router.run('"prefixes": {"2001:db8:1::/64"}')
    wait_until("an address", lambda: addresses(host) == {ONE: "preferred"})

    router.reload('"prefixes": {"2001:db8:2::/64"}')

    wait_until("the new one", lambda: addresses(host) == {ONE: "deprecated", OTHER: "preferred"})
    wait_until("a route", lambda: f"via {ROUTER}" in default_routes(host))
    assert f"src {OTHER}" in host.run("ip", "-6", "route", "get", "2001:db8:ffff::1")
    assert "2001:db8:1::/64 is given up: hosts are told so for " in daemon.output()
    # A host that comes later is told of the old one, too.
    hearing = Hearing(host, tmp_path, ("prefixes",))
    wait_until("both", lambda: hearing.now("prefixes").count('"network"') == 2)
    assert '"network":"2001:db8:1::/64", "on_link":"true", "preferred":"0"' in hearing.now("prefixes")


def with_address(address: str) -> str:
    return f'net.up("eth0"); net.ipv6.addr("eth0", "{address}", ["wait": "off"]);'


CHANGES = {
    "itself": (with_address("2001:db8:1::1/64"), '"prefixes": {"2001:db8:2::/64"}'),
    "what is below": (with_address("2001:db8:2::1/64"), '"prefixes": {"2001:db8:2::/64"}, "dns": {"2001:db8:2::1"}'),
}


@pytest.mark.parametrize("change", CHANGES)
def test_hosts_have_a_default_route_while_it_begins_again_with_another_prefix(
    lab: Lab, tmp_path: Path, change: str
) -> None:
    below, options = CHANGES[change]
    host, router = host_and_router(lab, tmp_path)
    hearing = Hearing(host, tmp_path, ("dns_servers", "search"))
    daemon = router.run(
        '"prefixes": {"2001:db8:1::/64"}, "dns": {"2001:db8:1::1"}, "search": {"example.org"}',
        with_address("2001:db8:1::1/64"),
    )
    wait_until("an address", lambda: addresses(host) == {ONE: "preferred"})
    hearing.wait("dns_servers", '{"2001:db8:1::1"}')
    monitor = host.start(("ip", "-6", "monitor", "route", "address"))

    router.reload(options, below)

    wait_until("the new one", lambda: addresses(host) == {ONE: "deprecated", OTHER: "preferred"})
    # What is said no more is taken back at once.
    hearing.wait("dns_servers", '{"2001:db8:2::1"}' if "dns" in options else "{}")
    hearing.wait("search", "{}")
    assert OTHER in monitor.output()
    assert "default" not in monitor.output()
    assert daemon.end() == 0
    wait_until("no route", lambda: default_routes(host) == "")
    assert "Deleted default" in monitor.output()


def test_what_does_not_begin_again_is_taken_back_soon(lab: Lab, tmp_path: Path) -> None:
    host, router = host_and_router(lab, tmp_path)
    router.run('"prefixes": {"2001:db8:1::/64"}', with_address("2001:db8:1::1/64"))
    wait_until("an address", lambda: addresses(host) == {ONE: "preferred"})

    router.reload('"prefixes": {"2001:db8:1::/64"}', 'net.up("eth0"); net.ipv6.addr("eth9", "2001:db8:2::1/64");')

    wait_until("no route", lambda: default_routes(host) == "", 5)
    wait_until("a deprecated address", lambda: addresses(host) == {ONE: "deprecated"})


def test_what_a_killed_daemon_has_advertised_is_given_up_by_the_next_one_if_that_has_another(
    lab: Lab, tmp_path: Path
) -> None:
    host, router = host_and_router(lab, tmp_path)
    router.run('"prefixes": {"2001:db8:1::/64"}').signal(9)
    daemon = router.run('"prefixes": {"2001:db8:1::/64"}')
    wait_until("an address", lambda: addresses(host) == {ONE: "preferred"})
    daemon.signal(9)

    router.run('"prefixes": {"2001:db8:2::/64"}')

    wait_until("the new one", lambda: addresses(host) == {ONE: "deprecated", OTHER: "preferred"})


def test_what_a_killed_daemon_has_advertised_is_taken_back_if_nobody_advertises(lab: Lab, tmp_path: Path) -> None:
    host, router = host_and_router(lab, tmp_path)
    daemon = router.run('"prefixes": {"2001:db8:1::/64"}')
    wait_until("an address", lambda: addresses(host) == {ONE: "preferred"})
    daemon.signal(9)
    daemon.status()
    (router.folder / "router.ncd").write_text('process main { net.up("eth0"); println("up"); }')

    router.start().wait_output("up\n")

    wait_until("a deprecated address", lambda: addresses(host) == {ONE: "deprecated"})
    assert default_routes(host) == ""


def test_a_host_that_comes_later_is_answered_soon(lab: Lab, tmp_path: Path) -> None:
    host, machine = lab.host("host"), lab.host("router")
    lab.cable((host, "eth0"), (machine, "eth0"))
    host.ip("link set eth0 address 02:00:00:00:0a:02")
    machine.ip("link set eth0 address 02:00:00:00:0a:01")
    router = Router(machine, tmp_path / "router")
    router.run('"prefixes": {"2001:db8:1::/64"}, "interval": "1800"').wait_output("advertises\n")
    hearing = Hearing(host, tmp_path, ("routers",))

    hearing.wait("routers", f'{{["address":"{ROUTER}", "lifetime":"5400", "preference":"medium"]}}', 15)

    assert "does not count" not in hearing.daemon.output()


def test_a_link_without_ipv6_is_named_and_hosts_are_told_when_it_has_it(lab: Lab, tmp_path: Path) -> None:
    host, router = host_and_router(lab, tmp_path)
    router.host.sysctl("net.ipv6.conf.eth0.disable_ipv6", "1")
    daemon = router.run('"prefixes": {"2001:db8:1::/64"}')
    daemon.wait_output("nothing can be advertised on eth0: net.ipv6.conf.eth0.disable_ipv6 is 1")

    router.host.sysctl("net.ipv6.conf.eth0.disable_ipv6", "0")

    wait_until("an address", lambda: addresses(host) == {ONE: "preferred"}, 30)


def test_solicitations_are_heard_again_after_a_link_was_too_small_for_ipv6(lab: Lab, tmp_path: Path) -> None:
    # With `forwarding` the kernel is in the group by itself.
    _, router = host_and_router(lab, tmp_path)
    router.host.sysctl("net.ipv6.conf.all.forwarding", "0")
    daemon = router.run("")

    def is_in_the_group() -> bool:
        return "ff02::2\n" in router.host.run("ip", "-6", "maddr", "show", "dev", "eth0")

    wait_until("the group", is_in_the_group)
    router.host.ip("link set eth0 mtu 1200")
    daemon.wait_output("nothing can be advertised on eth0: eth0 has an MTU of 1200 bytes, and IPv6 takes 1280")
    assert not is_in_the_group()

    router.host.ip("link set eth0 mtu 1500")

    wait_until("the group", is_in_the_group, 20)


def test_a_link_that_goes_and_comes_is_advertised_on_again(lab: Lab, tmp_path: Path) -> None:
    host, router = host_and_router(lab, tmp_path)
    daemon = router.run('"prefixes": {"2001:db8:1::/64"}', 'net.backend.waitdevice("eth0"); net.up("eth0");')
    wait_until("an address", lambda: addresses(host) == {ONE: "preferred"})

    router.host.ip("link set eth0 down", "link set eth0 name eth9")
    wait_until("it gone", lambda: "there is no link" in daemon.output())
    host.run("ip", "-6", "addr", "flush", "dev", "eth0", "scope", "global")
    router.host.ip("link set eth9 name eth0")

    wait_until("an address", lambda: addresses(host) == {ONE: "preferred"})


def test_two_on_one_link_are_one_too_many(lab: Lab, tmp_path: Path) -> None:
    _, router = host_and_router(lab, tmp_path)

    daemon = router.run("", 'net.up("eth0"); net.ipv6.advertise("eth0");')

    daemon.wait_output("cannot advertise on eth0: another statement does")
