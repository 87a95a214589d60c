"""A whole program that leases, configures and resolves, run by the daemon in a lab."""

import signal
import socket
import sys
from pathlib import Path

import pytest

import netstrata
from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel

SOURCES = Path(netstrata.__file__).parents[1]
PROGRAM = """
process main {
    net.up("eth0");
    net.backend.waitlink("eth0");
    net.ipv4.dhcp("eth0") lease;
    net.ipv4.addr("eth0", lease.cidr_addr);
    net.ipv4.route("0.0.0.0/0", lease.gateway, "20", "eth0");
    net.dns(lease.dns_servers, "20");
}
"""


def running(host: Host, program: Path, text: str = PROGRAM) -> Child:
    program.write_text(text)
    return host.start([sys.executable, "-m", "netstrata", "run", str(program)], {"PYTHONPATH": str(SOURCES)})


def servers(host: Host) -> list[str]:
    return [line for line in host.read("/etc/resolv.conf").splitlines() if line.startswith("nameserver")]


def ended(child: Child) -> None:
    child.signal(signal.SIGTERM)
    wait_until("the daemon's end", lambda: not child.running)


def test_everything_comes_from_the_lease_and_all_of_it_goes_again(lab: Lab, tmp_path: Path) -> None:
    host, router = lab.host("host"), lab.host("router")
    lab.cable((host, "eth0"), (router, "lan"))
    router.up("lan", "10.7.0.1/24")
    server = router.dhcp_server("lan", ("10.7.0.50", "10.7.0.50"), router="10.7.0.1", dns="10.7.0.53")
    host.write("/etc/resolv.conf", "nameserver 192.0.2.99\n")
    daemon = running(host, tmp_path / "program.ncd")

    wait_until("its name server", lambda: servers(host) == ["nameserver 10.7.0.53"])
    while_up = host.kernel()
    ended(daemon)

    assert while_up == (
        "link eth0 up carrier\naddr 10.7.0.50/24 dev eth0\nroute default via 10.7.0.1 dev eth0 metric 20"
    )
    assert host.kernel() == "link eth0 down"
    assert host.read("/etc/resolv.conf") == "nameserver 192.0.2.99\n"
    server.wait_output("DHCPRELEASE")


def test_without_a_router_the_default_route_is_the_link_itself(lab: Lab, tmp_path: Path) -> None:
    host, router = lab.host("host"), lab.host("router")
    lab.cable((host, "eth0"), (router, "lan"))
    router.up("lan", "10.7.0.1/24")
    router.dhcp_server("lan", ("10.7.0.50", "10.7.0.50"))

    daemon = running(host, tmp_path / "program.ncd")

    wait_until("the default route", lambda: "route default dev eth0 metric 20" in host.kernel())
    ended(daemon)


def test_a_pulled_cable_takes_all_down_and_a_plugged_one_brings_it_back_without_asking_anew(
    lab: Lab, tmp_path: Path
) -> None:
    host, router = lab.host("host"), lab.host("router")
    cable = lab.cable((host, "eth0"), (router, "lan"))
    router.up("lan", "10.7.0.1/24")
    server = router.dhcp_server("lan", ("10.7.0.50", "10.7.0.60"), router="10.7.0.1", dns="10.7.0.53")
    daemon = running(host, tmp_path / "program.ncd")
    wait_until("its name server", lambda: servers(host) == ["nameserver 10.7.0.53"])
    up = host.kernel()
    asked = server.output().count("DHCPDISCOVER(")  # twice, if the machine is so busy that it answers late

    cable.pull()
    wait_until("no address", lambda: host.kernel() == "link eth0 up no-carrier")
    cable.plug()

    wait_until("the same again", lambda: host.kernel() == up)
    assert server.output().count("DHCPDISCOVER(") == asked
    ended(daemon)


ALL_OF_IT = PROGRAM.replace(
    'net.ipv4.route("0.0.0.0/0", lease.gateway, "20", "eth0")', 'net.ipv4.routes("eth0", lease.routes, "20")'
).replace("    net.dns(", '    println("routes are set");\n    net.dns(')
ADDRESS = "link eth0 up carrier\naddr 10.7.0.50/24 dev eth0"
SINGLE = "link eth0 up carrier\naddr 10.7.0.50/32 dev eth0"
OVER_FAR = "route default via 203.0.113.1 dev eth0 metric 20\nroute 203.0.113.1 dev eth0 metric 20"
LEASES = {
    "a router": (["3,10.7.0.1"], f"{ADDRESS}\nroute default via 10.7.0.1 dev eth0 metric 20"),
    "no router": (["3"], ADDRESS),
    "no router but a route": (
        ["3", "121,198.51.100.0/24,10.7.0.9"],
        f"{ADDRESS}\nroute 198.51.100.0/24 via 10.7.0.9 dev eth0 metric 20",
    ),
    "a single address and a router elsewhere": (["1,255.255.255.255", "3,203.0.113.1"], f"{SINGLE}\n{OVER_FAR}"),
    "the default route before the one to its gateway": (
        ["1,255.255.255.255", "121,0.0.0.0/0,203.0.113.1,203.0.113.1/32,0.0.0.0"],
        f"{SINGLE}\n{OVER_FAR}",
    ),
    "a default route over a gateway that no route leads to": (
        ["121,0.0.0.0/0,203.0.113.1"],
        f"{ADDRESS}\n{OVER_FAR}",
    ),
}


@pytest.mark.parametrize("lease", LEASES)
def test_the_routes_of_a_lease_are_all_that_it_means(lab: Lab, tmp_path: Path, lease: str) -> None:
    options, wanted = LEASES[lease]
    host, router = lab.host("host"), lab.host("router")
    lab.cable((host, "eth0"), (router, "lan"))
    router.up("lan", "10.7.0.1/24")
    router.dhcp_server("lan", ("10.7.0.50", "10.7.0.50"), options=[*options, "6"])
    host.write("/etc/resolv.conf", "nameserver 192.0.2.99\n")
    daemon = running(host, tmp_path / "program.ncd", ALL_OF_IT)

    daemon.wait_output("routes are set")

    assert sorted(host.kernel().splitlines()) == sorted(wanted.splitlines())
    wait_until("all of it", lambda: "main.7 net.dns" in daemon.output())
    assert host.read("/etc/resolv.conf") == "nameserver 192.0.2.99\n"  # no name servers do not empty it
    ended(daemon)
    assert host.kernel() == "link eth0 down"


ROUTES = "121,198.51.100.0/24,10.7.0.3,0.0.0.0/0,10.7.0.1"
TERMS = {
    "other name servers": ("10.7.0.54", "15,example.org", ROUTES),
    "another domain": ("10.7.0.53", "15,other.example.org", ROUTES),
    "other routes": ("10.7.0.53", "15,example.org", ROUTES.replace("10.7.0.3", "10.7.0.4")),
}


@pytest.mark.parametrize("terms", TERMS)
def test_a_renewal_with_other_terms_leaves_the_address_and_its_connections(
    lab: Lab, tmp_path: Path, terms: str
) -> None:
    """Of dnsmasq 2.90, which renews for another process what it does not remember, as it is authoritative."""
    host, router = lab.host("host"), lab.host("router")
    lab.cable((host, "eth0"), (router, "lan"))
    router.up("lan", "10.7.0.1/24")
    text = (
        PROGRAM.rstrip().removesuffix("}")
        + """
    value(lease.routes) routes;
    routes->getpath({"0", "1"}) via;
    net.ipv4.route("198.51.100.0/24", via, "20", "eth0");
    println("all with ", lease.domain, " ", @encode_value(lease.dns_servers), " ", @encode_value(lease.routes));
}
"""
    )

    def serve(dns: str, domain: str, routes: str) -> Child:
        # Long enough for the other server to be there, or what is asked for is asked again a minute later.
        options = ["option:T1,5", "option:T2,60", domain, routes]
        return router.dhcp_server("lan", ("10.7.0.50", "10.7.0.50"), "10.7.0.1", dns, options=options)

    server = serve("10.7.0.53", "15,example.org", ROUTES)
    daemon = running(host, tmp_path / "program.ncd", text)
    daemon.wait_output("all with example.org")
    with router.inside():
        listener = socket.create_server(("10.7.0.1", 80))
    with host.inside():
        near = socket.create_connection(("10.7.0.1", 80), 60)
    far, _ = listener.accept()
    told = host.start(["ip", "-o", "monitor", "address"])

    server.end()
    serve(*TERMS[terms])

    wait_until("the other terms", lambda: daemon.output().count("all with") == 2)
    with far, near, listener:
        far.sendall(b"still here")
        assert near.recv(64) == b"still here"
    assert "10.7.0.50" not in told.output()
    assert "main.3 net.ipv4.dhcp: addr=10.7.0.50" in daemon.output()  # its values, without a transition
    ended(daemon)


def test_a_network_that_prefers_ipv6_alone_is_said_by_why(lab: Lab, tmp_path: Path) -> None:
    host, router = lab.host("host"), lab.host("router")
    lab.cable((host, "eth0"), (router, "lan"))
    router.up("lan", "10.7.0.1/24")
    router.dhcp_server("lan", ("10.7.0.50", "10.7.0.50"), router="10.7.0.1", options=["108,1800"])
    daemon = running(
        host, tmp_path / "program.ncd", PROGRAM.replace('dhcp("eth0")', 'dhcp("eth0", ["ipv6_only": "on"])')
    )

    daemon.wait_output("prefers IPv6 alone")

    why = host.run(sys.executable, "-m", "netstrata", "why", "main")
    assert "10.7.0.1 prefers IPv6 alone in this network (option 108); next in 1" in why
    ended(daemon)


@pytest.mark.parametrize("said", ["", "26,1400"])
def test_the_mtu_of_a_lease_is_held_if_it_names_one(lab: Lab, tmp_path: Path, said: str) -> None:
    host, router = lab.host("host"), lab.host("router")
    lab.cable((host, "eth0"), (router, "lan"))
    router.up("lan", "10.7.0.1/24")
    router.dhcp_server("lan", ("10.7.0.50", "10.7.0.50"), router="10.7.0.1", options=[said] if said else [])
    text = PROGRAM.replace("    net.ipv4.addr(", '    net.mtu("eth0", lease.mtu);\n    net.ipv4.addr(')
    daemon = running(host, tmp_path / "program.ncd", text)

    wait_until("the default route", lambda: "route default" in host.kernel())

    assert host.kernel().splitlines()[0] == f"link eth0 up carrier{' mtu 1400' if said else ''}"
    ended(daemon)
    assert host.kernel() == "link eth0 down"
