"""What real servers understand of what a client says of itself, and what they make of what it wishes.

dnsmasq 2.90, kea 2.2.0, ISC dhcpd 4.4.3-P1, udhcpd of busybox 1.35.  Overheard on the wire: the same DISCOVER for all.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.kernel.dhcp.servers import DHCPD, UDHCPD, Overheard, dhcpd, kea, kea_config, udhcpd

from netstrata.ports import DhcpOptions

if TYPE_CHECKING:
    import subprocess

    from tests.kernel.dhcp.conftest import Wire

pytestmark = pytest.mark.kernel

SERVERS = ("dnsmasq", "kea", "dhcpd", "udhcpd")
QUICK = DhcpOptions(conflict_check="never")
DEBUG = [
    {"name": "kea-dhcp4", "severity": "DEBUG", "debuglevel": 99, "output_options": [{"output": "stdout"}]},
]
TOLD_BY_DHCPD = """
on commit {
  log(info, concat("vendor ", option vendor-class-identifier, ", user ", binary-to-ascii(16, 8, "", option user-class),
    ", id ", binary-to-ascii(16, 8, "", substring(option dhcp-client-identifier, 0, 5)), ", name ", option fqdn.fqdn));
}
"""


def serve(wire: Wire, server: str, ipv6_only: int = 0) -> subprocess.Popen[bytes]:
    """Start a server that says for how long it prefers IPv6 alone, if it does."""
    if server == "dnsmasq":
        return wire.dnsmasq("10.7.0.50", "10.7.0.60", *([f"--dhcp-option=108,{ipv6_only}"] if ipv6_only else []))
    if server == "kea":
        options = [{"name": "v6-only-preferred", "data": str(ipv6_only)}] if ipv6_only else []
        return kea(wire, kea_config(loggers=DEBUG, **{"option-data": options}))
    if server == "dhcpd":
        known = f"option ipv6-only code 108 = unsigned integer 32; option ipv6-only {ipv6_only};" if ipv6_only else ""
        return dhcpd(wire, known + TOLD_BY_DHCPD + DHCPD)
    return udhcpd(wire, UDHCPD + (f"option 0x6c {ipv6_only:08x}\n" if ipv6_only else ""))


def log_of(wire: Wire, server: str) -> str:
    return wire.log({"kea": "kea-dhcp4", "udhcpd": "busybox"}.get(server, server))


SEEN = {
    "dnsmasq": ["vendor class: vend\n", "user class: guestkiosk\n", "client provides name: host.example.org\n"],
    "kea": ["VENDOR_CLASS_vend", "(N=0, E=1, O=0, S=1), domain-name='host.example.org.' (full)", "cid=[ff:f5:b9:c9"],
    "dhcpd": ["vendor vend, user 5677565737456b696f736b, id fff5b9c9a2, name host.example.org\n"],
    "udhcpd": [],  # says nothing of it
}  # fmt: skip


@pytest.mark.parametrize("server", SERVERS)
def test_servers_understand_who_asks(wire: Wire, server: str) -> None:
    overheard = Overheard(wire)
    serve(wire, server)
    said = QUICK._replace(
        fqdn=b"host.example.org", vendor_class=b"vend", user_class=(b"guest", b"kiosk"), client_id=b"duid", broadcast=1
    )

    async def story() -> None:
        leases = wire.leases(said)
        await leases.lease()
        await leases.close()

    asyncio.run(story())
    asked = overheard.messages(1)[0]
    overheard.close()
    assert asked.flags == 0x8000
    assert (asked.options[60], asked.options[77]) == (b"vend", b"\5guest\5kiosk")
    assert asked.options[81] == b"\5\0\0\4host\7example\3org\0"
    assert asked.options[61] == b"\xff\xf5\xb9\xc9\xa2\0\3\0\1" + bytes.fromhex("020000000c01")
    wire.until(lambda: [seen for seen in SEEN[server] if seen not in log_of(wire, server)] == [])


@pytest.mark.parametrize(("server", "granted"), [("dnsmasq", 120), ("kea", 300), ("dhcpd", 300), ("udhcpd", 300)])
def test_a_lease_is_as_long_as_wished_where_the_server_lets_it_be(wire: Wire, server: str, granted: int) -> None:
    """To dnsmasq the time of its range is the most; kea grants what is wished if it is told of a least and a most."""
    if server == "kea":
        kea(wire, kea_config(**{"min-valid-lifetime": 60, "max-valid-lifetime": 6000}))
    else:
        serve(wire, server)

    async def story() -> None:
        leases = wire.leases(QUICK._replace(lease_time=300))
        assert (await leases.lease()).seconds == granted
        await leases.close()

    asyncio.run(story())


@pytest.mark.parametrize("server", SERVERS)
def test_no_address_is_taken_where_ipv6_alone_is_preferred_and_the_host_can_do_with_that(
    wire: Wire, server: str
) -> None:
    overheard = Overheard(wire)
    serve(wire, server, 1800)
    line = "dhcp: 10.7.0.1 prefers IPv6 alone in this network (option 108); next in 1800 s"

    async def story() -> None:
        leases = wire.leases(QUICK._replace(ipv6_only=1))
        waiting = asyncio.ensure_future(leases.next())
        await asyncio.to_thread(wire.until, lambda: line in wire.told.lines)
        assert not waiting.done()
        waiting.cancel()

    asyncio.run(story())
    assert overheard.messages(3) == []
    overheard.close()


@pytest.mark.parametrize("server", SERVERS)
def test_who_does_not_say_that_he_can_do_without_gets_an_address_there(wire: Wire, server: str) -> None:
    serve(wire, server, 1800)

    async def story() -> None:
        leases = wire.leases(QUICK)
        lease = await leases.lease()
        assert lease.address[:3] == bytes((10, 7, 0))
        await leases.close()

    asyncio.run(story())


@pytest.mark.parametrize("server", ["dnsmasq", "kea", "dhcpd"])
@pytest.mark.parametrize("client_id", [b"mac", b"duid", b"\0text"])
def test_a_lease_is_given_back_by_the_name_it_was_taken_in(wire: Wire, server: str, client_id: bytes) -> None:
    serve(wire, server)
    freed = {"dnsmasq": "DHCPRELEASE", "kea": "released properly", "dhcpd": "(found)"}

    async def story() -> None:
        leases = wire.leases(QUICK._replace(client_id=client_id))
        await leases.lease()
        await leases.close()

    asyncio.run(story())
    wire.until(lambda: freed[server] in log_of(wire, server))
