"""The DHCPv6 client against servers that other people wrote.

kea 2.2.0, ISC dhcpd 4.4.3-P1, dnsmasq 2.90; Linux 6.18.
"""

import re
from pathlib import Path

import pytest
from tests.kernel.dhcpv6.servers import SERVERS, Offer, World

from netstrata.testing.child import Child, wait_until
from netstrata.testing.host import Host
from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel

LEASE = """
    net.ipv6.dhcp("eth0"OPTIONS) lease;
    println("lease ", lease.cidr_addr, " ", @encode_value(lease.prefixes), " ", @encode_value(lease.dns_servers));
"""
PREFIX = ', ["prefix": "on"]'


def leasing(options: str = "", more: str = "") -> str:
    return LEASE.replace("OPTIONS", options) + more


def leases(daemon: Child) -> list[str]:
    """What a program was told, in order."""
    return re.findall(r"^lease (.*)$", daemon.output(), re.MULTILINE)


def until_leased(daemon: Child, times: int = 1) -> str:
    wait_until("a lease", lambda: len(leases(daemon)) >= times or not daemon.running)
    return leases(daemon)[times - 1]


def addresses(host: Host, link: str = "eth0") -> list[str]:
    """The addresses of a link, and whether they are deprecated."""
    shown = host.run("ip", "-6", "-o", "addr", "show", "dev", link, "scope", "global")
    found = [line.partition("inet6 ")[2] for line in shown.splitlines()]
    return sorted(line.split()[0] + (" deprecated" if " deprecated" in line else "") for line in found)


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_grants_a_lease_and_gets_it_back(lab: Lab, tmp_path: Path, server: str) -> None:
    world = World(lab, tmp_path)
    serving = SERVERS[server](world.router, tmp_path, Offer())
    daemon = world.daemon(
        leasing(PREFIX, 'net.ipv6.addr("eth0", lease.cidr_addr, ["nodad": "on"]); println("complete");')
    )

    lease = until_leased(daemon)
    daemon.wait_output("complete\n")

    prefixes = "{}" if server == "dnsmasq" else '{"2001:db8:1'
    assert lease.startswith("2001:db8:0:1::1")
    assert prefixes in lease
    assert '{"2001:db8::53"}' in lease
    assert len(addresses(world.host)) == 1
    assert daemon.end() == 0
    wait_until("its release", lambda: "elease" in serving.output() or "RELEASE" in serving.output())
    assert addresses(world.host) == []


ADDRESS = 'net.ipv6.addr("eth0", lease.cidr_addr, ["nodad": "on"]); println("complete");'
# A renewal is due after 3 s, and whoever gets no answer has a quarter of a minute.
SHORT = Offer(preferred=20, valid=25, t1=3, t2=12)
MOVED = SHORT._replace(pool="2001:db8:0:1::900-2001:db8:0:1::9ff", prefixes=("2001:db8:2::", 48, 56))


def restarted(world: World, server: str, serving: Child, offer: Offer, *, keeps: bool = True) -> Child:
    """End a server, and start it again with something else to grant, and with its leases or without."""
    serving.end()
    return SERVERS[server](world.router, world.folder, offer, keeps=keeps)


@pytest.mark.parametrize("server", ["kea", "dhcpd"])
def test_times_are_computed_where_a_server_gives_none_and_renewals_change_nothing(
    lab: Lab, tmp_path: Path, server: str
) -> None:
    """kea says 0.5 and 0.8 of the preferred lifetime, ISC dhcpd 0 and 0."""
    world = World(lab, tmp_path)
    SERVERS[server](world.router, tmp_path, Offer(preferred=22, valid=25))
    daemon = world.daemon(leasing(PREFIX, ADDRESS))
    daemon.wait_output("complete\n")
    before = addresses(world.host)

    daemon.wait_output("renewed by", 30)

    assert len(leases(daemon)) == 1
    assert addresses(world.host) == before
    assert daemon.end() == 0


@pytest.mark.parametrize("server", ["kea", "dhcpd"])
def test_without_a_pool_of_prefixes_there_is_an_address_and_no_prefix(lab: Lab, tmp_path: Path, server: str) -> None:
    """Both put status 6 into the IA_PD; dnsmasq, which has none, leaves it out (the first test)."""
    world = World(lab, tmp_path)
    SERVERS[server](world.router, tmp_path, Offer(prefixes=None))

    daemon = world.daemon(leasing(PREFIX))

    assert " {} " in until_leased(daemon)
    assert daemon.end() == 0


REFUSALS = {"kea": "no prefix is available", "dhcpd": "no prefix is available", "dnsmasq": "no addresses are available"}


@pytest.mark.parametrize("server", REFUSALS)
def test_who_asks_for_a_prefix_alone_and_gets_none_is_told_what_the_server_says(
    lab: Lab, tmp_path: Path, server: str
) -> None:
    """kea and ISC dhcpd answer with status 6, dnsmasq with a top-level status 2."""
    world = World(lab, tmp_path)
    serving = SERVERS[server](world.router, tmp_path, Offer(prefixes=None))
    daemon = world.daemon(leasing(', ["address": "off", "prefix": "on"]'))

    daemon.wait_output(f"is not taken: {REFUSALS[server]}")
    assert leases(daemon) == []

    if server != "dnsmasq":
        restarted(world, server, serving, Offer())
        assert '{"2001:db8:1:' in until_leased(daemon)
    assert daemon.end() == 0


@pytest.mark.parametrize(("server", "rapid"), [("kea", True), ("kea", False), ("dhcpd", True), ("dhcpd", False),
                                               ("dnsmasq", True)])  # fmt: skip
def test_a_rapid_commit_is_taken_and_without_one_the_lease_comes_as_ever(
    lab: Lab, tmp_path: Path, server: str, rapid: bool
) -> None:
    """kea and ISC dhcpd commit only if they are told to, dnsmasq always does."""
    world = World(lab, tmp_path)
    SERVERS[server](world.router, tmp_path, Offer(rapid=rapid))
    daemon = world.daemon(leasing(', ["prefix": "on", "rapid_commit": "on"]'))

    until_leased(daemon)

    assert ("; REQUEST" in daemon.output()) == (not rapid)
    assert daemon.end() == 0


@pytest.mark.parametrize("server", ["kea", "dhcpd"])
def test_the_length_of_a_prefix_is_the_servers(lab: Lab, tmp_path: Path, server: str) -> None:
    """A /60 was wished for; both have only /56, and grant one."""
    world = World(lab, tmp_path)
    SERVERS[server](world.router, tmp_path, Offer())

    daemon = world.daemon(leasing(', ["prefix": "/60"]'))

    assert "/56" in until_leased(daemon)
    assert daemon.end() == 0


@pytest.mark.parametrize("server", ["kea", "dhcpd"])
def test_after_a_pool_has_moved_the_lease_follows(lab: Lab, tmp_path: Path, server: str) -> None:
    """kea renews with the new ones first and the old ones with 0/0 in one IA; ISC dhcpd says status 3, and grants new
    ones to the REQUEST that follows."""
    world = World(lab, tmp_path)
    serving = SERVERS[server](world.router, tmp_path, SHORT)
    daemon = world.daemon(leasing(PREFIX, ADDRESS))
    daemon.wait_output("complete\n")

    restarted(world, server, serving, MOVED)
    wait_until("the new address", lambda: any("::9" in one for one in addresses(world.host)), 60)

    lease = leases(daemon)[-1]
    assert lease.startswith("2001:db8:0:1::9")
    assert '{"2001:db8:2' in lease
    wait_until("only that", lambda: addresses(world.host) == [lease.split()[0]])
    assert daemon.end() == 0


def test_dnsmasq_goes_on_with_the_old_address_when_its_pool_has_moved(lab: Lab, tmp_path: Path) -> None:
    world = World(lab, tmp_path)
    serving = SERVERS["dnsmasq"](world.router, tmp_path, Offer())
    daemon = world.daemon(leasing("", ADDRESS))
    daemon.wait_output("complete\n")
    before = addresses(world.host)

    restarted(world, "dnsmasq", serving, MOVED)
    daemon.wait_output("renewed by", 90)  # of two minutes

    assert addresses(world.host) == before
    assert len(leases(daemon)) == 1
    assert daemon.end() == 0


@pytest.mark.parametrize("server", ["kea", "dhcpd"])
def test_a_server_that_lost_its_database_is_asked_for_what_it_had_granted(
    lab: Lab, tmp_path: Path, server: str
) -> None:
    """kea gives what a RENEW asks for; ISC dhcpd says status 3, and gives it to the REQUEST that follows."""
    world = World(lab, tmp_path)
    serving = SERVERS[server](world.router, tmp_path, SHORT)
    daemon = world.daemon(leasing(PREFIX, ADDRESS))
    daemon.wait_output("complete\n")
    before = addresses(world.host)

    serving = restarted(world, server, serving, SHORT, keeps=False)
    wait_until("its third renewal", lambda: len(re.findall("RENEW|Renew message", serving.output())) >= 3, 60)

    assert ("it knows of no such lease" in daemon.output()) == (server == "dhcpd")
    assert addresses(world.host) == before
    assert len(leases(daemon)) == 1
    assert daemon.end() == 0


def test_dnsmasq_that_lost_its_database_is_asked_for_what_it_had_granted(lab: Lab, tmp_path: Path) -> None:
    world = World(lab, tmp_path)
    serving = SERVERS["dnsmasq"](world.router, tmp_path, Offer())
    daemon = world.daemon(leasing("", ADDRESS))
    daemon.wait_output("complete\n")
    before = addresses(world.host)

    restarted(world, "dnsmasq", serving, Offer(), keeps=False)
    daemon.wait_output("it knows of no such lease", 90)
    daemon.wait_output("renewed by", 10)

    assert addresses(world.host) == before
    assert len(leases(daemon)) == 1
    assert daemon.end() == 0


@pytest.mark.parametrize("server", ["kea", "dhcpd"])
def test_without_a_server_a_lease_is_rebound_lost_at_its_end_and_comes_back(
    lab: Lab, tmp_path: Path, server: str
) -> None:
    world = World(lab, tmp_path)
    offer = Offer(preferred=8, valid=12, t1=3, t2=6)
    serving = SERVERS[server](world.router, tmp_path, offer)
    daemon = world.daemon(leasing(PREFIX, ADDRESS))
    daemon.wait_output("complete\n")

    serving.end()
    wait_until("a deprecated address", lambda: any("deprecated" in one for one in addresses(world.host)), 30)
    daemon.wait_output("ran out", 30)
    wait_until("no address", lambda: addresses(world.host) == [])
    SERVERS[server](world.router, tmp_path, offer)

    until_leased(daemon, 2)
    wait_until("its address", lambda: len(addresses(world.host)) == 1)
    assert daemon.end() == 0


@pytest.mark.parametrize("server", SERVERS)
def test_after_a_restart_the_lease_is_confirmed(lab: Lab, tmp_path: Path, server: str) -> None:
    """An address by CONFIRM, which all three answer for what is on the link."""
    world = World(lab, tmp_path)
    SERVERS[server](world.router, tmp_path, Offer(valid=600, preferred=500))
    first = world.daemon(leasing())
    lease = until_leased(first)
    world.cable.pull()
    wait_until("no carrier", lambda: "no-carrier" in world.host.kernel())
    assert first.end() == 0
    world.cable.plug()

    second = world.daemon(leasing())

    assert until_leased(second) == lease
    assert f"CONFIRM of {lease.split('/')[0]}" in second.output()
    assert " confirms " in second.output()
    assert second.end() == 0


@pytest.mark.parametrize("server", SERVERS)
def test_in_another_network_the_lease_is_not_confirmed(lab: Lab, tmp_path: Path, server: str) -> None:
    """All three say status 4."""
    world = World(lab, tmp_path)
    serving = SERVERS[server](world.router, tmp_path, Offer(valid=600, preferred=500))
    first = world.daemon(leasing())
    until_leased(first)
    world.cable.pull()
    wait_until("no carrier", lambda: "no-carrier" in world.host.kernel())
    assert first.end() == 0
    world.router.run("ip", "addr", "del", "2001:db8:0:1::1/64", "dev", "lan")
    world.router.run("ip", "addr", "add", "2001:db8:0:2::1/64", "dev", "lan", "nodad")
    elsewhere = Offer("2001:db8:0:2::/64", "2001:db8:0:2::100-2001:db8:0:2::1ff")
    world.cable.plug()  # kea serves no link without carrier
    wait_until("the carrier", lambda: "no-carrier" not in world.router.kernel())
    restarted(world, server, serving, elsewhere, keeps=False)

    second = world.daemon(leasing())

    assert until_leased(second).startswith("2001:db8:0:2::1")
    assert "that is not for this link" in second.output()
    assert second.end() == 0


@pytest.mark.parametrize("server", ["kea", "dhcpd"])
def test_after_a_restart_a_prefix_is_rebound(lab: Lab, tmp_path: Path, server: str) -> None:
    """Neither answers a CONFIRM of a prefix."""
    world = World(lab, tmp_path)
    SERVERS[server](world.router, tmp_path, Offer(valid=600, preferred=500))
    first = world.daemon(leasing(PREFIX))
    lease = until_leased(first)
    world.cable.pull()
    wait_until("no carrier", lambda: "no-carrier" in world.host.kernel())
    assert first.end() == 0
    world.cable.plug()

    second = world.daemon(leasing(PREFIX))

    assert until_leased(second) == lease
    assert "REBIND of " in second.output()
    assert second.end() == 0


@pytest.mark.parametrize("server", SERVERS)
def test_an_address_that_another_host_has_is_declined_and_another_one_asked_for(
    lab: Lab, tmp_path: Path, server: str
) -> None:
    world = World(lab, tmp_path)
    serving = SERVERS[server](world.router, tmp_path, Offer(pool="2001:db8:0:1::100-2001:db8:0:1::10f"))
    for last in "0123456789abcdef":  # ISC dhcpd has no use for a smaller pool
        world.router.run("ip", "addr", "add", f"2001:db8:0:1::10{last}/128", "dev", "lan", "nodad")
    daemon = world.daemon(leasing("", 'net.ipv6.addr("eth0", lease.cidr_addr); println("complete");'))

    daemon.wait_output(" is used by another host, too; DECLINE", 30)
    wait_until("its decline", lambda: re.search("DECLINE|Decline", serving.output()) is not None)
    restarted(world, server, serving, MOVED)
    daemon.wait_output("complete\n", 60)

    assert addresses(world.host) == [leases(daemon)[-1].split()[0]]
    assert addresses(world.host)[0].startswith("2001:db8:0:1::9")
    assert daemon.end() == 0


@pytest.mark.parametrize("server", SERVERS)
def test_who_wants_no_lease_is_told_of_the_network(lab: Lab, tmp_path: Path, server: str) -> None:
    """dnsmasq says 600 s until it is to be asked again, the others nothing: a day."""
    world = World(lab, tmp_path)
    SERVERS[server](world.router, tmp_path, Offer())

    daemon = world.daemon(leasing(', ["stateless": "on"]'))

    assert until_leased(daemon) == ' {} {"2001:db8::53"}'
    daemon.wait_output("asked again in 600 s" if server == "dnsmasq" else "asked again in 86400 s")
    assert daemon.end() == 0


def test_another_server_that_takes_over_is_asked_by_rebind_and_its_lease_taken(lab: Lab, tmp_path: Path) -> None:
    """The first one's DUID is not the second one's, which does not answer a RENEW."""
    world = World(lab, tmp_path)
    serving = SERVERS["kea"](world.router, tmp_path, SHORT._replace(t2=6))
    daemon = world.daemon(leasing(PREFIX, ADDRESS))
    daemon.wait_output("complete\n")

    serving.end()
    SERVERS["dhcpd"](world.router, tmp_path, MOVED._replace(mac="02:00:00:00:05:02"))
    wait_until("the new address", lambda: any("::9" in one for one in addresses(world.host)), 60)

    assert until_leased(daemon, 2).startswith("2001:db8:0:1::9")
    assert daemon.end() == 0
