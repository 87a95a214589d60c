"""The client against servers that other people wrote."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from tests.clock import Clock
from tests.kernel.dhcp.servers import kea, kea_config, write_kea

from netstrata.contract import Revised, declaration_of
from netstrata.ports import DhcpOptions
from netstrata.statements.net.ipv4.dhcp import dhcp
from netstrata.system.dhcp import DhcpClients
from netstrata.system.dhcp.facts import read_link
from netstrata.system.dhcp.sockets import ETH_P_IP, open_packet_socket
from netstrata.values import List, Map, format_ipv4

if TYPE_CHECKING:
    from tests.kernel.dhcp.conftest import Wire

pytestmark = pytest.mark.kernel

QUICK = DhcpOptions(conflict_check="never")


class Ports:
    def __init__(self, wire: Wire) -> None:
        self.dhcp = DhcpClients(str(wire.directory / "state"))


def kea_of_seconds(router: str = "10.7.0.1") -> dict[str, Any]:
    """Leases of four seconds, and a second router."""
    data = [{"name": "routers", "data": f"{router}, 10.7.0.2"}, {"name": "domain-name", "data": "example.org"}]
    times = {"valid-lifetime": 4, "renew-timer": 1, "rebind-timer": 3}
    return kea_config(**times, **{"option-data": data})


def test_dnsmasq_grants_a_lease_within_half_a_second(wire: Wire) -> None:
    wire.dnsmasq("10.7.0.50", "10.7.0.50", "--dhcp-option=3,10.7.0.1,10.7.0.2", "--dhcp-option=6,10.7.0.53")

    async def story() -> None:
        leases = wire.leases(DhcpOptions(hostname=b"example"))
        clock = Clock()

        lease = await leases.lease()

        assert clock.seconds < 0.5
        assert format_ipv4(lease.address) == b"10.7.0.50"
        assert lease.prefix == 24
        assert lease.gateway == bytes((10, 7, 0, 1))
        assert lease.dns_servers == (bytes((10, 7, 0, 53)),)
        assert lease.server_mac.hex(":") == "02:00:00:00:05:01"
        assert lease.seconds == 120
        assert " example " in (wire.directory / "leases").read_text()
        await leases.close()

    asyncio.run(story())


def test_the_statement_shows_the_lease_as_programs_know_it(wire: Wire) -> None:
    said = (
        "3", "121,198.51.100.0/24,10.7.0.1", "26,1400", "42,10.7.0.1", "15,a.example b.example", "114,https://p.example/",
        "119,c.example,d.c.example", "200,74:72:75:65",
    )  # fmt: skip
    wire.dnsmasq("10.7.0.50", "10.7.0.50", *[f"--dhcp-option={each}" for each in said])
    declaration = declaration_of(dhcp)
    values = declaration.bind([b"eth0", List([b"hostname", b"example", b"auto_clientid"])])

    async def story() -> dict[str, Any]:
        async with aclosing(declaration.implementation(Ports(wire), *values)) as stream:
            found = await asyncio.wait_for(anext(stream), 60)
            assert isinstance(found, Revised)
            pairs = zip(declaration.variables, found.found, strict=True)
            return {variable.name: variable.shape.write(value) for variable, value in pairs}

    assert asyncio.run(story()) == {
        "addr": b"10.7.0.50",
        "prefix": b"24",
        "cidr_addr": b"10.7.0.50/24",
        "addresses": List([b"10.7.0.50/24"]),
        "prefixes": List([]),
        "server_duid": b"",
        "gateway": b"none",
        "dns_servers": List([]),
        "server_mac": b"02:00:00:00:05:01",
        "domain": b"a.example",
        "routes": List([List([b"198.51.100.0/24", b"10.7.0.1"])]),
        "mtu": b"1400",
        "ntp_servers": List([b"10.7.0.1"]),
        "search": List([b"c.example", b"d.c.example"]),
        "hostname": b"example",
        "captive_portal": b"https://p.example/",
        "options": Map(
            {
                b"1": b"\xff\xff\xff\0",
                b"12": b"example",
                b"15": b"a.example b.example",
                b"26": b"\x05\x78",
                b"28": b"\x0a\7\0\xff",
                b"42": b"\x0a\7\0\1",
                b"114": b"https://p.example/",
                b"119": b"\1c\7example\0\1d\xc0\0",
                b"121": b"\x18\xc6\x33\x64\x0a\7\0\1",
            }
        ),
    }
    wire.until(lambda: "DHCPRELEASE" in wire.log("dnsmasq"))


def test_dnsmasq_reads_what_a_client_says_of_itself_and_grants_what_it_asks_for(wire: Wire) -> None:
    wire.dnsmasq("10.7.0.50", "10.7.0.60", "--dhcp-option=200,74:72:75:65")
    long = b"x" * 200
    said = DhcpOptions(
        conflict_check="never", client_id=b"\0me", send=((77, b"FSVDSL"), (60, long)), request=bytes((1, 200, 51)),
        priority=5,
    )  # fmt: skip

    async def story() -> None:
        leases = wire.leases(said)
        lease = await leases.lease()

        assert (200, b"true") in lease.options
        assert lease.gateway is None  # which was not asked for
        await leases.close()

    asyncio.run(story())
    log = wire.log("dnsmasq")
    assert "user class: FSVDSL" in log
    assert f"vendor class: {long.decode()}" in log
    assert "requested options: 1:netmask, 200, 51:lease-time" in log
    wire.until(lambda: (wire.directory / "leases").read_text() == "")  # the RELEASE had the same client id


@pytest.mark.parametrize("priority", [0, 5, 6])
def test_packets_have_the_priority_that_is_wanted(wire: Wire, priority: int) -> None:
    with open_packet_socket(read_link("eth0").ifindex, ETH_P_IP, priority) as opened:
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY) == priority


def test_dnsmasq_takes_a_release(wire: Wire) -> None:
    wire.dnsmasq()

    async def story() -> None:
        leases = wire.leases(QUICK)
        await leases.lease()
        assert (wire.directory / "leases").read_text() != ""

        await leases.close()

        wire.until(lambda: (wire.directory / "leases").read_text() == "")

    asyncio.run(story())


def test_dnsmasq_confirms_the_address_of_a_client_that_was_killed(wire: Wire) -> None:
    wire.dnsmasq()

    async def killed() -> bytes:
        leases = wire.leases(QUICK)
        lease = await leases.lease()
        wire.here("ip", "link", "set", "eth0", "down")  # nothing can be released
        await leases.close()
        wire.here("ip", "link", "set", "eth0", "up")
        wire.wait_carrier()
        return lease.address

    async def restarted() -> bytes:
        return (await wire.leases(QUICK).lease()).address

    address = asyncio.run(killed())
    asked = wire.log("dnsmasq").count("DHCPDISCOVER(")  # twice, if the machine is so busy that it answers late

    assert asyncio.run(restarted()) == address
    assert wire.log("dnsmasq").count("DHCPDISCOVER(") == asked


def test_a_network_that_changed_meanwhile_says_nak_and_gives_another_address(wire: Wire) -> None:
    (wire.directory / "state").mkdir()
    (wire.directory / "state" / "eth0-020000000c01.lease").write_text("address 10.99.0.9\nexpires inf\n")
    wire.dnsmasq()

    async def story() -> None:
        lease = await wire.leases(QUICK).lease()

        assert lease.address[:3] == bytes((10, 7, 0))

    asyncio.run(story())
    assert "DHCPNAK" in wire.log("dnsmasq")


def test_dnsmasq_is_told_of_a_conflict(wire: Wire) -> None:
    wire.there("ip", "addr", "add", "10.7.0.50/32", "dev", "lo")  # dnsmasq does not look there, ARP does
    wire.dnsmasq("10.7.0.50", "10.7.0.50")

    async def story() -> None:
        waiting = asyncio.ensure_future(wire.leases().next())

        await asyncio.to_thread(wire.until, lambda: "DHCPDECLINE" in wire.log("dnsmasq"))

        assert not waiting.done()
        waiting.cancel()

    asyncio.run(story())


def test_kea_renews_a_lease_of_seconds_and_a_changed_router_is_a_new_lease(wire: Wire) -> None:
    child = kea(wire, kea_of_seconds())

    async def story() -> None:
        leases = wire.leases(QUICK)
        first = await leases.lease()
        wire.here("ip", "addr", "add", f"{format_ipv4(first.address).decode()}/24", "dev", "eth0")
        write_kea(wire, kea_of_seconds("10.7.0.3"))
        child.send_signal(signal.SIGHUP)

        second = await leases.lease()

        assert first.domain == b"example.org"
        router = bytes((10, 7, 0, 3))
        assert second == first._replace(gateway=router, routes=((bytes(4), 0, router),), options=second.options)
        assert (3, router + bytes((10, 7, 0, 2))) in second.options

    asyncio.run(story())


def test_when_kea_is_gone_the_lease_is_lost_at_its_end_and_comes_back_with_kea(wire: Wire) -> None:
    child = kea(wire, kea_of_seconds())

    async def story() -> None:
        leases = wire.leases(QUICK)
        since_before = Clock()
        first = await leases.lease()
        wire.stop(child)
        since_the_end_of_kea = Clock()

        lost = await leases.next()

        assert lost is None
        assert since_before.all_s >= 4
        assert since_the_end_of_kea.seconds < 5
        kea(wire, kea_of_seconds())
        assert (await leases.lease()).address == first.address

    asyncio.run(story())
