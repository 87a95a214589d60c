"""IPv6 addresses under the daemon: what it says that it waits for, duplicates, and addresses that a router gives.

Linux 6.18, dnsmasq 2.90.  DAD takes a second, after a wait of up to a second; with more `dad_transmits` a second each.
A prefix that dnsmasq announces as `deprecated` has a preferred lifetime of 0: the kernel makes its address deprecated
and tells so, in the order in which the prefixes stand in the advertisement.
"""

import socket
import sys
from pathlib import Path

import pytest

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
ADDRESS = 'net.ipv6.addr("eth0", "2001:db8::1/64");'
TAKEN = "another host on the link has this address (duplicate address detection failed)"
FOLLOWED = 'net.ipv6.wait_dynamic_addr("eth0", "{}") own; println("up ", own.addr, " ", own.temporary);'
SERVER = (
    "dnsmasq", "-k", "--conf-file=/dev/null", "--port=0", "--enable-ra", "--interface=eth0", "--leasefile-ro",
    "--user=root", "--log-facility=-", "--ra-param=eth0,4,1800", "--pid-file",
)  # fmt: skip
OLD = "--dhcp-range=2001:db8:a::,ra-only,64,1800"
OLD_DEPRECATED = "--dhcp-range=2001:db8:a::,ra-only,64,deprecated"
NEW = "--dhcp-range=2001:db8:b::,ra-only,64,1800"


def running(host: Host, folder: Path, statements: str, *options: str) -> Child:
    """Run a program of one process on a host whose link is eth0."""
    program = folder / "x.ncd"
    program.write_text(f'process main {{ {statements} println("complete"); rprintln("undone"); }}')
    words = (sys.executable, "-m", "netstrata", "run", "--control", str(folder / "ctl"), *options, str(program))
    return host.start(words)


def why(host: Host, folder: Path) -> str:
    """Return what the daemon answers to why."""
    command = f"{sys.executable} -m netstrata why main --control {folder / 'ctl'} || true"
    return host.run("sh", "-c", command)


def cabled(lab: Lab) -> tuple[Host, Host]:
    """Make two hosts whose links, eth0, have a cable between them."""
    host, other = lab.host("host"), lab.host("other")
    lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0")
    return host, other


def test_why_names_what_an_address_waits_for(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    cable = lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0")
    cable.pull()
    host.sysctl("net.ipv6.conf.eth0.dad_transmits", "100")
    daemon = running(host, tmp_path, f'net.up("eth0"); {ADDRESS}')
    unasked = "no carrier: the address was never checked"
    wait_until("why it waits", lambda: unasked in why(host, tmp_path))

    cable.plug()

    wait_until("why it waits now", lambda: "duplicate address detection on eth0" in why(host, tmp_path))
    assert daemon.end() == 0
    assert "complete" not in daemon.output()
    assert "addr" not in host.kernel()


def test_a_bridge_without_members_is_named(lab: Lab, tmp_path: Path) -> None:
    host, _ = cabled(lab)
    bridge = 'net.bridge("br0"); net.mac("br0", "02:00:00:00:0c:01"); net.up("br0");'
    daemon = running(host, tmp_path, f'{bridge} net.ipv6.addr("br0", "2001:db8::1/64");')
    wait_until("why it waits", lambda: "tentative: br0 has no members" in why(host, tmp_path))

    host.ip("link set eth0 up", "link set eth0 master br0")

    daemon.wait_output("complete\n")
    assert daemon.end() == 0


def test_a_server_above_an_address_is_bound_the_first_time(lab: Lab, tmp_path: Path) -> None:
    host, _ = cabled(lab)
    listener = 'sys.listen({"tcp", {"ipv6", "2001:db8::1", "8080"}}, "t", {}) l; println("listens ", l.is_error);'
    program = tmp_path / "x.ncd"
    program.write_text(f'process main {{ net.up("eth0"); {ADDRESS} {listener} }} template t {{ println("x"); }}')

    daemon = host.start((sys.executable, "-m", "netstrata", "run", "--control", "none", str(program)))

    daemon.wait_output("listens false\n")
    assert daemon.end() == 0


@pytest.mark.parametrize("options", ["", ', ["wait": "off"]', ', ["optimistic": "on"]'])
def test_a_duplicate_backs_off(lab: Lab, tmp_path: Path, options: str) -> None:
    host, other = cabled(lab)
    host.sysctl("net.ipv6.conf.eth0.optimistic_dad", "1")
    other.ip("addr add 2001:db8::1/64 dev eth0 nodad")
    address = f'net.ipv6.addr("eth0", "2001:db8::1/64"{options});'
    daemon = running(host, tmp_path, f'net.up("eth0"); {address}', "--retry-time", "7000")

    daemon.wait_output("help: Trying again in 7 s.")
    begun = daemon.output().splitlines().count("complete")
    assert begun <= bool(options)  # what stands on an address that is up at once may have been begun once before
    assert TAKEN in why(host, tmp_path)
    other.ip("addr del 2001:db8::1/64 dev eth0")

    wait_until("it complete", lambda: daemon.output().splitlines().count("complete") == begun + 1, 60)
    assert daemon.end() == 0
    assert daemon.output().splitlines().count("undone") == begun + 1


def test_a_duplicate_is_tried_again_at_once_where_the_cable_leads_elsewhere(lab: Lab, tmp_path: Path) -> None:
    host, other = lab.host("host"), lab.host("other")
    cable = lab.cable((host, "eth0"), (other, "eth0"))
    other.up("eth0", "2001:db8::1/64")
    daemon = running(host, tmp_path, f'net.up("eth0"); {ADDRESS}', "--retry-time", "600000")
    daemon.wait_output("Trying again in 600 s")
    other.ip("addr del 2001:db8::1/64 dev eth0")

    cable.pull()
    cable.plug()

    daemon.wait_output("complete\n")
    assert daemon.end() == 0


def test_ncd_has_an_address_up_while_the_kernel_looks_for_duplicates(lab: Lab, tmp_path: Path) -> None:
    host, _ = cabled(lab)
    host.sysctl("net.ipv6.conf.eth0.dad_transmits", "100")
    program = tmp_path / "x.ncd"
    program.write_text(f'process main {{ net.up("eth0"); {ADDRESS} net.ipv4.addr("eth0", "192.0.2.1/24"); }}')

    daemon = host.start((sys.executable, "-m", "netstrata.cli.ncd", str(program)))

    wait_until("what stands above", lambda: "addr 192.0.2.1/24" in host.kernel())
    assert "2001:db8::1/64" in host.run("ip", "-6", "addr", "show", "dev", "eth0", "tentative")
    daemon.end()


ALL_OF_IPV6 = """
process held { net.backend.waitlink("eth0"); net.ipv6.addr("eth0", "2001:db8::1/64");
    net.ipv6.route("2001:db8:5::/48", "2001:db8::2", "5", "eth0"); println("held"); rprintln("not held"); }
process setting { net.sysctl("net.ipv6.conf.eth0.max_addresses", "8"); println("setting"); rprintln("no setting"); }
process ways { net.link.set("eth0", ["addrgenmode": "random"]); println("ways"); rprintln("no ways"); }
process made { net.ipv6.wait_dynamic_addr("eth0") own; println("made"); rprintln("not made"); }
process out { net.gateway("eth0", "advertised"); println("out"); rprintln("not out"); }
process main { net.up("eth0"); }
"""


def test_all_of_ipv6_is_back_when_the_mtu_is_and_why_says_what_is_in_the_way(lab: Lab, tmp_path: Path) -> None:
    # Under 1280 the kernel takes IPv6 from a link, with its settings; it says that it deletes addresses, and no more.
    host, router = cabled(lab)
    router.ip("addr add 2001:db8:b::1/64 dev eth0 nodad")
    program = tmp_path / "x.ncd"
    program.write_text(ALL_OF_IPV6)
    words = ("-m", "netstrata", "run", "--control", str(tmp_path / "ctl"), "--retry-time", "600000", str(program))
    advertising(router, NEW)
    daemon = host.start((sys.executable, *words))
    names = ("held", "setting", "ways", "made", "out")
    for name in names:
        daemon.wait_output(f"\n{name}\n")

    host.ip("link set eth0 mtu 1200")

    small = "eth0 has an MTU of 1200 bytes, and IPv6 takes 1280"
    for process in ("held", "made", "out"):
        told = f"python -m netstrata why {process}"
        command = f"{sys.executable} -m netstrata why {process} --control {tmp_path / 'ctl'} || true"
        wait_until(told, lambda command=command: small in host.run("sh", "-c", command), 20)  # type: ignore[misc]
    assert f"cannot hold 2001:db8::1/64 on eth0: {small}" in daemon.output()
    host.ip("link set eth0 mtu 1500")

    def is_back(name: str) -> bool:
        said = daemon.output().splitlines()
        return said.count(name) == 2

    for name in names:
        wait_until(f"{name} again", lambda name=name: is_back(name), 30)  # type: ignore[misc]
    assert daemon.end() == 0


def test_an_address_of_the_kernels_that_another_host_has_is_named(lab: Lab, tmp_path: Path) -> None:
    host, other = cabled(lab)
    host.ip("link set eth0 address 02:00:00:00:0a:02")
    other.ip("addr add fe80::ff:fe00:a02/64 dev eth0 nodad")

    daemon = running(host, tmp_path, f'net.up("eth0"); {FOLLOWED.format("any")}')

    taken = "another host has fe80::ff:fe00:a02 (duplicate address detection failed)"
    wait_until("why", lambda: taken in why(host, tmp_path), 30)
    assert daemon.end() == 0


def advertising(router: Host, *ranges: str) -> Child:
    """Advertise prefixes."""
    server = router.start((*SERVER, *ranges))
    server.wait_output("IPv6 router advertisement enabled")
    return server


def routed(lab: Lab) -> tuple[Host, Host]:
    """Make a host, and a router that has an address of the old prefix and of the new one."""
    host, router = cabled(lab)
    router.ip("addr add 2001:db8:a::1/64 dev eth0 nodad", "addr add 2001:db8:b::1/64 dev eth0 nodad")
    return host, router


def own(daemon: Child) -> list[str]:
    """Return what it was up with: prefix, and whether that is temporary."""
    lines = [line.split() for line in daemon.output().splitlines() if line.startswith("up ")]
    return [f"{address.split(':')[2]} {temporary}" for _, address, temporary in lines]


def test_an_address_of_a_router_is_up_when_it_can_be_used_and_moves_when_the_prefix_does(
    lab: Lab, tmp_path: Path
) -> None:
    host, router = routed(lab)
    server = advertising(router, OLD)
    followed = FOLLOWED.format("any") + 'rprintln("down ", own.addr);'
    daemon = running(host, tmp_path, f'net.up("eth0"); {followed}')
    daemon.wait_output("complete\n")
    address = next(line.split()[1] for line in daemon.output().splitlines() if line.startswith("up "))
    host.call(lambda: bind(address))
    server.end()

    server = advertising(router, OLD_DEPRECATED, NEW)
    wait_until("the new prefix", lambda: own(daemon) == ["a false", "b false"])

    assert "is deprecated, and a preferred one is there" in daemon.output()
    assert daemon.output().count("undone") == 1
    assert "deprecated" in host.run("ip", "-6", "addr", "show", "dev", "eth0", "to", "2001:db8:a::/64")
    host.ip("link set eth0 down", "link set eth0 up")  # the old one is not taken again
    wait_until("it again", lambda: len(own(daemon)) >= 3)
    wait_until("the new one", lambda: own(daemon)[-1] == "b false")
    assert daemon.end() == 0
    server.end()


@pytest.mark.parametrize(("kind", "temporary"), [("stable", "false"), ("temporary", "true"), ("any", "false")])
def test_a_stable_or_a_temporary_address_is_followed_as_asked(
    lab: Lab, tmp_path: Path, kind: str, temporary: str
) -> None:
    host, router = routed(lab)
    host.sysctl("net.ipv6.conf.eth0.use_tempaddr", "2")
    server = advertising(router, OLD)
    daemon = running(host, tmp_path, f'net.up("eth0"); {FOLLOWED.format(kind)}')

    daemon.wait_output("complete\n")

    usable = ("ip", "-6", "addr", "show", "dev", "eth0", "-tentative")
    wait_until("both", lambda: host.run(*usable).count("2001:db8:a") == 2)
    assert own(daemon) == [f"a {temporary}"]
    assert daemon.end() == 0
    server.end()


def test_why_names_what_an_address_of_a_router_waits_for(lab: Lab, tmp_path: Path) -> None:
    host, _ = cabled(lab)
    host.sysctl("net.ipv6.conf.eth0.dad_transmits", "100")
    daemon = running(host, tmp_path, f'net.up("eth0"); {FOLLOWED.format("any")}')
    wait_until("why", lambda: "a router advertisement or DHCPv6 on eth0" in why(host, tmp_path))

    host.ip("addr add 2001:db8:a::2/64 dev eth0 valid_lft 1000 preferred_lft 1000")

    wait_until("why now", lambda: "duplicate address detection on eth0" in why(host, tmp_path))
    assert daemon.end() == 0
    assert own(daemon) == []


def bind(address: str) -> None:
    """Bind a socket to an address."""
    with socket.socket(socket.AF_INET6) as server:
        server.bind((address, 0))
